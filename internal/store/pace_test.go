package store_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// slot is the time of a reserved slot, as far as it can be seen from outside.
type slot struct{ earliest, latest time.Time }

func (b *bundle) reserve(p store.Pace) (s slot, wait time.Duration) {
	b.t.Helper()
	before := time.Now()
	wait, err := b.Reserve(b.t.Context(), site, p)
	if err != nil {
		b.t.Fatal(err)
	}
	return slot{before.Add(wait), time.Now().Add(wait)}, wait
}

// wait is how long the next slot would have to be waited for.
func (b *bundle) wait(p store.Pace) time.Duration {
	b.t.Helper()
	_, wait := b.reserve(p)
	return wait
}

func TestNoWindowHoldsMoreSlotsThanItsRate(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]store.Pace{
		"the default": {PerSecond: 10, Burst: 20}, "one by one": {PerSecond: 50, Burst: 1}, "slow": {PerSecond: 0.5, Burst: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var mu sync.Mutex
			var slots []slot
			var workers sync.WaitGroup
			for range 8 {
				workers.Go(func() {
					for range 20 {
						s, _ := b.reserve(p)
						mu.Lock()
						slots = append(slots, s)
						mu.Unlock()
					}
				})
			}
			workers.Wait()
			checkRate(t, slots, p)
		})
	}
}

// checkRate looks at every window that begins and ends with a slot.
func checkRate(t *testing.T, slots []slot, p store.Pace) {
	t.Helper()
	slices.SortFunc(slots, func(a, b slot) int { return a.earliest.Compare(b.earliest) })
	for i, first := range slots {
		latest := first.latest
		for j, s := range slots[i:] {
			if s.latest.After(latest) {
				latest = s.latest
			}
			window := latest.Sub(first.earliest)
			if allowed := float64(p.Burst) + p.PerSecond*window.Seconds(); float64(j+1) > allowed+1e-3 {
				t.Fatalf("%d slots within %v, allowed are %.1f", j+1, window, allowed)
			}
		}
	}
}

func TestABurstNeedsNoWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := store.Pace{PerSecond: 0.01, Burst: 5}
	for i := range 5 {
		if wait := b.wait(p); wait != 0 {
			t.Errorf("request %d waits %v", i, wait)
		}
	}
	for i := 1; i <= 2; i++ {
		want := time.Duration(i) * 100 * time.Second
		if wait := b.wait(p); wait > want || wait < want-20*time.Second {
			t.Errorf("request %d after the burst waits %v, want %v", i, wait, want)
		}
	}
	if wait, err := b.Reserve(t.Context(), "another", p); wait != 0 || err != nil {
		t.Errorf("another site waits %v, %v", wait, err)
	}
}

func TestASiteIsHeldBackAsLongAsItWasAsked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := store.Pace{PerSecond: 1, Burst: 20}
	for i := range 10 { // requests that were under way together
		if begun, err := b.BeginHold(t.Context(), site, p, time.Hour); begun != (i == 0) || err != nil {
			t.Fatalf("request %d begins the wait: %t, %v", i, begun, err)
		}
	}
	for i := range 3 { // and no burst after it
		want := time.Hour + time.Duration(i)*time.Second
		if wait := b.wait(p); wait > want || wait < want-20*time.Second {
			t.Errorf("request %d waits %v, want %v", i, wait, want)
		}
	}
	if err := b.HoldBack(t.Context(), site, p, time.Second); err != nil {
		t.Fatal(err)
	}
	if wait := b.wait(p); wait < time.Hour-20*time.Second {
		t.Errorf("a shorter wait has undone a longer one: %v", wait)
	}
}

func TestASlotThatIsGivenBackIsUsedAtOnceOrLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := store.Pace{PerSecond: 0.01, Burst: 2}
	for range 4 {
		b.wait(p)
	}
	for range 5 {
		if err := b.Refund(t.Context(), site, p); err != nil {
			t.Fatal(err)
		}
	}
	ttl := b.ttl("{ghostcm}:spare:" + site)
	if ttl > time.Second {
		t.Errorf("it can be used for %v", ttl)
	}
	if free := b.redis.LLen(t.Context(), "{ghostcm}:spare:"+site).Val(); free > 2 {
		t.Errorf("%d are kept, more than a burst", free)
	}
	b.redis.Del(t.Context(), "{ghostcm}:spare:"+site)
	// Slots that others hold are handed out once, whatever was given back.
	if wait := b.wait(p); wait < 280*time.Second {
		t.Errorf("the next waits %v, want 300 s", wait)
	}
}

func TestASpareSlotIsTakenByOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := store.Pace{PerSecond: 0.01, Burst: 1}
	b.wait(p)
	if err := b.redis.RPush(t.Context(), "{ghostcm}:spare:"+site, 1).Err(); err != nil { // one that does not end here
		t.Fatal(err)
	}
	if _, slot, err := b.Pass(t.Context(), site, p); slot != 0 || err != nil {
		t.Errorf("at the gate: %v, %v", slot, err)
	}
	if wait := b.wait(p); wait != 0 {
		t.Errorf("the first waits %v", wait)
	}
	if wait := b.wait(p); wait == 0 {
		t.Error("the second has it, too")
	}
}
