package member

import (
	"testing"
	"time"
)

func TestWhatWasWrittenIsForgottenDuringAWriteAndKnownAfterIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	before := w.remembered(id)
	if before.Written == (Digests{}) || before.Layout != w.layout.Fingerprint() {
		t.Fatalf("after a write: %+v", before)
	}
	w.setLabels(id, "VIP")
	w.crash = func(s Step, called bool) bool {
		if m := w.remembered(id); s.Action.Writes() && (m.Written != (Digests{}) || m.Layout != "") {
			t.Errorf("durable while a write is under way: %+v", m)
		}
		return false
	}
	w.apply()
	after := w.remembered(id)
	if after.Written.Of(FactLabels) == before.Written.Of(FactLabels) || after.Written.Of(FactStatus) != before.Written.Of(FactStatus) {
		t.Errorf("after a write of labels: %v, was %v", after.Written, before.Written)
	}
}

func TestAWriteWhoseEndIsUnknownIsRepeated(t *testing.T) {
	t.Parallel()
	for name, called := range map[string]bool{"not sent": false, "sent": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.join("a@x.org")
			w.apply()
			w.setLabels(id, "VIP")
			w.deliverAll()
			w.crashOnce(Update, called)
			w.work(id)
			w.setLabels(id) // back to what was written before the crash
			w.apply()
			w.field("a@x.org", "labels", "")
		})
	}
}

func TestNothingNewIsFree(t *testing.T) {
	t.Parallel()
	for name, fresh := range map[string]bool{"from the webhook": false, "re-read": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fresh = fresh
			id := w.join("a@x.org")
			w.apply()
			w.free(func() { w.seen(id) })
			w.ended(id, Unchanged)
		})
	}
}

func TestAnotherListOrMappingIsWrittenInFull(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(l *Layout){
		"another list":  func(l *Layout) { l.ListID = "other" },
		"another field": func(l *Layout) { l.Columns[FactStatus] = Column{Key: "state"} },
		"another type":  func(l *Layout) { l.Columns[FactSignupDate] = Column{Key: "ghost_signup_date", Date: true} },
		"a field fewer": func(l *Layout) { delete(l.Columns, FactLabels) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.join("a@x.org")
			w.apply()
			w.at("a@x.org").fields = map[string]string{}
			change(&w.layout)
			w.seen(id)
			w.apply()
			if got, want := len(w.at("a@x.org").fields), len(w.layout.Columns)-2; got != want { // of no status before
				t.Errorf("%d fields are written, want %d\n%s", got, want, w.dump())
			}
			w.free(func() { w.seen(id) })
		})
	}
}

func TestAnotherListGetsItsOwnSubscribers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.OnOptOut = OptOutUnsubscribes
	stays, leaves := w.join("a@x.org"), w.join("b@x.org")
	w.apply()
	w.subscribe(leaves, false)
	w.apply()
	w.pass(settling)
	w.layout.ListID = "other"
	w.list = map[string]*person{"b@x.org": {email: "b@x.org", state: StateActive, fields: map[string]string{}}}
	w.seen(stays)
	w.seen(leaves)
	w.apply()
	w.expect("a@x.org", StateActive)
	w.expect("b@x.org", StateUnsubscribed) // there, too, Ghost's opt-out counts
}

func TestWhatASubscriberHadSaysNothingOfTheNextOne(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]map[string]*person{
		"created anew":    {},
		"found elsewhere": {"b@x.org": {email: "b@x.org", state: StateActive, fields: map[string]string{}}},
		"found beside it": {
			"a@x.org": {email: "a@x.org", state: StateActive, fields: map[string]string{}},
			"b@x.org": {email: "b@x.org", state: StateActive, fields: map[string]string{}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.join("a@x.org")
			w.setLabels(id, "VIP")
			w.apply()
			w.pass(settling)
			w.list = next
			w.leaves = func(key string) bool { return key == "labels" }
			w.setEmail(id, "b@x.org")
			w.apply() // without the labels, which the event left out
			w.leaves = nil
			w.seen(id)
			w.apply()
			w.field("b@x.org", "labels", "VIP")
		})
	}
}

func TestAMissingSubscriberIsWaitedForIfNewAndElseCreated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after time.Duration
		move  bool
		want  Outcome
	}{
		"created a minute ago":            {time.Minute, false, StillAbsent},
		"created a minute ago, and moved": {time.Minute, true, StillAbsent},
		"created long ago":                {settling, false, Created},
		"created long ago, and moved":     {settling, true, Created},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.join("a@x.org")
			w.apply()
			w.pass(c.after)
			hidden := w.at("a@x.org")
			delete(w.list, "a@x.org")
			w.setLabels(id, "VIP")
			email := "a@x.org"
			if c.move {
				email = "b@x.org"
				w.setEmail(id, email)
			}
			w.deliverAll()
			w.work(id)
			w.ended(id, c.want)
			if c.want == StillAbsent {
				w.list["a@x.org"] = hidden
				w.apply()
			}
			w.field(email, "labels", "VIP")
			if len(w.list) != 1 {
				t.Errorf("there are %d subscribers\n%s", len(w.list), w.dump())
			}
		})
	}
}

func TestADeleteWaitsForASubscriberThatIsNotReadableYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.apply()
	hidden := w.at("a@x.org")
	delete(w.list, "a@x.org")
	w.remove(id)
	w.deliverAll()
	w.work(id)
	w.ended(id, StillAbsent)
	w.list["a@x.org"] = hidden
	w.apply()
	w.expect("a@x.org", StateUnsubscribed)
}

func TestADeleteDoesWhatTheOperatorChose(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy   DeletePolicy
		byDelete bool
		state    string
		want     Outcome
	}{
		"unsubscribe":                        {DeleteUnsubscribes, false, StateUnsubscribed, Removed},
		"delete":                             {DeleteDeletes, false, StateDeleted, Removed},
		"keep":                               {DeleteKeeps, false, StateActive, Kept},
		"unsubscribe, but of all the client": {DeleteUnsubscribes, true, StateDeleted, Removed},
		"keep, of all the client":            {DeleteKeeps, true, StateActive, Kept},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.policy.OnDelete, w.layout.RemoveByDelete = c.policy, c.byDelete
			id := w.join("a@x.org")
			w.setLabels(id, "VIP")
			w.apply()
			w.remove(id)
			w.apply()
			w.expect("a@x.org", c.state)
			w.field("a@x.org", "labels", "VIP")
			w.ended(id, c.want)
		})
	}
}

func TestAnOptOutIsADeleteWhereAnUnsubscribeReachesEveryList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.OnOptOut, w.layout.RemoveByDelete = OptOutUnsubscribes, true
	id := w.join("a@x.org")
	w.apply()
	w.subscribe(id, false)
	w.apply()
	w.expect("a@x.org", StateDeleted)
	w.remove(id)
	w.apply()
	again := w.join("a@x.org") // and it was no removal of ours
	w.apply()
	w.expect("a@x.org", StateDeleted)
	w.ended(again, OptedOutFields)
}

func TestADeleteOfSomebodyNeverWrittenLeavesTheListAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join("a@x.org")
	w.events = nil
	w.remove(id)
	w.apply()
	w.ended(id, NotOnList)
	if w.writes != 0 {
		t.Errorf("%d writes", w.writes)
	}
}
