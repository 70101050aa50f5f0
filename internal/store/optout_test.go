package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

func (b *bundle) jobsQueued() int64 {
	b.t.Helper()
	n, err := b.redis.LLen(b.t.Context(), queue).Result()
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *bundle) askOptOuts(names ...string) int {
	b.t.Helper()
	var asks []store.Mark
	for _, name := range names {
		asks = append(asks, store.Mark{ID: name, Job: job("look " + name)})
	}
	n, err := b.AskOptOuts(b.t.Context(), site, asks)
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

func TestManyWishesForALookAreOneJob(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if n := b.askOptOuts("one", "two", "one"); n != 2 {
		t.Errorf("%d jobs for two members", n)
	}
	if n := b.askOptOuts("one", "three"); n != 1 || b.jobsQueued() != 3 {
		t.Errorf("%d new jobs, %d in the queue; want 1, 3", n, b.jobsQueued())
	}
	if n := b.askOptOuts(); n != 0 {
		t.Errorf("%d jobs for nobody", n)
	}
}

// What happens while a look is taken may not be seen by it.
func TestAWishThatComesWhileALookIsTakenIsForAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.askOptOuts("one")
	if err := b.TakeOptOut(t.Context(), site, "one"); err != nil {
		t.Fatal(err)
	}
	if n := b.askOptOuts("one"); n != 1 {
		t.Errorf("%d jobs, want another", n)
	}
}

// A job that Redis or a process lost must not keep others away for ever.
func TestAWishStandsForAMinuteOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.askOptOuts("one")
	left, err := b.redis.PTTL(t.Context(), "{ghostcm}:optout:blog:one").Result()
	if err != nil || left <= 0 || left > 60e9 {
		t.Errorf("the wish stands for %v, %v", left, err)
	}
}

func TestAThousandWishesAreAskedAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprint(i))
	}
	if n := b.askOptOuts(names...); n != 1000 || b.jobsQueued() != 1000 {
		t.Errorf("%d jobs, %d in the queue", n, b.jobsQueued())
	}
}

// Else each catch-up would add one to the jobs that wait for their retry.
func TestAWishJoinsAJobThatWaitsForItsNextAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.KeepOptOut(t.Context(), site, "one", time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := b.askOptOuts("one"); n != 0 {
		t.Errorf("%d jobs beside the one that waits", n)
	}
	left, err := b.redis.PTTL(t.Context(), "{ghostcm}:optout:blog:one").Result()
	if err != nil || left < time.Hour || left > time.Hour+time.Minute {
		t.Errorf("the wish stands for %v, %v", left, err)
	}
}
