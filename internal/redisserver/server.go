package redisserver

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Options say how a server is run.
type Options struct {
	// Dir keeps its data, 0700; made when missing. Required.
	Dir string
	// Binary is redis-server or valkey-server; empty looks for one (FindBinary).
	Binary string
	// Log gets redis.ready, redis.exited and, at debug, what the server prints;
	// nil discards.
	Log *slog.Logger
	// StopTimeout is how long the server may take to write its data before Stop
	// kills it; 0 is 10 s. The context of Stop bounds it too.
	StopTimeout time.Duration
	// MinBackoff is the pause before the first restart; it doubles up to 5 s
	// while the server keeps dying. 0 is 100 ms.
	MinBackoff time.Duration
}

const (
	maxBackoff  = 5 * time.Second
	healthyLife = 30 * time.Second // after which a death is a first one again
)

// Server is a redis-server that is kept running until Stop.
type Server struct {
	opts   Options
	socket string
	locks  *locks
	out    *output

	stop    sync.Once
	quit    chan struct{} // closed by Stop
	stopped chan struct{} // closed when the supervisor has returned
	procs   chan *Process // holds the living process, if there is one
}

// Start runs a server on opts.Dir and returns when it takes commands. ctx bounds
// the start, which includes loading the data, and nothing after it. Errors:
// ErrNoBinary, ErrInUse, or what the server said before it died.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if err := opts.fill(); err != nil {
		return nil, err
	}
	socket := SocketPath(opts.Dir)
	for _, dir := range []string{opts.Dir, filepath.Dir(socket)} {
		if err := makePrivate(dir); err != nil {
			return nil, err
		}
	}
	held, err := acquire(ctx, opts.Dir, socket)
	if err != nil {
		return nil, err
	}
	s := &Server{
		opts: opts, socket: socket, locks: held, out: &output{log: opts.Log},
		quit: make(chan struct{}), stopped: make(chan struct{}), procs: make(chan *Process, 1),
	}
	proc, err := s.launch(ctx)
	if err != nil {
		held.release()
		return nil, err
	}
	s.procs <- proc
	go s.supervise(proc) //nolint:gosec // G118: ctx bounds the start only; Stop ends the supervisor
	return s, nil
}

func (o *Options) fill() error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.StopTimeout == 0 {
		o.StopTimeout = 10 * time.Second
	}
	if o.MinBackoff == 0 {
		o.MinBackoff = 100 * time.Millisecond
	}
	abs, err := filepath.Abs(o.Dir)
	if err != nil {
		return fmt.Errorf("find redis-server's directory: %w", err)
	}
	o.Dir = abs
	if o.Binary == "" {
		o.Binary, err = FindBinary()
	}
	return err
}

// URL is the address for REDIS_URL. It stays the same over restarts.
func (s *Server) URL() string { return "unix://" + s.socket }

// launch starts one process and waits until it takes commands.
func (s *Server) launch(ctx context.Context) (*Process, error) {
	// A socket that a killed server left makes the next one fail to bind; the
	// lock says that nobody listens on it.
	if err := os.Remove(s.socket); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("remove a left-over socket: %w", err)
	}
	proc, err := Launch(s.opts.Binary, arguments(s.opts.Dir, s.socket), s.out, s.locks.server)
	if err != nil {
		return nil, err
	}
	if err := WaitReady(ctx, s.socket, proc); err != nil {
		_ = proc.Signal(syscall.SIGKILL)
		<-proc.Done()
		return nil, fmt.Errorf("start redis-server in %s: %w; it said: %s", s.opts.Dir, err, s.out.last())
	}
	s.out.ready()
	s.opts.Log.LogAttrs(ctx, slog.LevelInfo, "redis.ready", slog.Int("pid", proc.Pid()), slog.String("socket", s.socket))
	return proc, nil
}

func arguments(dir, socket string) []string {
	return []string{
		"--port", "0", "--unixsocket", socket, "--unixsocketperm", "600",
		"--dir", dir, "--daemonize", "no", "--save", "",
		"--appendonly", "yes", "--appendfsync", "everysec",
		// A queue must refuse, never forget.
		"--maxmemory-policy", "noeviction",
	}
}

// Stop lets the server write its data and ends it; at StopTimeout, or when ctx
// ends, it is killed, which loses at most the last second. It returns when no
// process is left, with an error if it had to kill. A second Stop does nothing.
func (s *Server) Stop(ctx context.Context) error {
	var err error
	s.stop.Do(func() {
		close(s.quit)
		<-s.stopped
		select {
		case proc := <-s.procs:
			err = s.end(ctx, proc)
		default:
		}
		s.removeSocket()
		s.locks.release()
	})
	return err
}

func (s *Server) end(ctx context.Context, proc *Process) error {
	ctx, cancel := context.WithTimeout(ctx, s.opts.StopTimeout)
	defer cancel()
	if err := proc.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-proc.Done():
		return nil
	case <-ctx.Done():
	}
	if err := proc.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-proc.Done()
	return fmt.Errorf("stop redis-server: killed: %w", ctx.Err())
}

func (s *Server) removeSocket() {
	_ = os.Remove(s.socket) // a server that ended in good order removed it itself
	if dir := filepath.Dir(s.socket); dir != s.opts.Dir {
		_ = os.Remove(dir)
	}
}
