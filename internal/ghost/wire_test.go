package ghost_test

import (
	"context"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/egress/egresstest"
	"github.com/ghostcm/ghostcm/internal/ghost"
)

// patient ends a call that nothing else ends, as a worker's time for a job does.
const patient = 300 * time.Millisecond

// No shape of answer makes a member vanish, lets a key out, or holds a connection.
func TestAGhostThatMisbehavesOnTheWireIsAnErrorAndIsLeft(t *testing.T) {
	t.Parallel()
	all, trap := egresstest.All(t)
	for _, h := range all {
		t.Run(h.Name, func(t *testing.T) {
			t.Parallel()
			web := egress.Client(egress.Policy{AllowHTTP: true, AllowPrivate: true}, egress.Options{})
			defer web.CloseIdleConnections()
			c := newClient(t, ghost.Options{URL: h.URL, HTTP: web})
			for _, name := range []string{"site", "member", "members", "grant tier"} {
				ctx, cancel := context.WithTimeout(t.Context(), patient)
				err := calls()[name](ctx, c)
				cancel()
				switch kindOf(err) {
				case ghost.Transient, ghost.Unreadable, ghost.Redirected, ghost.RateLimited:
				default:
					t.Errorf("%s: %v is %q", name, err, kindOf(err))
				}
			}
			h.HungUp()
			if sent := h.Sent(); sent > 128<<20 {
				t.Errorf("it could send %d MiB", sent>>20)
			}
			if trap.Came() != 0 {
				t.Error("the redirect was followed")
			}
		})
	}
}
