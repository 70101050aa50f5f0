package program_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// BenchmarkIdlePurchaseToGrant measures how long access in Ghost comes after the
// webhook of a purchase, one at a time on a program that has nothing else to do. The
// target is a second for 99 of 100.
func BenchmarkIdlePurchaseToGrant(b *testing.B) {
	s := newShop(b, rigOptions{ghost: connected(), quiet: true})
	var delays []time.Duration
	for b.Loop() {
		email := fmt.Sprintf("buyer.%d@example.org", len(delays))
		body := s.bought("sub-"+email, email, "prod_gold")
		s.settles()
		began := time.Now()
		if status, err := s.post(payment.Polar, polarSecret, body); status != http.StatusOK || err != nil {
			b.Fatalf("answered %d, %v", status, err)
		}
		granted := s.has(email, "comped", "Gold")
		for granted() != "" {
			if time.Since(began) > time.Minute {
				b.Fatal(granted())
			}
			time.Sleep(time.Millisecond)
		}
		delays = append(delays, time.Since(began))
	}
	b.ReportMetric(0, "ns/op")
	slices.Sort(delays)
	report(b, delays)
}
