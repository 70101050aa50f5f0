package member

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// sync does what a full sync does: every member of Ghost is held against what the
// list shows, and what an import can do is done so; the rest is left to workers,
// who re-read the member and believe nothing that is remembered of the list. It
// returns how many writes it made and jobs it left.
func (w *world) sync() (writes, jobs int) {
	w.Helper()
	c := new(Case)
	for _, id := range slices.Sorted(maps.Keys(w.ghost)) {
		facts := w.ghost[id]
		facts.Suppressed = Some(facts.Suppressed.Value)
		in := Input{Entry: Entry{ID: id}, Fresh: &facts, Memory: w.remembered(id), Policy: w.policy, Layout: w.layout.Settled(),
			Now: w.now(), Addresses: maps.Clone(w.address)}
		for _, email := range in.Emails() {
			in.Shown = append(in.Shown, w.sighting(email))
		}
		c.removed.add("a@x.org") // of a case that went on
		c.taken, c.written, c.changed, c.former, c.outcome = true, true, true, []string{"c@x.org"}, InvalidAddress
		c.Reset(in)
		w.asNew(c, in)
		switch step := c.Next(); {
		case step.Action == Finish:
			w.save(c)
		case w.importable(c, step):
			writes++
			if !w.do(c, step) {
				return writes, jobs
			}
			if end := c.Next(); end.Action != Finish {
				w.Fatalf("an import left something to do: %+v\n%s", end, w.dump())
			}
			w.save(c)
		default:
			jobs++
			w.mark(id)
		}
	}
	return writes, jobs
}

// asNew makes sure that nothing is left of the case before.
func (w *world) asNew(c *Case, in Input) {
	w.Helper()
	anew, again := *New(in), *c
	again.seen, again.absent = slices.Clone(again.seen), slices.Clone(again.absent)
	if len(again.seen) == 0 {
		again.seen = anew.seen
	}
	if len(again.absent) == 0 {
		again.absent = anew.absent
	}
	if !reflect.DeepEqual(anew, again) {
		w.Fatalf("a case that was reset is %+v\nas new it is %+v", again, anew)
	}
}

func (w *world) importable(c *Case, s Step) bool {
	p := w.at(s.Want.Email)
	a := c.Addresses[AddressKey(s.Want.Email)]
	return (s.Action == Import || s.Action == Update) && !s.Resubscribe && !s.Want.Inactive && SameAddress(s.At, s.Want.Email) &&
		len(c.Memory.Stale) == 0 && a.OptOut == nil && a.Removal == nil && (p == nil || p.state == StateActive)
}

// mark is a worker's job of a member that a sync handed over.
func (w *world) mark(id string) {
	m := w.remembered(id)
	m.ForgetWritten()
	w.save(&Case{ID: id, Memory: m, Addresses: w.address})
	if _, waits := w.inbox[id]; !waits {
		w.inbox[id] = Entry{ID: id}
	}
}

func (w *world) sighting(email string) Sighting {
	p := w.at(email)
	if p == nil {
		return Sighting{At: email}
	}
	s := Sighting{At: email, Found: true, Email: p.email, Name: p.name, State: p.state, Date: p.date, Since: p.since()}
	for _, fact := range w.layout.Facts() {
		s.Values = append(s.Values, p.fields[w.layout.Columns[fact].Key])
	}
	return s
}

// converge syncs until nothing is left to do, which must be soon.
func (w *world) converge() {
	w.Helper()
	w.fresh = true
	for range 4 {
		writes, jobs := w.sync()
		w.apply()
		if writes+jobs == 0 {
			return
		}
		w.pass(settling)
	}
	w.Fatalf("syncs find something to do for ever\n%s", w.dump())
}

// anyLife draws what happens to members, their subscribers and our memory.
func anyLife(t *rapid.T, w *world) {
	emails := []string{"a@x.org", "B@x.org", "c@x.org", "d@x.org"}
	for range rapid.IntRange(1, 12).Draw(t, "events") {
		email := rapid.SampledFrom(emails).Draw(t, "address")
		id, alive := w.idOf(email)
		p := w.at(email)
		w.pass(time.Minute)
		switch rapid.IntRange(0, 12).Draw(t, "what") {
		case 0, 1, 2:
			if !alive {
				w.join(email)
			}
		case 3:
			if alive {
				w.setStatus(id, rapid.SampledFrom([]string{"free", "paid", "comped"}).Draw(t, "status"))
			}
		case 4:
			if alive {
				w.setLabels(id, rapid.SampledFrom([]string{"VIP", "Press"}).Draw(t, "label"))
			}
		case 5:
			to := rapid.SampledFrom(emails).Draw(t, "to")
			if _, taken := w.idOf(to); alive && !taken {
				w.setEmail(id, to)
			}
		case 6:
			if alive {
				w.subscribe(id, rapid.Bool().Draw(t, "on"))
			}
		case 7:
			if alive {
				w.remove(id)
			}
		case 8:
			if p != nil && p.state == StateActive {
				w.optOut(email, rapid.SampledFrom([]string{StateUnsubscribed, StateDeleted, "Bounced"}).Draw(t, "state"))
			}
		case 9:
			if p != nil {
				p.fields["ghost_labels"], p.name = "by hand", "By Hand"
			}
		case 10:
			if p == nil { // signed up by a form, or there from before
				w.list[AddressKey(email)] = &person{email: email, state: StateActive, date: "0", fields: map[string]string{}}
			}
		case 11:
			w.events = nil // bulk edits and imports send none
		case 12:
			w.apply()
		}
	}
}

func (w *world) idOf(email string) (string, bool) {
	for id, f := range w.ghost {
		if SameAddress(f.Email.Value, email) {
			return id, true
		}
	}
	return "", false
}

func drawnWorld(t *rapid.T) *world {
	w := newWorld(t)
	w.fresh = true
	w.policy.OnSuppressed = OptOutUnsubscribes
	w.policy.OnOptOut = rapid.SampledFrom([]OptOutPolicy{OptOutField, OptOutUnsubscribes}).Draw(t, "opt-outs")
	w.policy.Resubscribe = rapid.SampledFrom([]ResubscribePolicy{ResubscribeNever, ResubscribeGhostOptIns}).Draw(t, "resubscribe")
	return w
}

// The world itself fails the test when someone is made active who must not be.
func TestASyncMakesAnyListRightAndThenFindsNothingToDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawnWorld(t)
		anyLife(t, w)
		w.deliverAll()
		w.apply()
		w.converge()
		for _, f := range w.ghost {
			p := w.at(f.Email.Value)
			if p == nil {
				continue // not added: opted out before, or by policy
			}
			for fact, want := range map[Fact]string{FactStatus: f.Status.Value, FactLabels: JoinNames(f.Labels.Value)} {
				if got := p.fields["ghost_"+string(fact)]; got != want {
					t.Fatalf("%s: %s is %q, not %q\n%s", p.email, fact, got, want, w.dump())
				}
			}
		}
	})
}

func TestASyncAddsWhoNeverOptedOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawnWorld(t)
		anyLife(t, w)
		w.deliverAll()
		w.apply()
		w.converge()
		for id, f := range w.ghost {
			p := w.at(f.Email.Value)
			active := p != nil && p.state == StateActive
			out := w.truth.out[id] || !f.Subscribed.Value && w.policy.OnOptOut == OptOutUnsubscribes
			if !active && !out && (p == nil || p.left == nil) && !w.everOut(id) {
				t.Fatalf("%s is not active, and never opted out\n%s", f.Email.Value, w.dump())
			}
		}
	})
}

// everOut says whether the person is known to have left at any address, or by
// Ghost.
func (w *world) everOut(id string) bool {
	for email := range w.truth.addresses[id] {
		if a := w.address[email]; a.OptOut != nil {
			return true
		}
	}
	return false
}

func TestHistoriesSurviveALostMemory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.fresh = true
		id := w.join("a@x.org")
		w.apply()
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			w.pass(time.Hour)
			w.setStatus(id, rapid.SampledFrom([]string{"free", "paid", "comped"}).Draw(t, "status"))
			w.apply()
		}
		before := maps.Clone(w.at("a@x.org").fields)
		w.memory, w.address = map[string][]byte{}, map[string]Address{}
		w.pass(time.Hour)
		if was := w.ghost[id].Status.Value; rapid.Bool().Draw(t, "changed meanwhile") {
			w.setStatus(id, "honorary")
			w.events = nil
			w.converge()
			if got := w.at("a@x.org").fields["ghost_previous_status"]; got != was {
				t.Fatalf("it was %s, not %s", was, got)
			}
			return
		}
		w.converge()
		if after := w.at("a@x.org").fields; !maps.Equal(before, after) {
			t.Fatalf("%v became %v", before, after)
		}
		w.pass(time.Hour)
		was := w.ghost[id].Status.Value
		w.setStatus(id, "gift")
		w.events = nil
		w.converge()
		p := w.at("a@x.org").fields
		if p["ghost_status"] != "gift" || p["ghost_previous_status"] != was || p["ghost_status_changed_at"] == before["ghost_status_changed_at"] {
			t.Fatalf("%v", p)
		}
	})
}

func TestADateIsComparedAsItIsWritten(t *testing.T) {
	t.Parallel()
	date, text := Column{Date: true}, Column{}
	for _, read := range []string{"2026-03-01", "2026/03/01", "2026-03-01 00:00:00"} {
		if got := date.Normal(read); got != "2026/03/01" {
			t.Errorf("%q is %q", read, got)
		}
	}
	if text.Normal("2026-03-01T10:00:00Z") != "2026-03-01T10:00:00Z" || date.Normal("") != "" || date.Normal("soon") != "soon" {
		t.Error("another text was changed")
	}
}

// A listing may be older than a removal of ours: it must not make us forget it.
func TestARemovalIsNotForgottenForAnOldListing(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]Sighting{
		"shown active": {At: "a@x.org", Found: true, Email: "a@x.org", State: StateActive}, "not shown": {At: "a@x.org"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := Facts{ID: "650000000000000000000002", Email: Some("a@x.org"), Subscribed: Some(true)}
			c := New(Input{
				Entry: Entry{ID: facts.ID}, Fresh: &facts, Layout: Layout{ListID: "l"}, Now: time.Unix(1_700_000_000, 0), Shown: []Sighting{shown},
				Addresses: map[string]Address{"a@x.org": {Removal: &Removal{Done: true, State: StateUnsubscribed, Date: "d"}}},
			})
			if step := c.Next(); step.Action != Read || c.Addresses["a@x.org"].Removal == nil {
				t.Errorf("%+v, %+v", step, c.Addresses)
			}
		})
	}
}
