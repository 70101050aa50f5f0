package member

import (
	"testing"
	"time"
)

func TestAnOptOutInGhostIsAField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.subscribe(id, false)
	w.apply()
	w.expect("a@x.org", StateActive)
	w.field("a@x.org", "email_enabled", "false")
	w.subscribe(id, true)
	w.apply()
	w.field("a@x.org", "email_enabled", "true")
}

func TestAnOptOutInGhostUnsubscribesWhereTheOperatorWantsIt(t *testing.T) {
	t.Parallel()
	for name, want := range map[ResubscribePolicy]string{ResubscribeNever: StateUnsubscribed, ResubscribeGhostOptIns: StateActive} {
		t.Run("resubscribe="+string(name), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.policy.OnOptOut, w.policy.Resubscribe = OptOutUnsubscribes, name
			id := w.join("a@x.org")
			w.apply()
			w.subscribe(id, false)
			w.apply()
			w.expect("a@x.org", StateUnsubscribed)
			w.ended(id, Deactivated)
			w.free(func() { w.seen(id) })
			w.pass(time.Minute)
			w.subscribe(id, true)
			w.apply()
			w.expect("a@x.org", want)
			w.field("a@x.org", "email_enabled", "true")
		})
	}
}

func TestAnOptOutIsNotForgottenByAnEventThatLeavesItOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.OnOptOut = OptOutUnsubscribes
	id := w.join("a@x.org")
	w.subscribe(id, false)
	w.apply()
	w.expect("a@x.org", "") // never added
	w.ended(id, NotAdded)
	w.leaves = func(key string) bool { return key == "subscribed" }
	w.setLabels(id, "VIP")
	w.apply()
	w.expect("a@x.org", "")
}

func TestWhoWasNotAddedIsAddedOnceNothingSpeaksAgainstIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh = true
	delete(w.layout.Columns, FactEmailEnabled) // the change shows in no field
	id := w.join("a@x.org")
	w.edit(id, func(f *Facts, _ *Previous) { f.Suppressed = Some(true) })
	w.apply()
	w.expect("a@x.org", "")
	w.edit(id, func(f *Facts, _ *Previous) { f.Suppressed = Some(false) })
	w.apply()
	w.expect("a@x.org", StateActive)
}

func TestAnOptInInGhostUndoesAnOlderOptOutOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state string
		later bool // the opt-out is newer than the opt-in
		want  string
	}{
		"newer than an unsubscribe": {StateUnsubscribed, false, StateActive},
		"newer than a deletion":     {StateDeleted, false, StateActive},
		"older than an unsubscribe": {StateUnsubscribed, true, StateUnsubscribed},
		"newer than a bounce":       {"Bounced", false, "Bounced"},
		"newer than a suppression":  {"Suppressed", false, "Suppressed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.policy.Resubscribe = ResubscribeGhostOptIns
			id := w.join("a@x.org")
			w.subscribe(id, false)
			w.apply()
			if !c.later {
				w.optOut("a@x.org", c.state)
			}
			w.subscribe(id, true)
			if c.later {
				w.optOut("a@x.org", c.state)
			}
			w.apply()
			w.expect("a@x.org", c.want)
			w.free(func() { w.seen(id) })
		})
	}
}

func TestABounceIsNotTurnedIntoAnOptOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.OnOptOut = OptOutUnsubscribes
	id := w.join("a@x.org")
	w.apply()
	w.optOut("a@x.org", "Bounced")
	w.subscribe(id, false)
	w.apply()
	w.expect("a@x.org", "Bounced")
	w.free(func() { w.seen(id) })
}

func TestAnOptInIsComparedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.Resubscribe = ResubscribeGhostOptIns
	id := w.join("a@x.org")
	w.subscribe(id, false)
	w.subscribe(id, true)
	optIn := w.events[len(w.events)-1]
	w.apply()
	w.free(func() { w.deliver(optIn) })
}

func TestAnOptInThatNoEventToldOfIsNoNewerThanWhatIsSure(t *testing.T) {
	t.Parallel()
	for want, optOutFirst := range map[string]bool{StateActive: true, StateUnsubscribed: false} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.policy.Resubscribe = ResubscribeGhostOptIns
			id := w.join("a@x.org")
			w.apply()
			if optOutFirst {
				w.optOut("a@x.org", StateUnsubscribed)
			}
			w.subscribe(id, false)
			w.apply()
			w.subscribe(id, true)
			w.withhold() // lost
			if !optOutFirst {
				w.optOut("a@x.org", StateUnsubscribed)
			}
			w.seen(id)
			w.apply()
			w.expect("a@x.org", want)
		})
	}
}

func TestAnOptInDoesNothingWhileItIsUnknownWhenTheOptOutWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.Resubscribe = ResubscribeGhostOptIns
	id := w.join("a@x.org")
	w.subscribe(id, false)
	w.apply()
	w.optOut("a@x.org", StateUnsubscribed)
	w.at("a@x.org").date = "when?"
	w.subscribe(id, true)
	w.apply()
	w.expect("a@x.org", StateUnsubscribed)
}

func TestWhomGhostSuppressedIsTakenOffTheListOrOnlyShown(t *testing.T) {
	t.Parallel()
	for policy, want := range map[OptOutPolicy]string{OptOutUnsubscribes: StateUnsubscribed, OptOutField: StateActive} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fresh, w.policy.OnSuppressed = true, policy
			id := w.join("a@x.org")
			w.apply()
			w.edit(id, func(f *Facts, _ *Previous) { f.Suppressed = Some(true) })
			w.apply()
			w.expect("a@x.org", want)
			w.field("a@x.org", "email_enabled", "false")
			w.free(func() { w.seen(id) })
		})
	}
}

func TestWhomGhostSuppressedIsNeverAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh = true
	id := w.join("a@x.org")
	w.edit(id, func(f *Facts, _ *Previous) { f.Suppressed = Some(true) })
	w.apply()
	w.expect("a@x.org", "")
	w.ended(id, NotAdded)
	w.policy.OnSuppressed = OptOutField
	w.join("b@x.org")
	w.edit(w.byAddress("b@x.org"), func(f *Facts, _ *Previous) { f.Suppressed = Some(true) })
	w.apply()
	w.expect("b@x.org", StateActive)
}
