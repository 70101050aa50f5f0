package member

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// A world is Ghost, Campaign Monitor's list and ghostcm's memory, each as small
// as it can be: stories tell what happens in it, histories draw it.
type world struct {
	rapid.TB
	clock int64 // Unix milliseconds

	ghost  map[string]Facts // members alive
	events []Event          // sent, not yet delivered
	told   map[string]bool  // "id key": some event told this key
	truth  consent

	list   map[string]*person // by AddressKey
	reads  int
	writes int
	answer func(Step) (Result, bool) // what the list says instead of what its rules ask

	inbox   map[string]Entry
	memory  map[string][]byte
	address map[string]Address
	outcome map[string]Outcome
	policy  Policy
	layout  Layout
	fresh   bool                  // members are re-read from Ghost
	leaves  func(key string) bool // whether an old Ghost leaves this unchanged key out of an event
	crash   func(s Step, called bool) bool
	story   []string
}

// newWorld starts with an empty list and the settings that are the default.
func newWorld(t rapid.TB) *world {
	return &world{TB: t, clock: 1_700_000_000_000, ghost: map[string]Facts{}, told: map[string]bool{}, truth: newConsent(),
		list: map[string]*person{}, inbox: map[string]Entry{}, memory: map[string][]byte{}, address: map[string]Address{},
		outcome: map[string]Outcome{}, layout: testLayout(),
		policy: Policy{
			OnDelete: DeleteUnsubscribes, OnOptOut: OptOutField, OnSuppressed: OptOutUnsubscribes, Resubscribe: ResubscribeNever,
		}}
}

func testLayout() Layout {
	l := Layout{ListID: "list", Columns: map[Fact]Column{}}
	for _, fact := range columnOrder {
		l.Columns[fact] = Column{Key: "ghost_" + string(fact)}
	}
	return l
}

func (w *world) now() time.Time          { return time.UnixMilli(w.clock) }
func (w *world) pass(d time.Duration)    { w.clock += d.Milliseconds() }
func (w *world) at(email string) *person { return w.list[AddressKey(email)] }

// join makes a new member in Ghost and returns its id.
func (w *world) join(email string) string {
	w.pass(time.Second)
	at := w.now()
	id := fmt.Sprintf("%024x", at.UnixMilli())
	f := Facts{ID: id, Email: Some(email), Name: Some("Some One"), Status: Some("free"), CreatedAt: Some(at), UpdatedAt: Some(at),
		Labels: Some([]string{}), Tiers: Some([]string{}), Newsletters: Some([]string{"News"}), Subscribed: Some(true)}
	w.ghost[id] = f
	w.truth.has(id, email, w.at(email))
	w.send(Event{Type: Added, Facts: w.shown(Facts{Labels: f.Labels, Tiers: f.Tiers}, f), SentAt: at})
	return id
}

// edit changes a member in Ghost, which sends an event of it.
func (w *world) edit(id string, change func(f *Facts, p *Previous)) {
	w.pass(time.Second)
	before, previous := w.ghost[id], Previous{}
	f := before
	change(&f, &previous)
	f.UpdatedAt = Some(w.now())
	w.ghost[id] = f
	w.truth.has(id, f.Email.Value, w.at(f.Email.Value))
	w.send(Event{Type: Edited, Facts: w.shown(before, f), Previous: previous, SentAt: w.now()})
}

// shown is what of a member Ghost puts into an event.
func (w *world) shown(before, f Facts) Facts {
	if w.leaves == nil {
		return f
	}
	same := func(key string) bool { return before.byKey()[key] == f.byKey()[key] && w.leaves(key) }
	if same("labels") {
		f.Labels = Maybe[[]string]{}
	}
	if same("tiers") {
		f.Tiers = Maybe[[]string]{}
	}
	if same("subscribed") {
		f.Subscribed = Maybe[bool]{}
	}
	return f
}

func (w *world) setStatus(id, status string) {
	w.edit(id, func(f *Facts, p *Previous) { p.Status, f.Status = f.Status, Some(status) })
}

func (w *world) setLabels(id string, labels ...string) {
	w.edit(id, func(f *Facts, _ *Previous) { f.Labels = Some(labels) })
}

func (w *world) setTiers(id string, tiers ...string) {
	w.edit(id, func(f *Facts, _ *Previous) { f.Tiers = Some(tiers) })
}

func (w *world) setEmail(id, email string) {
	w.edit(id, func(f *Facts, p *Previous) { p.Email, f.Email = f.Email, Some(email) })
}

func (w *world) subscribe(id string, on bool) {
	w.edit(id, func(f *Facts, p *Previous) { p.Subscribed, f.Subscribed = f.Subscribed, Some(on) })
	w.truth.chose(id, on, w.now())
}

// seen is the first page view of the day: an event that tells nothing new.
func (w *world) seen(id string) { w.edit(id, func(*Facts, *Previous) {}) }

// remove deletes a member in Ghost; the event has no more what Ghost leaves out.
func (w *world) remove(id string) {
	w.pass(time.Second)
	f := w.ghost[id]
	delete(w.ghost, id)
	f.Subscribed, f.Newsletters, f.Tiers = Maybe[bool]{}, Maybe[[]string]{}, Maybe[[]string]{}
	w.send(Event{Type: Deleted, Facts: f, SentAt: w.now()})
}

func (w *world) send(e Event) {
	e.Facts.Suppressed = Maybe[bool]{} // only the Admin API tells
	for key := range e.Facts.byKey() {
		w.told[e.Facts.ID+" "+key] = true
	}
	w.events = append(w.events, e)
}

// withhold takes back the newest event, to be delivered late.
func (w *world) withhold() Event {
	e := w.events[len(w.events)-1]
	w.events = w.events[:len(w.events)-1]
	return e
}

// deliver puts an event into the inbox.
func (w *world) deliver(e Event) {
	entry := EntryOf(e)
	if had, ok := w.inbox[e.Facts.ID]; ok {
		entry = had.Merge(entry)
	}
	w.inbox[e.Facts.ID] = entry
}

// deliverAll delivers what was sent, in order.
func (w *world) deliverAll() {
	for _, e := range w.events {
		w.deliver(e)
	}
	w.events = nil
}

// apply delivers what was sent and works on it until nothing waits.
func (w *world) apply() {
	w.Helper()
	w.deliverAll()
	for rounds := 0; len(w.inbox) > 0; rounds++ {
		if rounds > 200 {
			w.Fatalf("jobs never end\n%s", w.dump())
		}
		for _, id := range slices.Sorted(maps.Keys(w.inbox)) {
			w.work(id)
		}
	}
}

func (w *world) input(id string) Input {
	in := Input{Entry: w.inbox[id], Policy: w.policy, Layout: w.layout, Now: w.now(), Addresses: maps.Clone(w.address)}
	in.Memory = w.remembered(id)
	if w.fresh && in.Entry.DeletedAt == 0 {
		f, alive := w.ghost[id]
		if alive {
			f.Suppressed = Some(f.Suppressed.Value)
			in.Fresh = &f
		}
		in.Gone = !alive
	}
	return in
}

func (w *world) remembered(id string) (m Memory) {
	b, ok := w.memory[id]
	if !ok {
		return m
	}
	m, err := MemoryOf(b)
	if err != nil {
		w.Fatal(err)
	}
	return m
}

func (w *world) save(c *Case) {
	w.memory[c.ID] = c.Memory.Record()
	w.address = make(map[string]Address, len(c.Addresses))
	for email, a := range c.Addresses {
		kept, err := AddressOf(a.Record())
		if err != nil {
			w.Fatal(err)
		}
		w.address[email] = kept
	}
}

// work plays one job to its end, or to a crash before or after any call.
func (w *world) work(id string) {
	w.Helper()
	in := w.input(id)
	keys := in.Keys()
	c := New(in)
	for range 30 {
		step := c.Next()
		switch step.Action {
		case Finish:
			w.note(id, step, Result{})
			w.save(c)
			delete(w.inbox, id)
			return
		case Reject:
			w.note(id, step, Result{})
			delete(w.inbox, id)
			return
		case Wait:
			w.note(id, step, Result{})
			w.save(c)
			w.pass(step.For)
			return
		}
		if !slices.Contains(keys, AddressKey(step.At)) {
			w.Fatalf("a step touches an address that is not among its keys")
		}
		if !w.do(c, step) {
			return
		}
	}
	w.Fatalf("no end in sight for %s\n%s", id, w.dump())
}

// do carries out one step as a worker must; false if it crashed.
func (w *world) do(c *Case, step Step) bool {
	c.Begin(step)
	w.save(c)
	if w.crash != nil && w.crash(step, false) {
		return false
	}
	result := w.call(c, step)
	w.note(c.ID, step, result)
	c.Learn(step, result)
	if w.crash != nil && w.crash(step, true) {
		return false
	}
	w.save(c)
	return true
}

func (w *world) note(id string, s Step, r Result) {
	if s.Outcome != "" {
		w.outcome[id] = s.Outcome
	}
	w.story = append(w.story, fmt.Sprintf("%s: action %d at %s to %s, resubscribe %t, outcome %s: %+v",
		id[18:], s.Action, s.At, s.Want.Email, s.Resubscribe, s.Outcome, r))
}

func (w *world) dump() string {
	var b strings.Builder
	for _, line := range w.story {
		fmt.Fprintln(&b, line)
	}
	for key, p := range w.list {
		fmt.Fprintf(&b, "list %s: %+v\n", key, *p)
	}
	for id, m := range w.memory {
		fmt.Fprintf(&b, "memory %s: %s\n", id, m)
	}
	for key, a := range w.address {
		fmt.Fprintf(&b, "address %s: owner %s opt-out %v removal %v\n", key, a.Owner, a.OptOut, a.Removal)
	}
	return b.String()
}
