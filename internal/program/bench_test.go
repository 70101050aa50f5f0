package program_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// BenchmarkIdleEventToCall measures how long the call to Campaign Monitor comes
// after the webhook, one event at a time on a program that has nothing else to
// do. The target is 10 ms for 99 of 100.
func BenchmarkIdleEventToCall(b *testing.B) {
	for _, noAdmin := range []bool{true, false} {
		b.Run(map[bool]string{false: "re-reading", true: "webhooks-alone"}[noAdmin], func(b *testing.B) {
			r := newRig(b, rigOptions{noAdmin: noAdmin, quiet: true})
			site := r.sites[0]
			site.HoldWebhooks(true)
			sent := map[string]time.Time{}
			for b.Loop() {
				email := fmt.Sprintf("member.%d@example.org", len(sent))
				if _, err := site.AddMember(ghosttest.Member{Email: email}); err != nil {
					b.Fatal(err)
				}
				hook := site.TakeWebhooks()[0]
				r.eventually("idle", 10*time.Second, r.idle)
				sent[email] = time.Now()
				if status, err := site.Send(b.Context(), hook); status != 202 || err != nil {
					b.Fatalf("answered %d, %v", status, err)
				}
				r.eventually("done", 10*time.Second, r.settled)
			}
			b.ReportMetric(0, "ns/op") // of the whole round, which nobody waits for
			report(b, r.delays(sent))
		})
	}
}

// idle says what the program still has to do.
func (r *rig) idle() string {
	s, err := r.Queue.Stats(r.t.Context())
	if err != nil {
		return err.Error()
	}
	if s.Depth+s.Running+s.Retrying > 0 {
		return fmt.Sprintf("it is not: %+v", s)
	}
	return ""
}

// delays returns how long each address' first call came after its webhook, in order.
func (r *rig) delays(sent map[string]time.Time) []time.Duration {
	first := map[string]time.Time{}
	for _, request := range r.list.Requests() {
		for _, email := range request.Emails {
			if _, later := first[email]; !later {
				first[email] = request.At
			}
		}
	}
	var delays []time.Duration
	for email, at := range sent {
		delays = append(delays, first[email].Sub(at))
	}
	slices.Sort(delays)
	return delays
}

func report(b *testing.B, delays []time.Duration) {
	for name, share := range map[string]float64{"p50_ms": 0.50, "p99_ms": 0.99, "max_ms": 1} {
		at := delays[min(int(share*float64(len(delays))), len(delays)-1)]
		b.ReportMetric(float64(at.Microseconds())/1000, name)
	}
}
