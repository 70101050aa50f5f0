package member

import (
	"testing"
)

// expect compares a subscriber's state; "" means that there is none.
func (w *world) expect(email, state string) {
	w.Helper()
	got := ""
	if p := w.at(email); p != nil {
		got = p.state
	}
	if got != state {
		w.Errorf("%s is %q, want %q\n%s", email, got, state, w.dump())
	}
}

// ended compares how the last job of a member ended.
func (w *world) ended(id string, want Outcome) {
	w.Helper()
	if got := w.outcome[id]; got != want {
		w.Errorf("the job ended as %q, want %q\n%s", got, want, w.dump())
	}
}

// field compares a custom field.
func (w *world) field(email, field, want string) {
	w.Helper()
	p := w.at(email)
	if p == nil {
		w.Fatalf("%s is not on the list\n%s", email, w.dump())
	}
	if got := p.fields["ghost_"+field]; got != want {
		w.Errorf("%s of %s is %q, want %q\n%s", field, email, got, want, w.dump())
	}
}

// free checks that what was told cost no call at all.
func (w *world) free(what func()) {
	w.Helper()
	reads, writes := w.reads, w.writes
	what()
	w.apply()
	if r, n := w.reads-reads, w.writes-writes; r+n != 0 {
		w.Errorf("%d reads and %d writes for nothing\n%s", r, n, w.dump())
	}
}

func TestALateDeleteOfAnOldIDLeavesTheOneWhoJoinedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.join("a@x.org")
	w.apply()
	w.remove(old)
	late := w.withhold()
	w.join("A@x.org")
	w.apply()
	w.deliver(late)
	w.apply()
	w.expect("a@x.org", StateActive)
	w.ended(old, NotOnList)
}

func TestALateEditOfAnOldIDDoesNotTakeTheAddressBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.join("a@x.org")
	w.apply()
	w.setLabels(old, "old")
	edit := w.withhold()
	w.remove(old)
	remove := w.withhold()
	w.join("a@x.org")
	w.setLabels(w.byAddress("a@x.org"), "new")
	w.apply()
	w.deliver(edit)
	w.apply()
	w.ended(old, Superseded)
	w.deliver(remove)
	w.apply()
	w.field("a@x.org", "labels", "new")
	w.expect("a@x.org", StateActive)
}

func (w *world) byAddress(email string) string {
	for id, f := range w.ghost {
		if SameAddress(f.Email.Value, email) {
			return id
		}
	}
	w.Fatalf("nobody has %s", email)
	return ""
}

func TestTwoMembersCanSwapAddresses(t *testing.T) {
	t.Parallel()
	for name, deliver := range map[string]func(w *world, events []Event){
		"in order":     func(w *world, events []Event) { w.deliverEach(events) },
		"last first":   func(w *world, events []Event) { w.deliverEach([]Event{events[2], events[1], events[0]}) },
		"middle first": func(w *world, events []Event) { w.deliverEach([]Event{events[1], events[0], events[2]}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			one, two := w.join("a@x.org"), w.join("b@x.org")
			w.setLabels(one, "one")
			w.setLabels(two, "two")
			w.apply()
			w.setEmail(one, "c@x.org")
			w.setEmail(two, "a@x.org")
			w.setEmail(one, "b@x.org")
			events := w.events
			w.events = nil
			deliver(w, events)
			w.field("a@x.org", "labels", "two")
			w.field("b@x.org", "labels", "one")
			w.expect("a@x.org", StateActive)
			w.expect("b@x.org", StateActive)
			if c := w.at("c@x.org"); c != nil && c.state == StateActive {
				t.Errorf("the address between is active\n%s", w.dump())
			}
		})
	}
}

func (w *world) deliverEach(events []Event) {
	w.Helper()
	for _, e := range events {
		w.deliver(e)
		w.apply()
	}
}

func TestAnAddressChangesInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.optOut("a@x.org", StateUnsubscribed)
	w.setEmail(id, "b@x.org")
	w.apply()
	w.ended(id, AddressChanged)
	w.expect("a@x.org", "")
	w.expect("b@x.org", StateUnsubscribed)
}

func TestAnOptOutMovesWithThePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.address["a@x.org"] = Address{Owner: id, OptOut: &OptOut{State: StateUnsubscribed}}
	w.optOut("a@x.org", StateUnsubscribed)
	w.setEmail(id, "b@x.org")
	w.apply()
	w.join("a@x.org")
	w.apply()
	w.expect("a@x.org", StateActive)
	delete(w.list, "b@x.org") // and what is remembered of them outlives the subscriber
	w.setLabels(id, "VIP")
	w.apply()
	w.ended(id, NotAdded)
	w.expect("b@x.org", "")
}

func TestAnAddressThatIsTakenIsUpdatedAndTheOldOneDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.list["b@x.org"] = &person{email: "b@x.org", state: StateActive, fields: map[string]string{}}
	id := w.join("a@x.org")
	w.apply()
	w.setEmail(id, "b@x.org")
	w.setLabels(id, "VIP")
	w.apply()
	w.field("b@x.org", "labels", "VIP")
	w.expect("b@x.org", StateActive)
	w.expect("a@x.org", StateDeleted) // whatever ON_DELETE says: the person did not leave
}

func TestAnAddressChangeIsNotRepeatedAfterACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.setEmail(id, "b@x.org")
	w.crashOnce(Update, true)
	w.apply()
	w.expect("a@x.org", "")
	w.expect("b@x.org", StateActive)
	w.ended(id, AddressChanged)
	if len(w.list) != 1 {
		t.Errorf("there are %d subscribers\n%s", len(w.list), w.dump())
	}
}

// crashOnce lets the worker die at the next such step: before its call, or
// after it.
func (w *world) crashOnce(action Action, called bool) {
	w.crash = func(s Step, now bool) bool {
		if s.Action != action || now != called {
			return false
		}
		w.crash = nil
		return true
	}
}

func TestEveryAddressOfABurstIsRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.setEmail(id, "b@x.org")
	w.setEmail(id, "c@x.org")
	w.remove(id)
	w.apply()
	w.expect("a@x.org", StateUnsubscribed)
	w.ended(id, Removed)
}

func TestABurstOfMovesIsOneWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.setEmail(id, "b@x.org")
	w.setLabels(id, "VIP")
	w.setStatus(id, "paid")
	w.setEmail(id, "c@x.org")
	w.writes = 0
	w.apply()
	w.field("c@x.org", "labels", "VIP")
	w.field("c@x.org", "status", "paid")
	if w.writes != 1 || len(w.list) != 1 {
		t.Errorf("%d writes, %d subscribers\n%s", w.writes, len(w.list), w.dump())
	}
}

func TestABadAddressIsRejectedAndTheNextOneTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func(s Step) (Result, bool) {
		return Result{Answer: BadAddress}, s.At == "bad" || s.Want.Email == "bad"
	}
	id := w.join("bad")
	w.apply()
	w.ended(id, InvalidAddress)
	w.setEmail(id, "a@x.org")
	w.apply()
	w.ended(id, Created)
	w.setEmail(id, "bad")
	w.apply()
	w.ended(id, InvalidAddress)
	w.expect("a@x.org", StateActive)
	w.remove(id)
	w.apply()
	w.ended(id, Removed)
	if bad := w.address["bad"]; bad.OptOut != nil {
		t.Errorf("what is no address is remembered as opted out: %v", bad.OptOut)
	}
}

// What the fleet's test found: a worker died when it had claimed an address for its
// member and not yet written it; once the member had moved on, nobody else's removal
// or change reached the subscriber who was there.
func TestAnAddressThatWasOnlyClaimedIsLeftToNobody(t *testing.T) {
	t.Parallel()
	for name, claimerFirst := range map[string]bool{"the claimer first": true, "the former owner first": false} {
		for _, stays := range []bool{true, false} {
			for _, called := range []bool{false, true} {
				w := newWorld(t)
				w.fresh = true
				former, claimer := w.join("a@x.org"), w.join("b@x.org")
				w.apply()
				w.setEmail(former, "c@x.org")
				news := w.withhold()
				w.setEmail(claimer, "a@x.org")
				w.deliverAll()
				w.crashOnce(Update, called)
				w.work(claimer)
				w.setEmail(claimer, "d@x.org")
				if stays {
					w.deliver(news)
				} else {
					w.remove(former)
				}
				w.deliverAll()
				order := []string{former, claimer}
				if claimerFirst {
					order = []string{claimer, former}
				}
				for _, id := range order {
					w.work(id)
				}
				w.apply()
				if p := w.at("a@x.org"); p != nil && p.state == StateActive {
					t.Errorf("%s, stays %t, called %t: a@x.org is still active", name, stays, called)
				}
				w.expect("d@x.org", StateActive)
				if stays {
					w.expect("c@x.org", StateActive)
				}
			}
		}
	}
}

// What the fleet's test found: a member who was new, changed the address and left, and
// of whose change no answer came, was looked for at the old address for ten minutes.
func TestANewMemberWhoMovedAndLeftIsNotWaitedForAtTheOldAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.setEmail(id, "b@x.org")
	w.deliverAll()
	w.crashOnce(Update, true)
	w.work(id)
	w.remove(id)
	began := w.clock
	w.apply()
	w.expect("a@x.org", "")
	w.expect("b@x.org", StateUnsubscribed)
	if waited := w.clock - began; waited >= settlingRetry.Milliseconds() {
		t.Errorf("it was waited for %d ms", waited)
	}
}

// What the fleet's test found: whoever left an address for a moment, of which no job
// told, and came back, was taken for being there still; in between it was another's,
// who took the subscriber along.
func TestWhoComesBackToAnAddressThatWasAnothersMeanwhileIsWrittenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.join("a@x.org"), w.join("b@x.org")
	w.apply()
	w.setEmail(one, "c@x.org")
	late := w.withhold()
	w.setEmail(two, "a@x.org")
	w.apply()
	w.setEmail(two, "d@x.org")
	w.apply()
	w.setEmail(one, "a@x.org")
	w.deliver(late)
	w.deliverAll()
	w.apply()
	w.expect("a@x.org", StateActive)
	w.expect("d@x.org", StateActive)
}
