package member

import "testing"

// movedUnseen is a member who is on the list as old@x.org in some state, and whose
// change to new@x.org is read from Ghost before its news comes.
func movedUnseen(t *testing.T, state string) (w *world, id string) {
	t.Helper()
	w = newWorld(t)
	w.fresh = true
	id = w.join("old@x.org")
	w.withhold() // long ago
	w.list["old@x.org"] = &person{email: "old@x.org", state: state, date: "1", fields: map[string]string{}}
	w.setLabels(id, "reader")
	w.setEmail(id, "new@x.org")
	news := w.withhold()
	w.apply()
	w.expect("new@x.org", StateActive) // nobody could know
	w.deliver(news)
	w.apply()
	return w, id
}

func TestAnOptOutUnderAnAddressThatWeLearnOfLateHoldsForTheNewOne(t *testing.T) {
	t.Parallel()
	for _, state := range []string{StateUnsubscribed, "Bounced", StateDeleted} {
		w, id := movedUnseen(t, state)
		w.expect("new@x.org", StateUnsubscribed)
		w.expect("old@x.org", state)
		w.setLabels(id, "reader", "writer")
		w.apply()
		w.expect("new@x.org", StateUnsubscribed)
		w.field("new@x.org", "labels", "reader,writer")
		w.free(func() { w.seen(id) })
	}
}

func TestASubscriberAtAnAddressThatWeLearnOfLateIsRemoved(t *testing.T) {
	t.Parallel()
	w, id := movedUnseen(t, StateActive)
	w.expect("new@x.org", StateActive)
	w.expect("old@x.org", StateDeleted)
	w.free(func() { w.seen(id) })
}

// Old news of an address says nothing of who has come to it since.
func TestAnAddressInOldNewsIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh = true
	id := w.join("old@x.org")
	w.apply()
	w.setEmail(id, "new@x.org")
	news := w.withhold()
	w.deliver(news)
	w.apply()
	w.setLabels(id, "reader")
	w.apply()
	w.list["old@x.org"] = &person{email: "old@x.org", state: StateActive, date: "1", fields: map[string]string{}}
	w.deliver(news)
	w.apply()
	w.expect("old@x.org", StateActive)
	w.expect("new@x.org", StateActive)
}

// What is known of the subscriber at one address is not known of another's.
func TestWhoOptedOutInGhostIsNotActiveAtAnAddressThatWasOnTheList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.OnOptOut = OptOutUnsubscribes
	id := w.join("old@x.org")
	w.subscribe(id, false)
	w.apply()
	w.expect("old@x.org", "")
	w.list["new@x.org"] = &person{email: "new@x.org", state: StateActive, date: "1", fields: map[string]string{}}
	w.setEmail(id, "new@x.org")
	w.apply()
	w.expect("new@x.org", StateUnsubscribed)
}
