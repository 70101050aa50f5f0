package member

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestALateEditChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.setLabels(id, "old")
	late := w.withhold()
	w.setLabels(id, "new")
	w.apply()
	w.free(func() { w.deliver(late) })
	w.field("a@x.org", "labels", "new")
}

func TestAnEventOfTheSameTimeIsApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.setLabels(id, "one")
	w.apply()
	f := w.ghost[id]
	f.Labels = Some([]string{"two"})
	w.send(Event{Type: Edited, Facts: f, SentAt: w.now()})
	w.events[0].SentAt = millis(w.remembered(id).AppliedAt)
	w.apply()
	w.field("a@x.org", "labels", "two")
}

func TestALateEventStillTellsWhatTheNewerOneLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.setLabels(id, "VIP")
	late := w.withhold()
	w.leaves = func(key string) bool { return key == "labels" }
	w.setStatus(id, "paid")
	w.apply()
	w.field("a@x.org", "labels", "")
	w.setTiers(id, "Gold")
	w.apply() // the gap is remembered over several events
	w.deliver(late)
	w.apply()
	w.field("a@x.org", "labels", "VIP")
	w.field("a@x.org", "status", "paid")
	w.leaves = nil
	w.setLabels(id, "new")
	w.apply()
	w.free(func() { w.deliver(late) })
	w.field("a@x.org", "labels", "new")
}

func TestAnEventWithoutASendTimeIsOlderThanAnyOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.events[0].SentAt = time.Time{}
	w.apply()
	w.expect("a@x.org", StateActive)
	w.setLabels(id, "VIP")
	w.apply()
	f := w.ghost[id]
	f.Labels = Some([]string{"old"})
	w.free(func() { w.send(Event{Type: Edited, Facts: f}) })
	w.field("a@x.org", "labels", "VIP")
	w.send(Event{Type: Deleted, Facts: f})
	w.apply()
	w.expect("a@x.org", StateUnsubscribed)
}

func TestADeleteBeatsLaterSendTimes(t *testing.T) {
	t.Parallel()
	for name, together := range map[string]bool{"in one entry": true, "one after the other": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.join("a@x.org")
			w.apply()
			f := w.ghost[id]
			w.remove(id)
			if !together {
				w.apply()
				w.ended(id, Removed)
			}
			f.Labels = Some([]string{})
			w.send(Event{Type: Edited, Facts: f, SentAt: w.now().Add(time.Hour)})
			w.apply()
			w.expect("a@x.org", StateUnsubscribed)
			w.send(Event{Type: Added, Facts: f, SentAt: w.now().Add(2 * time.Hour)})
			w.apply()
			w.ended(id, Superseded)
			w.expect("a@x.org", StateUnsubscribed)
		})
	}
}

func TestAMemberWhoVanishedAndIsSeenAgainIsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh = true
	id := w.join("a@x.org")
	w.setLabels(id, "VIP")
	w.apply()
	hidden := w.ghost[id]
	w.seen(id)
	delete(w.ghost, id) // the site was given another site's URL
	w.apply()
	w.expect("a@x.org", StateUnsubscribed)
	w.ghost[id] = hidden
	w.seen(id)
	w.apply()
	w.expect("a@x.org", StateActive)
	w.field("a@x.org", "labels", "VIP")
}

func TestAMemberWhoVanishedAndWasDeletedIsNotBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fresh = true
	id := w.join("a@x.org")
	w.apply()
	f := w.ghost[id]
	w.remove(id)
	late := w.withhold()
	w.send(Event{Type: Edited, Facts: f, SentAt: w.now()})
	w.apply() // finds a 404
	w.deliver(late)
	w.apply()
	if m := w.remembered(id); m.DeletedAt == 0 || m.Vanished {
		t.Errorf("remembered as %+v", m)
	}
	w.send(Event{Type: Edited, Facts: f, SentAt: w.now().Add(time.Hour)})
	w.apply()
	w.expect("a@x.org", StateUnsubscribed)
}

// Nobody told that the member was deleted: a sync asked Ghost, which may have been
// another site's.
func TestAMemberWhoseDeletionWasInferredIsBackWhenGhostShowsIt(t *testing.T) {
	t.Parallel()
	for name, told := range map[string]bool{"nobody told of it": false, "a webhook tells of it later": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fresh = true
			id := w.join("a@x.org")
			w.apply()
			f := w.ghost[id]
			w.pass(time.Second)
			w.send(Event{Type: Deleted, Inferred: true, Facts: Facts{ID: id, Email: f.Email}, SentAt: w.now()})
			w.apply()
			w.expect("a@x.org", StateUnsubscribed)
			if told {
				w.remove(id)
				w.apply()
				w.ghost[id] = f
			}
			w.seen(id)
			w.apply()
			want := StateActive
			if told {
				want = StateUnsubscribed
			}
			w.expect("a@x.org", want)
		})
	}
}

// drawnEvent is any event of one member.
func drawnEvent(t *rapid.T) Event {
	at := time.UnixMilli(rapid.Int64Range(1, 6).Draw(t, "sent"))
	e := Event{Type: rapid.SampledFrom([]EventType{Added, Edited, Edited, Deleted}).Draw(t, "type"), SentAt: at, Facts: Facts{ID: "id"}}
	e.Inferred = e.Type == Deleted && rapid.Bool().Draw(t, "inferred")
	text := rapid.SampledFrom([]string{"", "a", "b", "ü,"})
	if rapid.Bool().Draw(t, "tells email") {
		e.Facts.Email = Some(text.Draw(t, "email"))
		e.Previous.Email = Some(text.Draw(t, "previous email"))
	}
	if rapid.Bool().Draw(t, "tells labels") {
		e.Facts.Labels = Some(rapid.SliceOfN(text, 0, 2).Draw(t, "labels"))
	}
	if rapid.Bool().Draw(t, "tells status") {
		e.Facts.Status, e.Previous.Status = Some(text.Draw(t, "status")), Some(text.Draw(t, "previous status"))
		e.Previous.Subscribed = Some(rapid.Bool().Draw(t, "was subscribed"))
	}
	return e
}

func TestEntriesMergeInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(drawnEvent), 1, 6).Draw(t, "events")
		order := rapid.Permutation(events).Draw(t, "order")
		one, other := mergeAll(events), mergeAll(order)
		if diff := cmp.Diff(one, other); diff != "" {
			t.Fatalf("in another order (-one +other):\n%s", diff)
		}
		if diff := cmp.Diff(one, one.Merge(other)); diff != "" {
			t.Fatalf("twice (-once +twice):\n%s", diff)
		}
		for _, e := range events {
			if p := e.Previous.Email; p.Value != "" && !slices.Contains(one.Addresses, p.Value) {
				t.Fatalf("%q is forgotten: %v", p.Value, one.Addresses)
			}
		}
	})
}

func mergeAll(events []Event) Entry {
	all := Entry{ID: "id"}
	for _, e := range events {
		all = all.Merge(EntryOf(e))
	}
	return all
}
