package campaignmonitor_test

import (
	"context"
	"slices"
	"testing"
	"time"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/egress/egresstest"
)

// No shape of answer passes for a done write, lets a key out, or holds a connection.
func TestAServiceThatMisbehavesOnTheWireIsAnErrorAndIsLeft(t *testing.T) {
	t.Parallel()
	all, trap := egresstest.All(t)
	for _, h := range all {
		t.Run(h.Name, func(t *testing.T) {
			t.Parallel()
			web := egress.Client(egress.Policy{AllowHTTP: true, AllowPrivate: true}, egress.Options{})
			defer web.CloseIdleConnections()
			c := newClient(t, cm.Options{BaseURL: h.URL, HTTP: web})
			for _, m := range methods() {
				if !slices.Contains([]string{cm.OpSubscriberRead, cm.OpSubscribersRead, cm.OpUpdate, cm.OpImport, cm.OpDelete}, m.op) {
					continue
				}
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				err := m.call(ctx, c)
				cancel()
				if cm.KindOf(err) == cm.None {
					t.Errorf("%s: %v", m.op, err)
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
