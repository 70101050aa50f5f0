package provider_test

import (
	"context"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/egress/egresstest"
	"github.com/ghostcm/ghostcm/internal/provider"
)

// No shape of answer makes a purchase genuine, lets a key out, or holds a connection.
func TestAProviderThatMisbehavesOnTheWireSaysNothingAndIsLeft(t *testing.T) {
	t.Parallel()
	all, trap := egresstest.All(t)
	for _, h := range all {
		t.Run(h.Name, func(t *testing.T) {
			t.Parallel()
			web := egress.Client(egress.Policy{AllowHTTP: true, AllowPrivate: true}, egress.Options{})
			defer web.CloseIdleConnections()
			for _, q := range questions(t) {
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				err := q.call(ctx, transports{http: web, url: h.URL})
				cancel()
				if provider.KindOf(err) == provider.None {
					t.Errorf("%s: %v is taken for a verdict", q.op, err)
				}
				mustNotLeak(t, q.op, err)
			}
			h.HungUp()
			if sent := h.Sent(); sent > 64<<20 {
				t.Errorf("it could send %d MiB", sent>>20)
			}
			if trap.Came() != 0 {
				t.Error("the redirect was followed")
			}
		})
	}
}
