package alert

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Look is the lookout of processes for which the test decides.
func (w *world) Look(context.Context, []string, time.Duration) ([]Condition, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen, nil
}

func (w *world) see(c ...Condition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = c
}

func (w *world) wantTold(when string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), w.told()); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// rounds has all processes work at once.
func (w *world) rounds(all ...*Alerts) {
	var working sync.WaitGroup
	for _, a := range all {
		working.Go(func() { a.round(w.t.Context()) })
	}
	working.Wait()
}

func TestAFleetTellsOfAHundredDeathsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fleet := []*Alerts{w.process(), w.process(), w.process()}
	for i := range 100 {
		fleet[i%3].DeadLetter(site, "cm:1")
		fleet[i%3].DeadLetter("another", "cm:1")
	}
	for _, a := range fleet[:2] { // the third dies later
		if err := a.report(t.Context(), board{}); err != nil {
			t.Fatal(err)
		}
	}
	told := func(when string, want ...string) { // in whichever order two processes send
		t.Helper()
		if diff := cmp.Diff(want, slices.Sorted(slices.Values(w.told()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	w.rounds(fleet[:2]...)
	told("at once", "dead_letters another open 67", "dead_letters blog open 67")
	w.pass(time.Minute)
	w.rounds(fleet...)
	told("a minute later", "dead_letters another open 67", "dead_letters blog open 67")
	w.pass(15 * time.Minute)
	w.rounds(fleet...)
	told("after a quarter of an hour", "dead_letters another open 33", "dead_letters another open 67",
		"dead_letters blog open 33", "dead_letters blog open 67")
}

func TestAFleetTellsOnceWhatAllOfItSee(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fleet := []*Alerts{w.process(), w.process(), w.process()}
	w.see(Condition{Kind: Paused, Site: site, Lasts: true, Detail: "ghost: invalid key"})
	w.rounds(fleet...)
	w.rounds(fleet...)
	w.wantTold("while it lasts", "paused blog open 1")
	w.see(Condition{Kind: Paused, Site: site})
	w.pass(time.Minute)
	w.rounds(fleet...)
	w.rounds(fleet...)
	w.wantTold("at its end", "paused blog open 1", "paused blog resolved 0")
}

// Whatever a reason of a pause says one day.
func TestAReasonWithAnAddressIsToldWithoutIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.see(Condition{Kind: Paused, Site: site, Lasts: true, Detail: "ghost: no member jo@example.com"})
	w.process().round(t.Context())
	w.wantTold("at once", "paused blog open 1")
	if body := string(w.bodies[0]); !strings.Contains(body, "no member [address]") || strings.Contains(body, "example.com") {
		t.Errorf("sent %s", body)
	}
}

func TestAPurchaseWithoutATierIsToldWithItsProductOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.process()
	a.UnmappedPurchase(site, "stripe", "prod_123")
	a.UnmappedPurchase("shop", "kofi", "for Jo <jo@example.com>")
	a.round(t.Context())
	w.wantTold("at once", "unmapped_purchase blog open 1", "unmapped_purchase shop open 1")
	if got := []string{w.got[0].Detail, w.got[1].Detail}; !cmp.Equal(got, []string{"product prod_123 of stripe", "product (unreadable) of kofi"}) {
		t.Errorf("told %q", got)
	}
}

func TestAReceiverThatIsDownGetsItLaterFromAnotherProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.process(), w.process()
	w.does(func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "no", http.StatusForbidden) })
	first.DeadLetter(site, "cm:1")
	for range 5 { // it leaves the receiver alone meanwhile
		first.round(t.Context())
		first.DeadLetter(site, "cm:1")
	}
	w.takes()
	first.round(t.Context())
	w.wantTold("at once after")
	w.pass(time.Minute)
	second.round(t.Context())
	w.wantTold("a minute later", "dead_letters blog open 6")
	if n := strings.Count(w.log.String(), `"alert.failed"`); n != 1 {
		t.Errorf("the log says %d times that the receiver fails", n)
	}
	if text := w.metric(); !strings.Contains(text, `ghostcm_alerts_total{alert="dead_letters",result="failed"} 1`) ||
		!strings.Contains(text, `ghostcm_alerts_total{alert="dead_letters",result="sent"} 1`) {
		t.Errorf("the counters say %s", text)
	}
	if log := w.log.String(); strings.Contains(log, "token-of-the-receiver") || strings.Contains(log, secret) {
		t.Errorf("the log has the receiver's token, or the secret: %s", log)
	}
}

func TestOneMessageThatIsRefusedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.process()
	a.DeadLetter("aaa", "")
	w.does(func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "no", http.StatusBadRequest) })
	a.round(t.Context())
	w.takes()
	a.DeadLetter("zzz", "")
	w.pass(holdFirst)
	a.round(t.Context())
	w.wantTold("afterwards", "dead_letters zzz open 1")
}

func TestReportsNeverWaitAndAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.process()
	w.redis.Kill()
	for i := range 3 * newsAtMost {
		a.DeadLetter(strings.Repeat("x", i%(2*newsAtMost)), "")
	}
	if n := len(a.news); n != newsAtMost {
		t.Errorf("%d wait", n)
	}
}

func TestWhatRedisDidNotTakeIsToldWhenItIsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.process()
	w.redis.Kill()
	for range 3 {
		a.DeadLetter(site, "")
		a.round(t.Context())
	}
	w.redis.Restart()
	deadline := time.Now().Add(20 * time.Second)
	for len(w.told()) == 0 && time.Now().Before(deadline) {
		a.round(t.Context())
	}
	w.wantTold("when Redis is back", "dead_letters blog open 3")
	if n := strings.Count(w.log.String(), `"alert.unkept"`); n != 1 {
		t.Errorf("the log says it %d times", n)
	}
}

func TestWithoutAReceiverNothingIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.process()
	a.Settings = func() Settings { return Settings{Sites: []string{site}} }
	w.see(Condition{Kind: Paused, Site: site, Lasts: true})
	a.DeadLetter(site, "")
	a.round(t.Context())
	kept, err := w.store.Alerts(t.Context())
	if err != nil || len(kept) > 0 || len(a.news) > 0 {
		t.Errorf("kept %v, %v, %v", kept, a.news, err)
	}
}

func TestAStoppingProcessSendsWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.process()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	for len(a.turn) == 0 {
		time.Sleep(time.Millisecond)
	}
	a.DeadLetter(site, "") // waits for others that may die with it
	stop()
	running.Wait()
	w.wantTold("once it has stopped", "dead_letters blog open 1")
}

// A process that serves and works has two, and the server ends first.
func TestOfTwoRunsTheSecondTakesOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.process()
	serving, stopServing := context.WithCancel(t.Context())
	working, stopWorking := context.WithCancel(t.Context())
	var server, worker sync.WaitGroup
	server.Go(func() { a.Run(serving) })
	for len(a.turn) == 0 {
		time.Sleep(time.Millisecond)
	}
	worker.Go(func() { a.Run(working) })
	stopServing()
	server.Wait()
	for len(a.turn) == 0 {
		time.Sleep(time.Millisecond)
	}
	a.DeadLetter(site, "")
	stopWorking()
	worker.Wait()
	w.wantTold("once both have stopped", "dead_letters blog open 1")
}

func TestAStoppingProcessLeavesWhatASlowReceiverDoesNotTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.process()
	reached, release := make(chan struct{}), make(chan struct{})
	w.does(func(http.ResponseWriter, *http.Request) {
		select {
		case reached <- struct{}{}:
		default:
		}
		<-release
	})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	a.DeadLetter(site, "")
	<-reached
	stop()
	began := time.Now()
	running.Wait()
	close(release)
	if took := time.Since(began); took > closing+20*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	w.takes()
	w.pass(time.Hour)
	w.process().round(t.Context())
	w.wantTold("by another process", "dead_letters blog open 1")
}

// stubborn is a board that another process changes before each of ours.
type stubborn struct{ Board }

func (stubborn) SwapAlert(context.Context, string, string, string) (bool, error) { return false, nil }

func TestAProcessThatIsNeverFirstGivesUpForNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.process()
	a.Board = stubborn{w.store}
	a.DeadLetter(site, "")
	if err := a.report(t.Context(), board{}); !errors.Is(err, errContended) {
		t.Errorf("got %v", err)
	}
	a.Board = w.store
	a.round(t.Context())
	w.wantTold("afterwards", "dead_letters blog open 1")
}
