package server

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// arrivals counts the connections that were accepted and have not brought their
// first request to its handler. The library's Shutdown cuts those, and what they
// were about to send is lost: a webhook that had been let in.
type arrivals struct{ under atomic.Int64 }

type arrivalKey struct{}

// arrival is one connection on its way to its first request. It is over once.
type arrival struct {
	all  *arrivals
	over atomic.Bool
}

func (a *arrivals) begin() *arrival {
	a.under.Add(1)
	return &arrival{all: a}
}

func (a *arrival) end() {
	if !a.over.Swap(true) {
		a.all.under.Add(-1)
	}
}

// context is for http.Server.ConnContext.
func (a *arrivals) context(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := conn.(*cappedConn); ok {
		return context.WithValue(ctx, arrivalKey{}, c.arrival)
	}
	return ctx
}

// received ends a connection's arrival with the first of its requests.
func received(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a, ok := r.Context().Value(arrivalKey{}).(*arrival); ok {
			a.end()
		}
		next.ServeHTTP(w, r)
	})
}

// wait returns when nothing is on its way, or after patience.
func (a *arrivals) wait(ctx context.Context, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for a.under.Load() > 0 {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
