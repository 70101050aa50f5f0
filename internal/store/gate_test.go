package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/store"
)

const (
	ghost = "ghost"
	list  = "list"
)

var quick = store.Pace{PerSecond: 1000, Burst: 1000}

func (b *bundle) atGate() store.Gate {
	b.t.Helper()
	g, slot, err := b.Pass(b.t.Context(), site, quick)
	if err != nil || slot != 0 {
		b.t.Fatalf("slot in %v, %v", slot, err)
	}
	return g
}

func (b *bundle) look() store.Gate {
	b.t.Helper()
	g, err := b.Gate(b.t.Context(), site)
	if err != nil {
		b.t.Fatal(err)
	}
	return g
}

// fail reports failures, and which of them closed the gate.
func (b *bundle) fail(upstream string, times int) (closed []int) {
	b.t.Helper()
	for i := range times {
		now, err := b.Fail(b.t.Context(), site, upstream, "no answer")
		if err != nil {
			b.t.Fatal(err)
		}
		if now {
			closed = append(closed, i+1)
		}
	}
	return closed
}

func (b *bundle) succeed(upstream string) bool {
	b.t.Helper()
	opened, err := b.Succeed(b.t.Context(), site, upstream)
	if err != nil {
		b.t.Fatal(err)
	}
	return opened
}

func (b *bundle) pause(reason string) bool {
	b.t.Helper()
	closed, err := b.Pause(b.t.Context(), site, list, reason)
	if err != nil {
		b.t.Fatal(err)
	}
	return closed
}

func TestTenFailuresInARowCloseTheGateOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if closed := b.fail(list, 9); closed != nil || !b.atGate().Open {
		t.Fatalf("closed by %v of nine", closed)
	}
	b.succeed(list)
	b.fail(ghost, 9) // another upstream's row
	if diff := cmp.Diff([]int{10}, b.fail(list, 12)); diff != "" {
		t.Errorf("closed by: %s", diff)
	}
	g := b.atGate()
	want := store.Gate{Upstream: list, Reason: "no answer", Since: b.now, Wait: time.Minute, Failures: map[string]int{list: 10, ghost: 9}}
	if diff := cmp.Diff(want, g); diff != "" {
		t.Errorf("the gate: %s", diff)
	}
	if _, _, err := b.Pass(t.Context(), "another", quick); err != nil {
		t.Error(err)
	}
	if g, err := b.Gate(t.Context(), "another"); !g.Open || err != nil {
		t.Errorf("another site: %+v, %v", g, err)
	}
}

func TestAClosedGateLetsOneProbePassAMinute(t *testing.T) {
	t.Parallel()
	for name, closes := range map[string]func(b *bundle){
		"breaker": func(b *bundle) { b.fail(list, 10) },
		"pause":   func(b *bundle) { b.pause("wrong key") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			closes(b)
			for range 3 {
				b.pass(59 * time.Second)
				if g := b.atGate(); g.Open || g.Wait != time.Second {
					t.Fatalf("early: %+v", g)
				}
				b.pass(time.Second)
				if g := b.look(); g.Open || g.Wait != 0 {
					t.Fatalf("looking: %+v", g)
				}
				if g := b.atGate(); !g.Open || !g.Probe || !g.Closed() {
					t.Fatalf("the probe: %+v", g)
				}
				if g := b.atGate(); g.Open {
					t.Fatalf("a second probe: %+v", g)
				}
				if closed := b.fail(list, 1); closed != nil { // of the probe
					t.Fatalf("closed by %v", closed)
				}
			}
		})
	}
}

func TestASuccessOfWhatClosedItOpensTheGate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fail(list, 10)
	if b.succeed(ghost) || b.look().Open {
		t.Error("another upstream's success has opened it")
	}
	if !b.succeed(list) {
		t.Error("its success has not opened it")
	}
	if diff := cmp.Diff(store.Gate{Open: true, Failures: map[string]int{}}, b.atGate()); diff != "" {
		t.Errorf("the gate: %s", diff)
	}
	if b.succeed(list) {
		t.Error("it was opened twice")
	}
	if closed := b.fail(list, 9); closed != nil {
		t.Errorf("old failures count: closed by %v", closed)
	}
}

func TestAGateThatOpenedIsToldOfOnceAndALittleLater(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.succeed(list)
	sites := []string{"another", site}
	told := func(when string, want ...string) {
		t.Helper()
		if just, err := b.Reopened(t.Context(), sites); !cmp.Equal(just, want) || err != nil {
			t.Errorf("%s: %v, %v", when, just, err)
		}
	}
	told("before")
	b.fail(list, 10)
	b.succeed(list)
	told("at once")
	b.now = b.now.Add(3 * time.Second)
	told("a little later", site)
	told("a second time")
}

func TestAProbeThatIsReturnedIsTheNextJobs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fail(list, 10)
	b.now = b.now.Add(time.Minute)
	if g, _, err := b.Pass(t.Context(), site, store.Pace{}); !g.Probe || err != nil {
		t.Fatalf("no probe: %+v, %v", g, err)
	}
	if g, _, err := b.Pass(t.Context(), site, store.Pace{}); g.Open || err != nil {
		t.Fatalf("two probes: %+v, %v", g, err)
	}
	if err := b.ReturnProbe(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	if g, _, err := b.Pass(t.Context(), site, store.Pace{}); !g.Probe || err != nil {
		t.Errorf("the returned probe is lost: %+v, %v", g, err)
	}
	b.succeed(list)
	if err := b.ReturnProbe(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	if g := b.atGate(); g.Closed() {
		t.Errorf("a probe returned late closed the gate: %+v", g)
	}
}

func TestAGateClosedByAFastClockOpensForAProbeWithinTheInterval(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := b.now
	b.now = now.Add(10 * time.Minute)
	b.fail(list, 10)
	b.now = now
	if g, _, err := b.Pass(t.Context(), site, store.Pace{}); g.Open || g.Wait > time.Minute || err != nil {
		t.Fatalf("%+v, %v", g, err)
	}
	b.now = now.Add(time.Minute)
	if g, _, err := b.Pass(t.Context(), site, store.Pace{}); !g.Probe || err != nil {
		t.Errorf("no probe a minute later: %+v, %v", g, err)
	}
}

func TestASiteThatIsHeldBackHoldsPaidJobsToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pace := store.Pace{PerSecond: 10, Burst: 20}
	if err := b.HoldBack(t.Context(), site, pace, 30*time.Second); err != nil {
		t.Fatal(err)
	}
	for _, paid := range []store.Pace{pace, {}} {
		g, slot, err := b.Pass(t.Context(), site, paid)
		if g.Held <= 25*time.Second || g.Held > 30*time.Second || slot != 0 || err != nil {
			t.Errorf("held for %v, slot in %v, %v", g.Held, slot, err)
		}
	}
}

func TestAPauseSaysWhyAndHoldsOverABreaker(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fail(list, 10)
	b.pass(time.Second)
	if !b.pause("wrong key") || b.pause("another reason") {
		t.Error("a pause is told once")
	}
	g := b.look()
	if !g.Paused || g.Reason != "wrong key" || !g.Since.Equal(b.now) || g.Wait != time.Minute {
		t.Errorf("the gate: %+v", g)
	}
	if !b.succeed(list) || !b.atGate().Open {
		t.Error("a success does not end a pause")
	}
}

func TestACrowdedSiteHandsOutItsSlotsAtTheGate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := store.Pace{PerSecond: 0.1, Burst: 1}
	b.wait(p)
	var slots []time.Duration
	for range 2 {
		g, slot, err := b.Pass(t.Context(), site, p)
		if err != nil || !g.Open {
			t.Fatalf("%+v, %v", g, err)
		}
		slots = append(slots, slot.Round(10*time.Second))
	}
	if diff := cmp.Diff([]time.Duration{10 * time.Second, 20 * time.Second}, slots); diff != "" {
		t.Errorf("slots: %s", diff)
	}
	if g, slot, err := b.Pass(t.Context(), site, store.Pace{}); !g.Open || slot != 0 || err != nil {
		t.Errorf("who has paid waits %v, %v", slot, err)
	}
}
