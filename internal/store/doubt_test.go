package store_test

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

func TestOnlyALostLeaseIsDoubted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	job := store.Job{ID: "again", QueueKey: "{ghostcm}:jobs:job", Raw: "{}", WakeChannel: "wake"}
	lease, free, err := b.Lock(t.Context(), site, "m1", time.Minute)
	if err != nil || !free {
		t.Fatal(free, err)
	}
	if doubted, err := b.Doubt(t.Context(), site, "m1", lease, job); doubted || err != nil {
		t.Fatalf("doubted under the lease: %t, %v", doubted, err)
	}
	if err := lease.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if doubted, err := b.Doubt(t.Context(), site, "m1", lease, job); !doubted || err != nil {
		t.Fatalf("not doubted after it: %t, %v", doubted, err)
	}
	if begun := b.begin("m1"); !begun.Found || !begun.Taken.Doubt {
		t.Errorf("no doubt: %+v", begun)
	}
	if n, err := b.Backlog(t.Context()); n.Members != 1 || err != nil {
		t.Errorf("%d members wait, %v", n.Members, err)
	}
}
