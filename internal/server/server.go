// Package server is the front door: it listens, routes, and shuts in order. It
// is for the serve command, which connects it with the webhooks' handlers and
// with whoever knows the state of the queue. It promises that every request in
// flight is answered before it ends, that no request holds a connection for
// ever, that no path ever redirects, that a panic costs one request, and that
// the address of a client is believed only from proxies that are trusted. It
// leaves to the handlers what their requests mean, and who may make them.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

// Options configures New. All of it may be left out; a nil handler's paths
// answer 404.
type Options struct {
	// Webhooks are the handlers of /webhook/{kind}/…, by kind. They get the path
	// as it came and must not redirect.
	Webhooks map[string]http.Handler
	// Dashboard answers /dashboard and below. For a stream without end it lifts
	// the deadline of its connection with http.ResponseController.
	Dashboard http.Handler
	// Favicon answers /favicon.ico, which browsers ask for by themselves.
	Favicon http.Handler
	// Metrics answers /metrics, for those who know MetricsToken ("": for all).
	Metrics      http.Handler
	MetricsToken string

	// Vitals tells how Redis, the queue and the workers are; nil: unknown, which
	// is degraded and not ready.
	Vitals VitalsSource
	Sites  []string // configured, for /health

	Log *slog.Logger     // nil: no records
	Now func() time.Time // nil: time.Now

	Timeouts       Timeouts
	MaxConnections int // at once; more wait to be accepted; 0: 2048
	MaxPerClient   int // of them from one address (IPv6: one /64); more are closed at once; 0: 128
	// TrustedProxies may have any number, as may this machine's own clients.
	TrustedProxies []netip.Prefix
}

func (o Options) withDefaults() Options {
	o.Timeouts = o.Timeouts.withDefaults()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Timeouts bounds what a connection may take. Zero values are replaced by the defaults.
type Timeouts struct {
	ReadHeader time.Duration // 3 s: Ghost gives up after 2
	Read       time.Duration // 10 s, head and body; handlers may want it shorter
	Write      time.Duration // 30 s, from the end of the head
	Idle       time.Duration // 120 s: longer than clients keep connections, so that they close first and lose no request
	Drain      time.Duration // 25 s, to answer what is in flight at the end
	Vitals     time.Duration // 300 ms, to ask Redis for /health and /readyz
}

func (t Timeouts) withDefaults() Timeouts {
	t.ReadHeader = orElse(t.ReadHeader, 3*time.Second)
	t.Read = orElse(t.Read, 10*time.Second)
	t.Write = orElse(t.Write, 30*time.Second)
	t.Idle = orElse(t.Idle, 120*time.Second)
	t.Drain = orElse(t.Drain, 25*time.Second)
	t.Vitals = orElse(t.Vitals, 300*time.Millisecond)
	return t
}

func orElse[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// Server answers HTTP on one listener.
type Server struct {
	http     http.Server
	log      *slog.Logger
	drain    time.Duration
	capacity *capacity
	router   atomic.Pointer[router]
}

// New makes a server that does not listen yet.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{log: o.Log, drain: o.Timeouts.Drain, capacity: newCapacity(o)}
	s.router.Store(newRouter(o))
	newest := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.router.Load().ServeHTTP(w, r) })
	s.http = http.Server{
		Handler:           received(guard(thrifty(newest, s.capacity.scarce), o.Log)),
		ConnContext:       s.capacity.arriving.context,
		ReadHeaderTimeout: o.Timeouts.ReadHeader,
		ReadTimeout:       o.Timeouts.Read,
		WriteTimeout:      o.Timeouts.Write,
		IdleTimeout:       o.Timeouts.Idle,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(newLibraryLines(o.Log.Handler(), o.Now), slog.LevelWarn),
		// Else OPTIONS * would be answered by the library.
		DisableGeneralOptionsHandler: true,
	}
	return s
}

// Serve answers requests on ln until ctx ends. Then it accepts no more, answers
// what is in flight within Timeouts.Drain, and returns nil; what is not answered
// by then is cut, which is an error. It closes ln.
//
// A connection that waits unaccepted in the system when ln closes is refused,
// unless another process holds the same socket, as systemd does.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ln = capped(ln, s.capacity)
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(ln) }()
	s.log.Info("server.listening", slog.String("address", ln.Addr().String()))
	select {
	case err := <-served:
		return fmt.Errorf("accept connections: %w", err)
	case <-ctx.Done():
	}
	s.log.Info("server.draining", slog.Float64("at_most_seconds", s.drain.Seconds()))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drain)
	defer cancel()
	_ = ln.Close()
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		return errors.Join(err, s.shut(ctx))
	}
	return s.shut(ctx)
}

// arrivalPatience is for connections that bring nothing: after it Ghost has given up.
const arrivalPatience = 2 * time.Second

func (s *Server) shut(ctx context.Context) error {
	s.capacity.arriving.wait(ctx, arrivalPatience)
	if s.http.Shutdown(ctx) == nil {
		return nil
	}
	return errors.Join(errors.New("requests were still in flight at the end of the drain time, and were cut"), s.http.Close())
}
