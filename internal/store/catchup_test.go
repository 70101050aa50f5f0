package store_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/store"
)

const (
	catchUpKey = "{ghostcm}:catchup:" + site
	quarter    = 15 * time.Minute
	day        = 24 * time.Hour
)

// turn asks for the turn to catch up.
func (b *bundle) turn(who string) store.Turn {
	b.t.Helper()
	turn, err := b.ClaimCatchUp(b.t.Context(), site, quarter, day, who)
	b.do(err)
	return turn
}

// caughtUp ends a turn.
func (b *bundle) caughtUp(o store.Outcome) bool {
	b.t.Helper()
	o.Next = quarter
	ended, err := b.FinishCatchUp(b.t.Context(), site, o)
	b.do(err)
	return ended
}

// age lets time pass for the site's catch-ups: Redis' clock is nobody's to turn.
func (b *bundle) age(d time.Duration) {
	b.t.Helper()
	for _, field := range []string{"next", "until", "full", "began", "last", "after", "called", "tried"} {
		at, err := b.redis.HGet(b.t.Context(), catchUpKey, field).Int64()
		if err == nil {
			b.do(b.redis.HSet(b.t.Context(), catchUpKey, field, strconv.FormatInt(at-d.Milliseconds(), 10)).Err())
		}
	}
}

func (b *bundle) catchUp() store.CatchUp {
	b.t.Helper()
	all, err := b.CatchUps(b.t.Context(), []string{"another", site})
	b.do(err)
	if diff := cmp.Diff(store.CatchUp{}, all[0]); diff != "" {
		b.t.Errorf("another site: %s", diff)
	}
	return all[1]
}

var (
	none  = store.Turn{}
	part  = store.Turn{Due: true}
	first = store.Turn{Due: true, Full: true, Why: store.FirstWalk}
	daily = store.Turn{Due: true, Full: true, Why: store.DailyWalk}
)

func TestOneProcessOfTheFleetCatchesUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	turns := make([]store.Turn, 16)
	var fleet sync.WaitGroup
	for i := range turns {
		fleet.Go(func() { turns[i] = b.turn(strconv.Itoa(i)) })
	}
	fleet.Wait()
	due := 0
	for _, turn := range turns {
		if turn.Due {
			due++
		}
	}
	if due != 1 {
		t.Errorf("%d processes catch up", due)
	}
	if turn, err := b.ClaimCatchUp(t.Context(), "another", 0, day, "a"); turn != none || err != nil {
		t.Errorf("without an interval: %+v, %v", turn, err)
	}
}

func TestACatchUpComesAtItsTimeAndWalksAllOnceADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	full := store.Outcome{Who: "a", OK: true, Full: true}
	for _, step := range []struct {
		after time.Duration
		want  store.Turn
		end   store.Outcome
	}{
		{0, first, store.Outcome{Who: "a"}}, // it fails
		{quarter - time.Minute, none, store.Outcome{}},
		{time.Minute, first, full},
		{quarter - time.Minute, none, store.Outcome{}},
		{time.Minute, part, store.Outcome{Who: "a", OK: true}},
		{day - quarter, daily, store.Outcome{Who: "a", Full: true}}, // it fails
		{quarter, daily, store.Outcome{Who: "a", OK: true}},         // something else was done
		{quarter, daily, full},
		{quarter, part, store.Outcome{Who: "a", OK: true}},
	} {
		b.age(step.after)
		if got := b.turn("a"); got != step.want {
			t.Fatalf("%v later: %+v instead of %+v", step.after, got, step.want)
		}
		if step.want.Due && !b.caughtUp(step.end) {
			t.Fatal("the turn was lost")
		}
	}
}

func TestAShorterIntervalHoldsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.turn("a")
	if _, err := b.FinishCatchUp(t.Context(), site, store.Outcome{Who: "a", OK: true, Full: true, Next: 30 * day}); err != nil {
		t.Fatal(err)
	}
	if got := b.turn("a"); got != none {
		t.Errorf("at once: %+v", got)
	}
	b.age(quarter + time.Second)
	if got := b.turn("a"); got != part {
		t.Errorf("after it: %+v", got)
	}
}

func TestAFullWalkThatIsAskedForComesAtOnceAndIsOwedUntilItWentWell(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.turn("a")
	b.caughtUp(store.Outcome{Who: "a", OK: true, Full: true})
	b.do(b.AskFullWalk(t.Context(), site, "spool drained"), b.AskFullWalk(t.Context(), site, "silence"))
	asked := store.Turn{Due: true, Full: true, Why: "spool drained"}
	if got := b.turn("a"); got != asked {
		t.Fatalf("asked: %+v", got)
	}
	b.age(3 * time.Minute) // it died
	if got := b.turn("b"); got != asked {
		t.Fatalf("after a death: %+v", got)
	}
	b.caughtUp(store.Outcome{Who: "b", Full: true}) // it failed
	if got := b.turn("b"); got != none {
		t.Fatalf("a failure is repeated at once: %+v", got)
	}
	b.age(quarter)
	if got := b.turn("b"); got != asked {
		t.Fatalf("after a failure: %+v", got)
	}
	b.do(b.AskFullWalk(t.Context(), site, "pause ended")) // while it runs
	b.caughtUp(store.Outcome{Who: "b", OK: true, Full: true})
	if got := b.turn("b"); got.Why != "pause ended" || !got.Full {
		t.Fatalf("what was asked while it ran: %+v", got)
	}
	b.caughtUp(store.Outcome{Who: "b", OK: true, Full: true})
	if got := b.turn("b"); got != none {
		t.Errorf("when all is done: %+v", got)
	}
	b.age(quarter)
	if got := b.turn("b"); got != part {
		t.Errorf("a walk that is no longer owed: %+v", got)
	}
}

func TestATurnWhoseProcessDiedComesAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.turn("dead")
	if got := b.turn("b"); got != none {
		t.Errorf("a living turn was given away: %+v", got)
	}
	b.age(2*time.Minute + time.Second)
	if got := b.turn("b"); got != first {
		t.Errorf("a dead turn: %+v", got)
	}
	if b.caughtUp(store.Outcome{Who: "dead", OK: true, Full: true}) {
		t.Error("another's turn was ended")
	}
	if !b.caughtUp(store.Outcome{Who: "b", OK: true, Full: true}) || b.caughtUp(store.Outcome{Who: "b"}) {
		t.Error("a turn does not end once")
	}
}

func TestATurnLivesWhileTheSiteHasARun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.turn("a")
	run := b.openRun()
	b.age(time.Hour)
	if got := b.turn("b"); got != none { // also keeps a's turn
		t.Errorf("beside a run: %+v", got)
	}
	b.do(run.Finish(t.Context()))
	if got := b.turn("b"); got != none {
		t.Errorf("between the end of the run and of the turn: %+v", got)
	}
	b.age(31 * time.Second) // a died after its run
	if got := b.turn("b"); got != first {
		t.Errorf("after the death: %+v", got)
	}
}

func TestNoCatchUpIsDueBesideASync(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.openRun()
	b.do(b.AskFullWalk(t.Context(), site, "silence"))
	if got := b.turn("a"); got != none {
		t.Errorf("beside a run: %+v", got)
	}
	b.do(run.Close(t.Context()))
	if got := b.turn("a"); got.Why != "silence" {
		t.Errorf("after it: %+v", got)
	}
}

func TestHowCatchUpsStandIsSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	near := func(name string, got time.Time, want time.Time) {
		t.Helper()
		if d := got.Sub(want).Abs(); d > time.Minute {
			t.Errorf("%s: %v off", name, d)
		}
	}
	b.turn("host 1")
	running := b.catchUp()
	near("since", running.Since, time.Now())
	running.Since = time.Time{}
	if diff := cmp.Diff(store.CatchUp{Who: "host 1", Why: store.FirstWalk}, running); diff != "" {
		t.Errorf("running: %s", diff)
	}
	b.caughtUp(store.Outcome{Who: "host 1", OK: true, Full: true, Found: map[string]int{"added": 3}})
	b.do(b.AskFullWalk(t.Context(), site, "silence"))
	ended := b.catchUp()
	near("last", ended.Last, time.Now())
	near("last full", ended.LastFull, time.Now())
	near("last that went well", ended.Good, time.Now())
	good := ended.Good
	near("next", ended.Next, time.Now().Add(quarter))
	ended.Last, ended.Good, ended.LastFull, ended.Next = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	if diff := cmp.Diff(store.CatchUp{OK: true, Full: true, Found: map[string]int{"added": 3}, Asked: "silence"}, ended); diff != "" {
		t.Errorf("ended: %s", diff)
	}
	b.turn("host 2")
	b.caughtUp(store.Outcome{Who: "host 2", Reason: "ghost is down"})
	failed := b.catchUp()
	if !failed.Good.Equal(good) {
		t.Errorf("a failure moved the last that went well to %v", failed.Good)
	}
	failed.Last, failed.Good, failed.LastFull, failed.Next = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	if diff := cmp.Diff(store.CatchUp{Reason: "ghost is down", Asked: "silence"}, failed); diff != "" {
		t.Errorf("failed: %s", diff)
	}
}
