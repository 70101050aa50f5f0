package ghost_test

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
)

// Time is too noisy to be asserted, and work is not: each sum that is made allocates.
//
//nolint:paralleltest // it counts what the whole process allocates
func TestARefusalCostsTheSameWorkAsAMatchWithWhicheverSecret(t *testing.T) {
	body, now := []byte(`{"member":{}}`), time.UnixMilli(1790000000000)
	secrets := [][]byte{[]byte("former"), []byte("present"), []byte("coming")}
	work := func(signer string) float64 {
		header := ghost.Sign(body, []byte(signer), now)
		return testing.AllocsPerRun(100, func() {
			_, _ = ghost.Verify(header, body, ghost.Verification{Secrets: secrets, Now: now, Tolerance: time.Minute})
		})
	}
	want := work("a stranger's")
	for _, s := range secrets {
		if got := work(string(s)); got != want {
			t.Errorf("a match with %q costs %v allocations, a refusal %v", s, got, want)
		}
	}
	if want < 2*float64(len(secrets)) {
		t.Errorf("three secrets cost %v allocations: not every one was tried", want)
	}
}
