package member

import (
	"testing"
	"time"
)

// status compares what the list shows of a member's status and its past.
func (w *world) status(email, now, before string, changedAt time.Time) {
	w.Helper()
	w.field(email, "status", now)
	w.field(email, "previous_status", before)
	at := ""
	if !changedAt.IsZero() {
		at = changedAt.UTC().Format(time.RFC3339)
	}
	w.field(email, "status_changed_at", at)
}

func TestTheFirstStatusHasNoPast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a@x.org")
	w.apply()
	w.status("a@x.org", "free", "", time.Time{})
}

func TestAStatusRemembersTheOneBeforeAndWhen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.setStatus(id, "paid")
	changed := w.now()
	w.apply()
	w.status("a@x.org", "paid", "free", changed)

	w.setLabels(id, "VIP")
	w.setEmail(id, "b@x.org")
	w.apply()
	w.status("b@x.org", "paid", "free", changed)

	w.setStatus(id, "comped")
	changed = w.now()
	w.setLabels(id)
	w.apply()
	w.status("b@x.org", "comped", "paid", changed)
}

func TestABurstKeepsTheLastChangeOfStatus(t *testing.T) {
	t.Parallel()
	for name, fresh := range map[string]bool{"from the webhook": false, "re-read": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fresh = fresh
			id := w.join("a@x.org")
			w.setStatus(id, "paid")
			w.setStatus(id, "free")
			changed := w.now()
			w.seen(id)
			w.apply()
			w.status("a@x.org", "free", "paid", changed)
		})
	}
}

func TestADuplicateDoesNotDisturbTheStatusHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.setStatus(id, "paid")
	first := w.events[0]
	w.apply()
	w.setStatus(id, "comped")
	changed, last := w.now(), w.events[0]
	w.apply()
	for _, e := range []Event{first, last, first} {
		w.free(func() { w.deliver(e) })
		w.status("a@x.org", "comped", "paid", changed)
	}
	w.deliver(first) // together with something new
	w.setLabels(id, "VIP")
	w.apply()
	w.status("a@x.org", "comped", "paid", changed)
}

func TestAChangeOfStatusThatNoEventToldOfIsNoticed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	w.setStatus(id, "comped")
	w.events = nil // lost
	w.seen(id)
	w.apply()
	w.status("a@x.org", "comped", "free", w.remembered(id).StatusChangedAt)
}

func TestAStatusTheFieldsDoNotKnowPassesThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setStatus(w.join("a@x.org"), "gift\u202e")
	w.apply()
	w.field("a@x.org", "status", "gift")
}
