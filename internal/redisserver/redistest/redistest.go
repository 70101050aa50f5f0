// Package redistest gives a test a real redis-server of its own, on a unix socket
// in a short temporary directory, so that tests need no port and no common server
// and can kill, freeze and restart what they talk to.
//
// It promises that the server is gone when the test is. Without redis-server
// installed a test is skipped, or fails when GHOSTCM_REQUIRE_REDIS=1, so that CI
// cannot pass by skipping.
package redistest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/redisserver"
)

const patience = time.Minute // for a start or a stop, on a busy machine

// Server is a redis-server that belongs to one test. Its methods may be used by
// that test's goroutine only.
type Server struct {
	t      testing.TB
	binary string
	dir    string
	args   []string
	proc   *redisserver.Process
	out    *output
}

// Option changes how a server is started.
type Option func(*Server)

// AOF makes every acknowledged write survive Kill and Restart.
func AOF() Option {
	return Args("--appendonly", "yes", "--appendfsync", "always")
}

// Args adds arguments of redis-server. Later ones win.
func Args(args ...string) Option {
	return func(s *Server) { s.args = append(s.args, args...) }
}

// Start starts a server and returns its URL, unix:///…/redis.sock. The test's
// cleanup ends it.
func Start(t testing.TB, opts ...Option) string {
	t.Helper()
	return New(t, opts...).URL()
}

// New starts a server for a test that wants to do things to it.
func New(t testing.TB, opts ...Option) *Server {
	t.Helper()
	binary := requireBinary(t)
	// Not t.TempDir: its names hold the test's, and a socket's path must stay
	// under 104 bytes.
	dir, err := os.MkdirTemp("/tmp", "gcm")
	if err != nil {
		t.Fatalf("make a directory for redis-server: %v", err)
	}
	s := &Server{t: t, binary: binary, dir: dir, out: new(output)}
	s.args = []string{
		"--port", "0", "--unixsocket", s.Socket(), "--unixsocketperm", "600",
		"--dir", dir, "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction",
	}
	for _, opt := range opts {
		opt(s)
	}
	t.Cleanup(s.cleanup)
	s.Restart()
	return s
}

func requireBinary(t testing.TB) string {
	t.Helper()
	binary, err := redisserver.FindBinary()
	switch {
	case err == nil:
	case os.Getenv("GHOSTCM_REQUIRE_REDIS") == "1":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return binary
}

// URL is the server's address for REDIS_URL. It stays the same over restarts.
func (s *Server) URL() string { return "unix://" + s.Socket() }

// Socket is the path of the server's unix socket.
func (s *Server) Socket() string { return filepath.Join(s.dir, "redis.sock") }

// Dir is where the server keeps its files.
func (s *Server) Dir() string { return s.dir }

// Restart starts the server, which must not be running, and waits until it
// takes commands.
func (s *Server) Restart() {
	s.t.Helper()
	s.Launch()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := redisserver.WaitReady(ctx, s.Socket(), s.proc); err != nil {
		s.t.Fatalf("%v; it printed:\n%s", err, s.out.String())
	}
}

// Launch is Restart without the waiting, for a test of what happens meanwhile.
func (s *Server) Launch() {
	s.t.Helper()
	proc, err := redisserver.Launch(s.binary, s.args, s.out)
	if err != nil {
		s.t.Fatal(err)
	}
	s.proc = proc
}

// Stop ends the server in good order, as a restart of its service would.
func (s *Server) Stop() {
	s.t.Helper()
	s.end(syscall.SIGTERM)
}

// Kill ends the server at once, as a crash would.
func (s *Server) Kill() {
	s.t.Helper()
	s.end(syscall.SIGKILL)
}

// Freeze stops the server from answering, without closing a connection.
func (s *Server) Freeze() {
	s.t.Helper()
	s.signal(syscall.SIGSTOP)
}

// Thaw lets a frozen server go on.
func (s *Server) Thaw() {
	s.t.Helper()
	s.signal(syscall.SIGCONT)
}

func (s *Server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.proc.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) end(sig os.Signal) {
	s.t.Helper()
	s.signal(sig)
	select {
	case <-s.proc.Done():
	case <-time.After(patience):
		s.t.Fatalf("redis-server does not end; it printed:\n%s", s.out.String())
	}
}

func (s *Server) cleanup() {
	if s.proc != nil {
		s.Kill()
	}
	if err := os.RemoveAll(s.dir); err != nil {
		s.t.Errorf("remove redis-server's directory: %v", err)
	}
}

// output keeps what the server printed, for the message of a failed test.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
