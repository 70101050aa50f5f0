package store

import (
	"context"
	"testing"
	"time"
)

func TestABatchWaitsAsLongAsItsMostPatientCaller(t *testing.T) {
	t.Parallel()
	now := time.Now()
	until := func(d time.Duration) *call {
		ctx, cancel := context.WithDeadline(t.Context(), now.Add(d))
		t.Cleanup(cancel)
		return &call{ctx: ctx}
	}
	gone, leave := context.WithDeadline(t.Context(), now.Add(time.Hour))
	leave() // who hangs up takes nobody along
	ctx, cancel := patience([]*call{{ctx: gone}, until(time.Minute), until(time.Second)})
	defer cancel()
	if deadline, _ := ctx.Deadline(); !deadline.Equal(now.Add(time.Hour)) || ctx.Err() != nil {
		t.Errorf("until %v, %v", deadline.Sub(now), ctx.Err())
	}
	ctx, cancel = patience([]*call{until(time.Minute), {ctx: t.Context()}})
	defer cancel()
	if deadline, bounded := ctx.Deadline(); bounded {
		t.Errorf("a caller without an end waits until %v", deadline.Sub(now))
	}
}

// A call holds a member's facts.
func TestWhatWasTakenIsNotKept(t *testing.T) {
	t.Parallel()
	batches := &together{}
	for range mostTogether + 1 {
		batches.waiting = append(batches.waiting, &call{ctx: t.Context()})
	}
	for _, want := range []int{mostTogether, 1} {
		if got := len(batches.take()); got != want {
			t.Fatalf("%d are taken, want %d", got, want)
		}
	}
	for i, c := range batches.waiting[:cap(batches.waiting)] {
		if c != nil {
			t.Fatalf("the call in place %d is kept", i)
		}
	}
}
