package ghosttest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is one Ghost site. It is an http.Handler and safe for concurrent use.
type Server struct {
	opts   Options
	key    key
	done   chan struct{} // closed when the server closes, to end delayed requests
	stop   sync.Once
	http   *http.Server
	served chan error
	addr   string
	zips   sync.Pool // of *gzip.Writer

	mu         sync.Mutex // guards everything below
	site       site
	random     *rand.Rand
	ids        idMaker
	requests   map[string]int
	delay      time.Duration
	down       bool
	stripe     bool // connected
	deaf       bool // to changes of tiers
	mails      []Mail
	faults     Faults
	nextFaults []Fault
	hooks      hooks
	sending    int        // webhooks on their way
	idle       *sync.Cond // told when sending becomes 0
}

// New returns a site without members, which does not listen yet. It panics if
// the key of the options is none, which only a mistake in a program can cause.
func New(o Options) *Server {
	o = o.withDefaults()
	k, err := parseKey(o.Key)
	if err != nil {
		panic(err)
	}
	s := &Server{
		opts: o, key: k, done: make(chan struct{}),
		delay: o.Delay, faults: o.Faults, stripe: o.Stripe,
		random:   rand.New(rand.NewPCG(o.Seed, o.Seed)),
		requests: map[string]int{},
	}
	s.zips.New = newZip
	s.idle = sync.NewCond(&s.mu)
	s.ids = newIDMaker(s.random, o.Now)
	s.site = newSite(o.Title, &s.ids)
	return s
}

// Start listens on a free port of the loopback interface.
func (s *Server) Start() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("ghost simulator: %w", err)
	}
	s.addr = l.Addr().String()
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet}
	s.served = make(chan error, 1)
	go func() { s.served <- s.http.Serve(l) }()
	return nil
}

// URL is the address of the site; empty before Start.
func (s *Server) URL() string {
	if s.addr == "" {
		return ""
	}
	return "http://" + s.addr
}

// AdminKey is the Admin API key that the server takes.
func (s *Server) AdminKey() string { return s.opts.Key }

// Close ends delayed requests, closes every connection, and waits for the
// listener and for webhooks on their way.
func (s *Server) Close() error {
	s.stop.Do(func() { close(s.done) })
	s.Flush()
	s.opts.HTTP.CloseIdleConnections()
	if s.http == nil {
		return nil
	}
	err := s.http.Close()
	if e := <-s.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	s.served <- http.ErrServerClosed
	return err
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

// SetDelay makes every request from now on wait before it is answered.
func (s *Server) SetDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// SetFaults replaces the random faults; the seed stays the one of the options.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// FailNext makes the next requests fail, one fault each, before any random one.
func (s *Server) FailNext(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextFaults = append(s.nextFaults, faults...)
}

// Heal forgets the faults that FailNext was told and that have not happened yet.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextFaults = nil
}

// Requests counts the requests so far by method and route, such as
// "GET /members/:id/", including those that failed.
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// trouble decides what goes wrong with a request, and how long it takes.
func (s *Server) trouble() (fault Fault, failed bool, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.down:
		return Fault{Status: http.StatusServiceUnavailable, Body: "<html>503 Service Unavailable</html>"}, true, s.delay
	case len(s.nextFaults) > 0:
		fault, s.nextFaults = s.nextFaults[0], s.nextFaults[1:]
		return fault, true, s.delay + fault.Delay
	case s.faults.Probability > 0 && s.random.Float64() < s.faults.Probability:
		kinds := s.faults.Kinds
		if len(kinds) == 0 {
			kinds = []Fault{{Status: http.StatusInternalServerError}, {}}
		}
		fault = kinds[s.random.IntN(len(kinds))]
		return fault, true, s.delay + fault.Delay
	}
	return Fault{}, false, s.delay
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

// now is Ghost's time; its database keeps whole seconds.
func (s *Server) now() time.Time { return s.opts.Now().UTC().Truncate(time.Second) }
