package store_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/store"
)

func contains(s, part string) bool { return strings.Contains(strings.ToLower(s), part) }

func (b *bundle) keys() []string {
	b.t.Helper()
	keys, err := b.redis.Keys(b.t.Context(), "*").Result()
	if err != nil || len(keys) == 0 {
		b.t.Fatalf("keys: %v, %v", keys, err)
	}
	return keys
}

// overdue are the times of what is due before d from now.
func (b *bundle) overdue(d time.Duration) []time.Duration {
	b.t.Helper()
	found, err := b.Overdue(b.t.Context(), b.now.Add(d), 100)
	if err != nil {
		b.t.Fatal(err)
	}
	var due []time.Duration
	for _, o := range found {
		if o.Site != site || o.ID != id {
			b.t.Errorf("overdue: %+v", o)
		}
		due = append(due, o.Due.Sub(b.now))
	}
	return due
}

func TestWhatIsPutBackIsDueWhenItsJobRuns(t *testing.T) {
	t.Parallel()
	for why, want := range map[store.Waiting][]time.Duration{
		store.ForSlot: {time.Hour}, store.ForRetry: {time.Hour}, store.Dead: nil,
	} {
		t.Run(string(why), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.accept("one", b.edited())
			b.release(b.take(), why, "unused")
			if due := b.overdue(59 * time.Minute); due != nil {
				t.Errorf("due already: %v", due)
			}
			if diff := cmp.Diff(want, b.overdue(time.Hour)); diff != "" {
				t.Errorf("due: %s", diff)
			}
			if diff := cmp.Diff([]string{"raw one"}, b.queued()); diff != "" {
				t.Errorf("queue: %s", diff)
			}
			ttl := b.ttl("{ghostcm}:inbox:" + site + ":" + id)
			if kept := ttl > 23*time.Hour && ttl <= 24*time.Hour; kept != (why == store.Dead) {
				t.Errorf("the entry ends in %v", ttl)
			}
			b.take()
			if ttl := b.ttl("{ghostcm}:inbox:" + site + ":" + id); ttl >= 0 {
				t.Errorf("what is worked on ends in %v", ttl)
			}
		})
	}
}

func TestANewerEventDoesNotWaitForTheRetryOfAnOlderOne(t *testing.T) {
	t.Parallel()
	for why, want := range map[store.Waiting][]string{
		store.ForSlot:  {"raw one"}, // its job runs soon, and sees both
		store.ForRetry: {"raw one", "raw newer"},
		store.Dead:     {"raw one", "raw newer"},
	} {
		t.Run(string(why), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.accept("one", b.edited())
			taken := b.take()
			b.accept("two", b.edited())
			b.release(taken, why, "newer")
			if diff := cmp.Diff(want, b.queued()); diff != "" {
				t.Errorf("queue: %s", diff)
			}
			if third := b.accept("three", b.edited()); !third.Coalesced {
				t.Errorf("the third: %+v", third)
			}
		})
	}
}

func TestNothingIsPutBackThatWasCleared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	taken := b.take()
	b.complete(taken.Version)
	b.release(taken, store.ForRetry, "unused")
	if n, err := b.Backlog(t.Context()); n.Members != 0 || err != nil {
		t.Errorf("%d entries wait, %v", n, err)
	}
	if begun := b.begin(id); begun.Found {
		t.Errorf("there is an entry: %+v", begun)
	}
}

func TestAnEntryBeingWorkedOnIsNotOverdue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	if diff := cmp.Diff([]time.Duration{0}, b.overdue(0)); diff != "" {
		t.Errorf("waiting: %s", diff)
	}
	b.take()
	if due := b.overdue(59 * time.Second); due != nil {
		t.Errorf("taken: %v", due)
	}
	if diff := cmp.Diff([]time.Duration{time.Minute}, b.overdue(time.Minute)); diff != "" {
		t.Errorf("taken long ago: %s", diff)
	}
}

func TestALostJobIsReplacedOnceByAnyNumberOfSweepers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("lost", b.edited())
	b.pass(time.Minute)
	found, err := b.Overdue(t.Context(), b.now, 100)
	if err != nil || len(found) != 1 {
		t.Fatalf("overdue: %v, %v", found, err)
	}
	var pushed atomic.Int64
	var sweepers sync.WaitGroup
	for range 8 {
		sweepers.Go(func() {
			ok, err := b.Requeue(t.Context(), found[0], job("again"))
			if err != nil {
				t.Error(err)
			}
			if ok {
				pushed.Add(1)
			}
		})
	}
	sweepers.Wait()
	if n := pushed.Load(); n != 1 {
		t.Errorf("%d sweepers pushed a job", n)
	}
	if diff := cmp.Diff([]string{"raw lost", "raw again"}, b.queued()); diff != "" {
		t.Errorf("queue: %s", diff)
	}
	if next := b.accept("next", b.edited()); next != (store.Receipt{JobID: "again", Coalesced: true}) {
		t.Errorf("the next event: %+v", next)
	}
}

func TestNoJobIsMadeForAnEntryThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	found, err := b.Overdue(t.Context(), b.now, 100)
	if err != nil || len(found) != 1 {
		t.Fatalf("overdue: %v, %v", found, err)
	}
	if err := b.redis.Del(t.Context(), "{ghostcm}:inbox:"+site+":"+id).Err(); err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Requeue(t.Context(), found[0], job("again")); ok || err != nil {
		t.Errorf("requeued: %t, %v", ok, err)
	}
	if n, err := b.Backlog(t.Context()); n.Members != 0 || err != nil {
		t.Errorf("%d entries wait, %v", n, err)
	}
}
