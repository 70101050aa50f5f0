package reconcile_test

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// BenchmarkSync is a whole initial sync, and a second run that finds nothing to
// do, against the simulators without delay and a real Redis. The seed's way made
// two calls to Campaign Monitor for each member.
func BenchmarkSync(b *testing.B) {
	const n = 20_000
	w := newWorld(b, worldOptions{})
	w.populate(n)
	for b.Loop() {
		w.list.SetDelay(0)
		began := time.Now()
		first, err := w.engine.Run(b.Context(), reconcile.Request{Site: w.site})
		if err != nil || first.Members != n {
			b.Fatal(err, first)
		}
		took := time.Since(began)
		writes := w.list.WriteCount()
		began = time.Now()
		second, err := w.engine.Run(b.Context(), reconcile.Request{Site: w.site})
		if err != nil || second.Changed() != 0 || w.list.WriteCount() != writes {
			b.Fatal(err, second)
		}
		b.ReportMetric(float64(n)/took.Seconds(), "initial-members/s")
		b.ReportMetric(float64(n)/time.Since(began).Seconds(), "second-members/s")
		b.ReportMetric(float64(first.Calls), "calls")
		b.ReportMetric(2*n/float64(first.Calls), "seed-calls/call")
	}
}
