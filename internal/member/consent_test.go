package member

import (
	"testing"
)

func TestWhoWeRemovedIsActiveAgainAfterJoiningAgain(t *testing.T) {
	t.Parallel()
	for _, policy := range []DeletePolicy{DeleteUnsubscribes, DeleteDeletes} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.policy.OnDelete = policy
			w.remove(w.join("a@x.org"))
			w.apply()
			id := w.join("a@x.org")
			w.apply()
			w.remove(id)
			w.apply()
			again := w.join("a@x.org")
			w.apply()
			w.expect("a@x.org", StateActive)
			w.ended(again, Resubscribed)
		})
	}
}

func TestWhatChangedSinceOurRemovalIsAnOptOut(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world){
		"another date":  func(w *world) { w.optOut("a@x.org", StateUnsubscribed) },
		"another state": func(w *world) { w.optOut("a@x.org", "Bounced") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.join("a@x.org")
			w.apply()
			w.remove(w.byAddress("a@x.org"))
			w.apply()
			change(w)
			state := w.at("a@x.org").state
			id := w.join("a@x.org")
			w.apply()
			w.expect("a@x.org", state)
			w.ended(id, OptedOutFields)
		})
	}
}

func TestARemovalIsRecognisedThoughItsWorkerDied(t *testing.T) {
	t.Parallel()
	for name, called := range map[string]bool{"before the call": false, "after the call": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.join("a@x.org")
			w.apply()
			w.remove(id)
			w.deliverAll()
			w.crashOnce(Unsubscribe, called)
			w.work(id)
			w.join("a@x.org") // before anyone looks at the removal again
			late := w.inbox[id]
			delete(w.inbox, id)
			w.apply()
			w.inbox[id] = late
			w.apply()
			w.expect("a@x.org", StateActive)
		})
	}
}

func TestWhoHadOptedOutStaysOutAfterJoiningAgain(t *testing.T) {
	t.Parallel()
	for _, state := range []string{StateUnsubscribed, StateDeleted, "Bounced", "Suppressed"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.join("a@x.org")
			w.apply()
			w.optOut("a@x.org", state)
			w.remove(id)
			w.apply()
			w.ended(id, NotOnList)
			again := w.join("a@x.org")
			w.apply()
			w.expect("a@x.org", state)
			w.ended(again, OptedOutFields)
			delete(w.list, "a@x.org")
			w.setLabels(again, "VIP")
			w.apply()
			w.expect("a@x.org", "")
			w.ended(again, NotAdded)
		})
	}
}

func TestAnOptOutOutlivesItsSubscriber(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(w *world, id string) string{
		"in Campaign Monitor, seen when the member left": func(w *world, id string) string {
			w.optOut("a@x.org", StateUnsubscribed)
			w.remove(id)
			w.apply()
			delete(w.list, "a@x.org")
			return w.join("a@x.org")
		},
		"in Ghost": func(w *world, id string) string {
			w.subscribe(id, false)
			w.apply()
			w.pass(settling)
			delete(w.list, "a@x.org")
			w.subscribe(id, true)
			return id
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.policy.OnOptOut = OptOutUnsubscribes
			id := w.join("a@x.org")
			w.apply()
			id = leave(w, id)
			w.apply()
			w.ended(id, NotAdded)
			w.expect("a@x.org", "")
		})
	}
}

func TestARemovalThatShowsLateIsStillOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.remove(id)
	reads := 0
	w.answer = func(s Step) (Result, bool) {
		if s.Action == Read {
			reads++
		}
		return Result{State: StateActive}, s.Action == Read && reads == 2
	}
	w.deliverAll()
	w.work(id)
	w.ended(id, StillThere)
	w.apply()
	w.join("a@x.org")
	w.apply()
	w.expect("a@x.org", StateActive)
}

func TestWhoIsYetToConfirmIsUpdatedOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.remove(w.join("a@x.org"))
	w.apply()
	w.join("a@x.org")
	w.apply()
	w.remove(w.byAddress("a@x.org"))
	w.apply()
	w.turn(w.at("a@x.org"), StateUnconfirmed) // signed up on a form meanwhile
	id := w.join("a@x.org")
	w.setLabels(id, "VIP")
	w.apply()
	w.expect("a@x.org", StateUnconfirmed)
	w.field("a@x.org", "labels", "VIP")
}

func TestARefusedImportUpdatesTheFieldsOnly(t *testing.T) {
	t.Parallel()
	for code, answer := range map[string]Answer{"204": OptedOut, "205": OptedOut, "206": OptedOut, "207": OptedOut, "208": Unconfirmed} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.list["a@x.org"] = &person{email: "a@x.org", state: "Refused", fields: map[string]string{}}
			w.answer = func(s Step) (Result, bool) { return Result{Answer: answer, Code: code}, s.Action == Import }
			id := w.join("a@x.org")
			w.setLabels(id, "VIP")
			w.apply()
			w.expect("a@x.org", "Refused")
			w.field("a@x.org", "labels", "VIP")
			if optOut := w.address["a@x.org"].OptOut; (optOut != nil) != (answer == OptedOut) || optOut != nil && optOut.State != code {
				t.Errorf("remembered as %v", optOut)
			}
		})
	}
}

func TestAnOptOutHoldsAtAnAddressWhoseSubscriberWeRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.remove(w.join("b@x.org"))
	w.apply()
	w.join("b@x.org")
	w.apply()
	w.remove(w.byAddress("b@x.org"))
	w.apply()
	id := w.join("a@x.org")
	w.apply()
	w.optOut("a@x.org", StateUnsubscribed)
	w.setEmail(id, "b@x.org")
	w.apply()
	w.expect("a@x.org", StateUnsubscribed)
	w.expect("b@x.org", StateUnsubscribed)
}

// An opt-out goes where the person goes, and leaves nothing at an address that the
// person had in Ghost alone: whoever has that next never opted out.
func TestAnOptOutStaysAtNoAddressThatItNeverReached(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"written at each address": false, "the second change comes while the first is written": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fresh = true
			left := w.join("a@x.org")
			w.apply()
			w.optOut("a@x.org", StateUnsubscribed)
			w.setEmail(left, "b@x.org")
			w.events = nil
			other := w.join("a@x.org") // has the address from now on
			w.apply()
			w.crash = func(s Step, _ bool) bool { return late && s.Action.Writes() }
			w.seen(left)
			w.deliverAll()
			w.work(left)
			w.crash = nil
			w.setEmail(left, "c@x.org")
			w.apply()
			w.expect("b@x.org", "")
			w.expect("c@x.org", "") // nobody is added who opted out
			next := w.join("b@x.org")
			w.apply()
			w.expect("b@x.org", StateActive)
			if owner := w.address["b@x.org"].Owner; owner != next {
				t.Errorf("b@x.org is %s's", owner)
			}
			w.setEmail(left, "d@x.org")
			w.apply()
			w.expect("d@x.org", "")
			w.expect("a@x.org", StateUnsubscribed)
			w.ended(other, OptedOutFields)
		})
	}
}

// What somebody did at an address holds for the address where they go, also if
// Campaign Monitor has forgotten the subscriber.
func TestAnOptOutGoesAlongThoughItsSubscriberIsGone(t *testing.T) {
	t.Parallel()
	for name, bySync := range map[string]bool{"told by a webhook": false, "found by a sync": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fresh = true
			id := w.join("a@x.org")
			w.apply()
			w.optOut("a@x.org", StateUnsubscribed)
			w.sync()
			w.pass(settling)
			delete(w.list, "a@x.org")
			w.setEmail(id, "b@x.org")
			if bySync {
				w.events = nil
				w.converge()
			}
			w.apply()
			w.expect("b@x.org", "")
			if a, b := w.address["a@x.org"].OptOut, w.address["b@x.org"].OptOut; a == nil || b == nil {
				t.Errorf("%v at the old address, %v at the new one", a, b)
			}
		})
	}
}
