package alert

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/store"
)

// lasting is what a Watcher sees to last.
func (w *world) lasting(watcher *Watcher) (seen []string) {
	w.t.Helper()
	conditions, err := watcher.Look(w.t.Context(), []string{site}, 24*time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range conditions {
		if c.Lasts {
			seen = append(seen, fmt.Sprintf("%s %s: %s", c.Kind, c.Site, c.Detail))
		}
	}
	return seen
}

func (w *world) wantLasting(when string, watcher *Watcher, want ...string) {
	w.t.Helper()
	if got := w.lasting(watcher); !slices.Equal(got, want) {
		w.t.Errorf("%s: sees %q, want %q", when, got, want)
	}
}

func (w *world) watcher() *Watcher { return &Watcher{Store: w.store, Queue: w.queue, Now: w.clock} }

func TestAPausedSiteIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	watcher := w.watcher()
	w.wantLasting("at first", watcher)
	if _, err := w.store.Pause(t.Context(), site, "ghost", "unknown key"); err != nil {
		t.Fatal(err)
	}
	w.wantLasting("paused", watcher, "paused blog: ghost: unknown key")
	if _, err := w.store.Succeed(t.Context(), site, "ghost"); err != nil {
		t.Fatal(err)
	}
	w.wantLasting("mended", watcher)
}

// A site that is paused while its breaker is open is not told to work again.
func TestABreakerIsSeenAndLeftAloneWhileItsSiteIsPaused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.watching(w.watcher())
	for range 10 {
		if _, err := w.store.Fail(t.Context(), site, "campaignmonitor", "HTTP 503"); err != nil {
			t.Fatal(err)
		}
	}
	a.round(t.Context())
	w.wantTold("when it fails", "breaker blog open 1")
	if _, err := w.store.Pause(t.Context(), site, "campaignmonitor", "unknown key"); err != nil {
		t.Fatal(err)
	}
	a.round(t.Context())
	w.wantTold("when it is paused too", "breaker blog open 1", "paused blog open 1")
	if _, err := w.store.Succeed(t.Context(), site, "campaignmonitor"); err != nil {
		t.Fatal(err)
	}
	a.round(t.Context())
	w.wantTold("when both are over", "breaker blog open 1", "paused blog open 1", "breaker blog resolved 0", "paused blog resolved 0")
}

func TestRemovalsThatAreHeldAreSeenUntilACatchUpHoldsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if !slices.Contains(reconcile.CatchUpKinds(), removalsHeld) {
		t.Fatalf("catch-ups count no %s", removalsHeld)
	}
	watcher := w.watcher()
	end := func(o store.Outcome) {
		t.Helper()
		for { // it is due a millisecond after the last, by Redis' clock
			turn, err := w.store.ClaimCatchUp(t.Context(), site, time.Minute, time.Hour, "a test")
			if err != nil {
				t.Fatal(err)
			}
			if turn.Due {
				break
			}
		}
		o.Who, o.Next = "a test", time.Millisecond
		if ours, err := w.store.FinishCatchUp(t.Context(), site, o); err != nil || !ours {
			t.Fatal(ours, err)
		}
	}
	end(store.Outcome{OK: true, Found: map[string]int{removalsHeld: 120}})
	held := "removals_capped blog: 120 are too many for one day"
	w.wantLasting("held", watcher, held)
	a := w.watching(watcher)
	a.round(t.Context())
	end(store.Outcome{OK: false})
	a.round(t.Context())
	w.wantTold("after a turn that failed", "removals_capped blog open 1")
	end(store.Outcome{OK: true})
	a.round(t.Context())
	w.wantTold("after a turn that held none", "removals_capped blog open 1", "removals_capped blog resolved 0")
}

func TestASilentSiteIsSeenUntilAWebhookComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	watcher := w.watcher()
	hear := func() {
		t.Helper()
		if err := w.store.Hear(t.Context(), map[string]store.Heard{site: {At: w.clock()}}); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		hear()
		w.wantLasting("at an event", watcher)
		w.pass(23 * time.Hour)
	}
	w.wantLasting("before its time", watcher)
	w.pass(2 * time.Hour)
	silent := "silence blog: the last one at 2023-11-18 18:13 UTC"
	w.wantLasting("when it is silent", watcher, silent)
	if _, told, err := w.store.FellSilent(t.Context(), site, 24*time.Hour); err != nil || !told {
		t.Errorf("the schedule is not told any more: %t, %v", told, err)
	}
	w.pass(listenEvery)
	w.wantLasting("after the schedule was told", watcher, silent)
	hear()
	w.wantLasting("between two looks nothing is said", watcher)
	w.pass(listenEvery)
	w.wantLasting("when a webhook came", watcher)
}

func TestAJobThatNoWorkerTakesIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mu.Lock()
	w.now = time.Now() // the job layer's own
	w.mu.Unlock()
	watcher := w.watcher()
	w.wantLasting("without a worker, and without a job", watcher)
	w.pass(time.Hour)
	w.wantLasting("much later", watcher)
	watcher = w.watcher()
	if _, err := w.queue.Enqueue(t.Context(), jobs.Spec{Kind: "member", Site: site, Key: "1"}); err != nil {
		t.Fatal(err)
	}
	w.wantLasting("with a job", watcher)
	w.pass(alone)
	w.wantLasting("two minutes later", watcher, "queue_stuck : no worker lives, and 1 members wait")
	w.beat()
	w.wantLasting("when a worker lives", watcher)
	aged := time.Now().Add(-time.Hour).Unix()
	if err := w.client.LPop(t.Context(), "{ghostcm}:jobs:job").Err(); err != nil {
		t.Fatal(err)
	}
	old := fmt.Sprintf(`{"name":"job","id":"1","t":%d,"args":{"kind":"member","site":"blog","key":"1"}}`, aged)
	if err := w.client.LPush(t.Context(), "{ghostcm}:jobs:job", old).Err(); err != nil {
		t.Fatal(err)
	}
	w.beat()
	w.wantLasting("with a worker that hangs", watcher, "queue_stuck : the oldest of 1 jobs waits for 60 minutes")
}

// beat has a worker process live now.
func (w *world) beat() {
	w.t.Helper()
	pipe := w.client.Pipeline()
	pipe.SAdd(w.t.Context(), "{ghostcm}:worker_pools", "1")
	pipe.HSet(w.t.Context(), "{ghostcm}:worker_pools:1", "heartbeat_at", time.Now().Unix(), "started_at", time.Now().Unix())
	if _, err := pipe.Exec(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}
