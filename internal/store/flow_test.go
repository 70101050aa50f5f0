package store_test

import (
	"math"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

func TestFlowTellsTheLastHourByTheMinute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := b.now
	note := func(ago time.Duration, outcome string, lag time.Duration, n int) {
		t.Helper()
		for range n {
			a := store.Activity{At: now.Add(-ago), Site: "blog", Event: "member.updated", MemberID: "1", Outcome: outcome, Lag: lag}
			if err := b.Note(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
	}
	note(0, "updated", 20*time.Millisecond, 98)
	note(0, "created", 3*time.Second, 2)
	note(59*time.Minute, "updated", time.Hour, 5) // too long ago for the lag
	note(61*time.Minute, "updated", time.Hour, 7) // and for the hour
	note(5*time.Minute, store.OutcomeRetried, 0, 3)
	note(5*time.Minute, store.OutcomeDead, 0, 1)
	note(5*time.Minute, store.Waits, 0, 1)
	if err := b.Note(t.Context(), store.Activity{At: now, Site: "blog", Event: "sync", Outcome: "done"}); err != nil {
		t.Fatal(err)
	}
	flows, err := b.Flows(t.Context(), []string{"blog", "quiet"})
	if err != nil || len(flows) != 2 {
		t.Fatal(flows, err)
	}
	f, last := flows[0], store.FlowMinutes-1
	if f.Done[last] != 100 || f.Done[last-59] != 5 || f.Failed[last-5] != 4 || f.Done[last-5] != 0 {
		t.Errorf("done %v, failed %v", f.Done, f.Failed)
	}
	for got, want := range map[time.Duration]time.Duration{f.P50: 20 * time.Millisecond, f.P99: 3 * time.Second} {
		if math.Abs(float64(got-want)) > 0.05*float64(want) {
			t.Errorf("a lag of %v is told as %v", want, got)
		}
	}
	if (flows[1] != store.Flow{}) {
		t.Errorf("a quiet site flows: %v", flows[1])
	}
}
