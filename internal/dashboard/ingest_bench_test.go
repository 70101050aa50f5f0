package dashboard_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// BenchmarkAcceptWithPagesOpen takes webhooks with no page of the dashboard open,
// with one, and with ten: the difference is what looking costs.
func BenchmarkAcceptWithPagesOpen(b *testing.B) {
	for _, pages := range []int{0, 1, 10} {
		b.Run(fmt.Sprintf("pages=%d", pages), func(b *testing.B) {
			r := newRig(b)
			v := r.visitor().signIn()
			for i := range pages {
				v.listen([]string{"/dashboard/live/overview", "/dashboard/live/activity"}[i%2], "")
			}
			r.ghost.HoldWebhooks(true)
			for i := range 200 {
				if _, err := r.ghost.AddMember(ghosttest.Member{Email: fmt.Sprintf("m%d@example.org", i)}); err != nil {
					b.Fatal(err)
				}
			}
			hooks, n := r.ghost.TakeWebhooks(), 0
			for b.Loop() {
				status, err := r.ghost.Send(b.Context(), hooks[n%len(hooks)])
				if err != nil || status != http.StatusAccepted {
					b.Fatalf("answered %d, %v", status, err)
				}
				n++
			}
		})
	}
}
