package reconcile_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// scheduled is how a test has a world caught up.
type scheduled struct {
	every   time.Duration // 0 is 20 ms
	silence time.Duration
	optOuts bool
}

// schedule catches the world up until the test ends, or stop is called.
func (w *world) schedule(o scheduled) (stop func()) {
	w.t.Helper()
	if o.every == 0 {
		o.every = 20 * time.Millisecond
	}
	s := reconcile.NewSchedule(reconcile.ScheduleOptions{
		Engine: w.newEngine(), Sites: []reconcile.ScheduledSite{{Site: w.site, OptOuts: o.optOuts}}, Every: o.every,
		SilenceAfter: o.silence, Hints: worker.OptOuts{Store: w.store, Queue: w.queue},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	w.t.Cleanup(stop)
	return stop
}

// eventually waits until nothing is wrong any more.
func (w *world) eventually(what string, wrong func() string) {
	w.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		problem := wrong()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: %s\n%s", what, problem, w.log.tail())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (w *world) caughtUp() store.CatchUp {
	w.t.Helper()
	all, err := w.store.CatchUps(w.t.Context(), []string{siteName})
	if err != nil {
		w.t.Fatal(err)
	}
	return all[0]
}

// turn waits for a catch-up that begins from now on and goes well.
func (w *world) turn() store.CatchUp {
	w.t.Helper()
	began := w.caughtUp().Last
	ended := 0
	w.eventually("a catch-up", func() string {
		c := w.caughtUp()
		if c.Last.After(began) {
			began = c.Last
			ended++
		}
		if ended < 2 || !c.OK { // the first may have begun before
			return fmt.Sprintf("%+v", c)
		}
		return ""
	})
	return w.caughtUp()
}

func (w *world) onList() (active int) {
	for _, s := range w.list.Subscribers(w.listID) {
		if s.State == "Active" {
			active++
		}
	}
	return active
}

func (w *world) wantActive(n int) func() string {
	return func() string {
		if got := w.onList(); got != n {
			return fmt.Sprintf("%d are active, want %d", got, n)
		}
		return ""
	}
}

func TestTheScheduleFindsImportsAndQuietChangesAndDeletions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(100)
	w.work()
	w.schedule(scheduled{})
	w.eventually("the first walk", w.wantActive(100))
	w.turn()
	var imported []ghosttest.Member
	for i := range 250 {
		imported = append(imported, person(1000+i))
	}
	w.ghost.Import(imported)
	w.eventually("the import", w.wantActive(350))
	w.ghost.BulkLabel("Gold", func(m ghosttest.Member) bool { return strings.HasPrefix(m.Email, "reader000") })
	w.eventually("a label, given to many", func() string {
		if s, _ := w.list.Subscriber(w.listID, person(7).Email); !strings.Contains(s.Fields["ghost_labels"], "Gold") {
			return "labels: " + s.Fields["ghost_labels"]
		}
		return ""
	})
	w.ghost.BulkUnlabel("Gold", func(m ghosttest.Member) bool { return m.Email == person(7).Email })
	w.eventually("a label, taken away", func() string {
		if s, _ := w.list.Subscriber(w.listID, person(7).Email); strings.Contains(s.Fields["ghost_labels"], "Gold") {
			return "labels: " + s.Fields["ghost_labels"]
		}
		return ""
	})
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email == person(3).Email })
	w.eventually("a deletion", func() string {
		if state := w.state(person(3).Email); state != "Unsubscribed" {
			return state
		}
		return ""
	})
	w.turn()
	w.agrees()
	if c := w.caughtUp(); !c.OK || c.Full || c.LastFull.IsZero() {
		t.Errorf("%+v", c)
	}
}

// A catch-up that finds nothing costs Ghost two requests, and the list none.
func TestNothingChangedCostsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(300)
	w.schedule(scheduled{})
	w.turn()
	before := len(w.list.Requests())
	w.turn()
	w.turn()
	if n := len(w.list.Requests()) - before; n != 0 {
		t.Errorf("%d requests to Campaign Monitor", n)
	}
}

// A site that was given another site's Ghost must not lose its list, and somebody
// has to know.
func TestTooManyWhoAreGoneAreNotRemovedAndToldOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(60)
	w.work()
	w.schedule(scheduled{})
	w.eventually("the first walk", w.wantActive(60))
	w.turn()
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email < person(21).Email })
	w.eventually("the alarm", func() string {
		if c := w.caughtUp(); c.Found["removals_held"] != 21 || !strings.Contains(c.Reason, "21 removals are held") {
			return fmt.Sprintf("%+v", c)
		}
		return ""
	})
	for range 3 { // it stands until somebody did something
		if c := w.turn(); c.Found["removals_held"] != 21 {
			t.Errorf("%+v", c)
		}
	}
	if err := w.store.AskFullWalk(t.Context(), siteName, "test"); err != nil {
		t.Fatal(err)
	}
	w.eventually("a full walk", func() string {
		if c := w.caughtUp(); !c.Full {
			return fmt.Sprintf("%+v", c)
		}
		return ""
	})
	if n := w.onList(); n != 60 {
		t.Errorf("%d are left of 60", n)
	}
	if !strings.Contains(w.log.all(), "catchup.removals_held") {
		t.Error("the log does not tell")
	}
}

func TestUpToTheBoundWhoIsGoneIsRemovedAndNoMoreOnThatDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(60)
	w.work()
	w.schedule(scheduled{})
	w.eventually("the first walk", w.wantActive(60))
	w.turn()
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email < person(15).Email })
	w.eventually("fifteen", w.wantActive(45))
	w.turn()
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email < person(25).Email })
	w.eventually("the alarm", func() string {
		if c := w.caughtUp(); c.Found["removals_held"] != 10 {
			return fmt.Sprintf("%+v", c)
		}
		return ""
	})
	if n := w.onList(); n != 45 {
		t.Errorf("%d are left", n)
	}
}

// Nobody may be taken off a list for not being in a Ghost that we never knew them
// from.
func TestTheScheduleLeavesStrangersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(5)
	w.list.Seed(w.listID, cmtest.Subscriber{Email: "stranger@example.org", Name: "A Stranger"})
	w.work()
	w.schedule(scheduled{})
	w.eventually("the first walk", w.wantActive(6))
	if err := w.store.AskFullWalk(t.Context(), siteName, "test"); err != nil {
		t.Fatal(err)
	}
	w.turn()
	w.turn()
	if state := w.state("stranger@example.org"); state != "Active" {
		t.Errorf("the stranger is %s", state)
	}
}

// What a turn had not handed over when it died shows as changed to the next one.
func TestAFailedTurnForgetsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(10)
	w.schedule(scheduled{})
	w.eventually("the first walk", w.wantActive(10))
	w.turn()
	w.list.SetDown(true)
	w.ghost.Import([]ghosttest.Member{person(500)})
	w.eventually("a turn that fails", func() string {
		if c := w.caughtUp(); c.OK || c.Reason == "" {
			return fmt.Sprintf("%+v", c)
		}
		return ""
	})
	w.list.SetDown(false)
	w.eventually("the member", w.wantActive(11))
}

func TestOneTurnAtATimeAndNoneBesideASync(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(50)
	run, err := w.store.OpenRun(t.Context(), siteName, time.Minute, "a sync")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.schedule(scheduled{})
	}
	for range 20 { // while the schedules ask, too
		if turn, err := w.store.ClaimCatchUp(t.Context(), siteName, time.Millisecond, time.Hour, "a test"); err != nil || turn.Due {
			t.Fatalf("%+v, %v", turn, err)
		}
	}
	if n := len(w.list.Requests()); n != 0 || !w.caughtUp().Last.IsZero() {
		t.Errorf("%d requests beside a sync", n)
	}
	if err := run.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventually("the first walk", w.wantActive(50))
	w.turn()
	if n := strings.Count(w.log.all(), `"why":"first"`); n != 1 {
		t.Errorf("%d first walks", n)
	}
	if n := w.list.MaxConcurrentPerSubscriber(); n > 1 {
		t.Errorf("%d writes of one subscriber at once", n)
	}
}

func TestASilentSiteIsWalkedWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(3)
	day := func(ago int) time.Time { return time.Now().AddDate(0, 0, -ago) }
	for ago := 9; ago >= 2; ago-- {
		if err := w.store.Hear(t.Context(), map[string]store.Heard{siteName: {At: day(ago)}}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.store.FellSilent(t.Context(), siteName, 30*24*time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	w.schedule(scheduled{silence: 24 * time.Hour})
	w.eventually("the walk for it", func() string {
		if !strings.Contains(w.log.all(), `"why":"silence"`) {
			return "none"
		}
		return ""
	})
	if n := strings.Count(w.log.all(), `"msg":"site.silent"`); n != 1 {
		t.Errorf("told %d times", n)
	}
}

func TestTheScheduleBringsOptOutsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(20)
	w.schedule(scheduled{optOuts: true})
	w.eventually("the first walk", w.wantActive(20))
	w.turn()
	w.list.SetState(w.listID, person(4).Email, "Unsubscribed")
	w.eventually("a job that looks", func() string {
		n, err := w.redis.LLen(t.Context(), "{ghostcm}:jobs:job").Result()
		if err != nil || n != 1 {
			return fmt.Sprintf("%d jobs, %v", n, err)
		}
		return ""
	})
	w.turn() // and it asks once
	if n, err := w.redis.LLen(t.Context(), "{ghostcm}:jobs:job").Result(); err != nil || n != 1 {
		t.Errorf("%d jobs, %v", n, err)
	}
}

func TestWithoutAnIntervalOrAnAdminKeyNothingIsCaughtUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	site := w.site
	site.Ghost = nil
	for _, o := range []reconcile.ScheduleOptions{
		{Engine: w.engine, Sites: []reconcile.ScheduledSite{{Site: w.site}}},
		{Engine: w.engine, Sites: []reconcile.ScheduledSite{{Site: site}}, Every: time.Millisecond},
	} {
		reconcile.NewSchedule(o).Run(t.Context()) // returns
	}
	if len(w.list.Requests()) != 0 {
		t.Error("somebody was asked")
	}
}

func TestACensusThatIsCutIsNoCensus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(30)
	w.work()
	w.schedule(scheduled{})
	w.eventually("the first walk", w.wantActive(30))
	w.turn()
	w.ghost.SetFaults(ghosttest.Faults{Probability: 0.7, Kinds: []ghosttest.Fault{{Status: http.StatusBadGateway}, {}}})
	last := w.caughtUp().Last
	w.eventually("some turns", func() string {
		if c := w.caughtUp(); c.OK || !c.Last.After(last) {
			return fmt.Sprintf("%+v", c)
		}
		return ""
	})
	w.ghost.SetFaults(ghosttest.Faults{})
	w.turn()
	if n := w.onList(); n != 30 {
		t.Errorf("%d are left of 30", n)
	}
	if _, known, err := w.store.LoadCensus(t.Context(), siteName); err != nil || !known {
		t.Errorf("a census is known: %t, %v", known, err)
	}
}

func (l *logBuffer) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
