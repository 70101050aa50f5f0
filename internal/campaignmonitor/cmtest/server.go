package cmtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is one Campaign Monitor account. It is an http.Handler and safe for
// concurrent use.
type Server struct {
	opts    Options
	routes  *http.ServeMux
	done    chan struct{} // closed when the server closes, to end hanging requests
	stop    sync.Once
	stopErr error
	http    *http.Server
	served  chan error
	addr    string

	sending sync.Mutex     // held while webhooks are sent, to keep their order
	working sync.WaitGroup // requests

	mu           sync.Mutex // guards everything below
	lists        []*list
	suppressed   map[string]map[string]time.Time // client → address key → since
	consent      map[string]map[string]string    // client → address key → Yes or No
	queue        []queued
	outbox       []outgoing
	ids          int
	closed       bool // takes no more requests
	down         bool
	delay        time.Duration
	faults       Faults
	nextFaults   []Fault
	random       *rand.Rand
	accountTimes []time.Time
	writeTimes   map[string][]time.Time
	record       record
}

// New returns a server that does not listen yet.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{
		opts: o, done: make(chan struct{}), delay: o.Delay, faults: o.Faults,
		random:     rand.New(rand.NewPCG(o.Faults.Seed, o.Faults.Seed)),
		suppressed: map[string]map[string]time.Time{}, consent: map[string]map[string]string{},
		writeTimes: map[string][]time.Time{}, record: newRecord(),
	}
	s.routes = s.newRoutes()
	return s
}

// Start listens on a free port of the loopback interface.
func (s *Server) Start() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("campaign monitor simulator: %w", err)
	}
	s.addr = l.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	s.served = make(chan error, 1)
	go func() { s.served <- s.http.Serve(l) }()
	return nil
}

// URL is the base address with the API's version; empty before Start.
func (s *Server) URL() string {
	if s.addr == "" {
		return ""
	}
	return "http://" + s.addr + "/api/v3.3"
}

// Close ends hanging requests, closes every connection and waits until no
// request is worked on and no webhook is being sent. Closing twice is closing once.
func (s *Server) Close() error {
	s.stop.Do(func() { s.stopErr = s.shut() })
	return s.stopErr
}

func (s *Server) shut() error {
	close(s.done)
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	if s.http == nil {
		s.working.Wait()
		return nil
	}
	err := s.http.Close() // first, for it ends the reading of unfinished requests
	s.working.Wait()
	if e := <-s.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// begin counts a request as worked on, unless the server is closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.working.Add(1)
	return true
}

// TB is what Run needs of a *testing.T.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Run starts a server that closes when the test ends.
func Run(t TB, o Options) *Server {
	t.Helper()
	s := New(o)
	if err := s.Start(); err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// SetDown makes every request fail with a proxy's 503, or ends that.
func (s *Server) SetDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// SetDelay makes every request from now on wait before it is worked on.
func (s *Server) SetDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// SetFaults replaces the probability and the kinds of random faults; the seed
// stays the one of the options.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(f.Kinds) == 0 {
		f.Kinds = s.faults.Kinds
	}
	s.faults = f
}

// FailNext makes the next requests fail, one fault each, before any random one.
func (s *Server) FailNext(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextFaults = append(s.nextFaults, faults...)
}

// wait waits for d, or until the client or the server gives up.
func (s *Server) wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-s.done:
	}
}

func (s *Server) hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.done:
	}
}

// now is the client's local time; the API has no fractions of a second.
func (s *Server) now() time.Time { return s.opts.Now().In(s.opts.Zone).Truncate(time.Second) }
