package member

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A world is Ghost, Campaign Monitor's list and ghostcm's memory, each as small
// as it can be, so that random histories of all three can be played.
type world struct {
	t     *rapid.T
	clock int64

	ghost  map[string]Facts // members alive
	events []Event          // sent, not yet delivered

	list   map[string]*person // by AddressKey
	writes int

	inbox    map[string]Entry
	memory   map[string][]byte
	address  map[string]Address
	policy   Policy
	layout   Layout
	fresh    bool
	crashing bool
	optOuts  bool
	story    []string
}

// A person is a subscriber as Campaign Monitor keeps one.
type person struct {
	email, state, date string
	name               string
	fields             map[string]string
	byPerson           bool // left by themselves
}

func testLayout() Layout {
	l := Layout{ListID: "list", Columns: map[Fact]Column{}}
	for _, fact := range columnOrder {
		l.Columns[fact] = Column{Key: "ghost_" + string(fact)}
	}
	return l
}

func newWorld(t *rapid.T) *world {
	return &world{t: t, clock: 1_700_000_000_000, ghost: map[string]Facts{}, list: map[string]*person{},
		inbox: map[string]Entry{}, memory: map[string][]byte{}, address: map[string]Address{},
		policy: Policy{OnDelete: DeleteUnsubscribes, OnOptOut: OptOutField, OnSuppressed: OptOutUnsubscribes, Resubscribe: ResubscribeNever},
		layout: testLayout()}
}

func (w *world) tick() time.Time {
	w.clock += int64(rapid.IntRange(1, 5000).Draw(w.t, "tick"))
	return time.UnixMilli(w.clock)
}

func (w *world) pick(label string, ids []string) string {
	slices.Sort(ids)
	return rapid.SampledFrom(ids).Draw(w.t, label)
}

var addresses = []string{"a@x.org", "B@x.org", "c@x.org", "d@x.org"}

func (w *world) freeAddress() (string, bool) {
	used := map[string]bool{}
	for _, m := range w.ghost {
		used[AddressKey(m.Email.Value)] = true
	}
	free := slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return used[AddressKey(a)] })
	if len(free) == 0 {
		return "", false
	}
	return rapid.SampledFrom(free).Draw(w.t, "address"), true
}

func (w *world) join(email string) {
	at := w.tick()
	id := fmt.Sprintf("%024x", at.UnixMilli())
	f := Facts{ID: id, Email: Some(email), Name: Some("Some One"), Status: Some("free"), CreatedAt: Some(at), UpdatedAt: Some(at),
		Labels: Some([]string{}), Tiers: Some([]string{}), Newsletters: Some([]string{"News"}), Subscribed: Some(true)}
	w.ghost[id] = f
	w.events = append(w.events, Event{Type: Added, Facts: f, SentAt: at})
}

func (w *world) edit(id string, change func(f *Facts, p *Previous)) {
	at := w.tick()
	f, previous := w.ghost[id], Previous{}
	change(&f, &previous)
	f.UpdatedAt = Some(at)
	w.ghost[id] = f
	w.events = append(w.events, Event{Type: Edited, Facts: f, Previous: previous, SentAt: at})
}

func (w *world) remove(id string) {
	at := w.tick()
	w.clock += 10
	f := w.ghost[id]
	delete(w.ghost, id)
	f.Subscribed, f.Newsletters, f.Tiers = Maybe[bool]{}, Maybe[[]string]{}, Maybe[[]string]{}
	w.events = append(w.events, Event{Type: Deleted, Facts: f, SentAt: at})
	if rapid.Bool().Draw(w.t, "edit races delete") {
		f.Labels = Some([]string{})
		w.events = append(w.events, Event{Type: Edited, Facts: f, SentAt: at.Add(5 * time.Millisecond)})
	}
}

// deliver puts one of the sent events into the inbox, in any order, perhaps
// leaving it to come again.
func (w *world) deliver() {
	if len(w.events) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.events)-1).Draw(w.t, "which event")
	e := w.events[i]
	if !rapid.Bool().Draw(w.t, "twice") {
		w.events = slices.Delete(w.events, i, i+1)
	}
	entry := EntryOf(e)
	if had, ok := w.inbox[e.Facts.ID]; ok {
		entry = had.Merge(entry)
	}
	w.inbox[e.Facts.ID] = entry
}

func (w *world) input(id string) Input {
	in := Input{Entry: w.inbox[id], Policy: w.policy, Layout: w.layout, Now: time.UnixMilli(w.clock), Addresses: maps.Clone(w.address)}
	if b, ok := w.memory[id]; ok {
		if err := json.Unmarshal(b, &in.Memory); err != nil {
			w.t.Fatal(err)
		}
	}
	if w.fresh && in.Entry.DeletedAt == 0 {
		f, alive := w.ghost[id]
		if alive {
			f.Suppressed = Some(false)
			in.Fresh = &f
		}
		in.Gone = !alive
	}
	return in
}

func (w *world) save(c *Case) {
	b, err := json.Marshal(c.Memory)
	if err != nil {
		w.t.Fatal(err)
	}
	w.memory[c.ID] = b
	w.address = maps.Clone(c.Addresses)
}

func (w *world) crash() bool {
	return w.crashing && rapid.IntRange(0, 9).Draw(w.t, "crash") == 0
}

// work plays one job: it may crash before or after any call.
func (w *world) work(id string) {
	in := w.input(id)
	keys := in.Keys()
	c := New(in)
	for steps := 0; ; steps++ {
		if steps > 30 {
			w.t.Fatalf("no end in sight for %s", id)
		}
		step := c.Next()
		switch step.Action {
		case Finish:
			w.story = append(w.story, fmt.Sprintf("%s: %s", id[20:], step.Outcome))
			w.save(c)
			delete(w.inbox, id)
			return
		case Wait:
			w.clock += step.For.Milliseconds()
			return
		case Reject:
			w.t.Fatalf("rejected: %s", step.Outcome)
		}
		if !slices.Contains(keys, AddressKey(step.At)) {
			w.t.Fatalf("a step touches an address that is not among its keys")
		}
		c.Begin(step)
		w.save(c)
		if w.crash() {
			return
		}
		result := w.call(step)
		w.story = append(w.story, fmt.Sprintf("%s: action %d at %s to %s, resubscribe %t: %+v", id[20:], step.Action, step.At, step.Want.Email, step.Resubscribe, result))
		c.Learn(step, result)
		if w.crash() {
			return
		}
		w.save(c)
	}
}

// call is the list's answer, by the rules of Campaign Monitor.
func (w *world) call(s Step) Result {
	w.clock += 1000
	p := w.list[AddressKey(s.At)]
	if s.Action.Writes() {
		w.writes++
	}
	switch {
	case s.Action == Import:
		return w.imports(s)
	case p == nil:
		return Result{Answer: Absent}
	}
	switch s.Action {
	case Read:
		return Result{State: p.state, Date: p.date}
	case Update:
		return w.update(p, s)
	case Unsubscribe:
		w.turn(p, StateUnsubscribed)
	case Delete:
		w.turn(p, StateDeleted)
	}
	return Result{}
}

func (w *world) turn(p *person, state string) {
	p.state, p.date = state, fmt.Sprint(w.clock)
}

func (w *world) update(p *person, s Step) Result {
	to := AddressKey(s.Want.Email)
	if to != AddressKey(s.At) {
		if w.list[to] != nil {
			return Result{Answer: Occupied}
		}
		delete(w.list, AddressKey(s.At))
		w.list[to] = p
	}
	w.fill(p, s)
	return Result{}
}

func (w *world) imports(s Step) Result {
	p := w.list[AddressKey(s.Want.Email)]
	if p == nil {
		p = &person{state: StateActive, date: fmt.Sprint(w.clock), fields: map[string]string{}}
		w.list[AddressKey(s.Want.Email)] = p
		w.fill(p, s)
		return Result{New: true}
	}
	if p.state != StateActive && !s.Resubscribe {
		return Result{Answer: OptedOut, Code: "206"}
	}
	w.fill(p, s)
	return Result{}
}

func (w *world) fill(p *person, s Step) {
	if s.Resubscribe && p.state != StateActive {
		if p.byPerson && w.policy.Resubscribe == ResubscribeNever {
			w.t.Fatalf("someone who opted out was made active by %+v\n%s", s, w.dump())
		}
		w.turn(p, StateActive)
	}
	p.email = s.Want.Email
	if s.Want.Name.Known {
		p.name = s.Want.Name.Value
	}
	for _, v := range s.Want.Values {
		p.fields[v.Key] = v.Value
	}
}

// live plays random events, deliveries, jobs, crashes and opt-outs.
func (w *world) live(moves, optOuts bool) {
	for range rapid.IntRange(1, 40).Draw(w.t, "length") {
		alive := slices.Collect(maps.Keys(w.ghost))
		switch action := rapid.IntRange(0, 9).Draw(w.t, "action"); {
		case action <= 1 || len(alive) == 0:
			if email, ok := w.freeAddress(); ok {
				w.join(email)
			}
		case action == 2:
			w.edit(w.pick("status of", alive), func(f *Facts, p *Previous) {
				p.Status = f.Status
				f.Status = Some(rapid.SampledFrom([]string{"free", "paid", "comped", "gift"}).Draw(w.t, "status"))
			})
		case action == 3:
			w.edit(w.pick("labels of", alive), func(f *Facts, _ *Previous) {
				f.Labels = Some(rapid.SliceOfN(rapid.SampledFrom([]string{"VIP", "A, B", "ü"}), 0, 3).Draw(w.t, "labels"))
			})
		case action == 4 && moves:
			if email, ok := w.freeAddress(); ok {
				w.edit(w.pick("address of", alive), func(f *Facts, p *Previous) { p.Email, f.Email = f.Email, Some(email) })
			}
		case action == 5:
			w.remove(w.pick("delete", alive))
		case action == 6 && optOuts && len(w.list) > 0:
			key := w.pick("opts out", slices.Collect(maps.Keys(w.list)))
			p := w.list[key]
			// Between our intent to remove and the next look, an opt-out cannot be
			// told from our own removal.
			meant := w.address[key].Removal
			if p.state == StateActive && (meant == nil || meant.Done) {
				w.clock += 1000
				w.turn(p, StateUnsubscribed)
				p.byPerson = true
			}
		case action <= 8:
			w.deliver()
		case len(w.inbox) > 0:
			w.work(w.pick("job", slices.Collect(maps.Keys(w.inbox))))
		}
	}
}

// settle delivers what is left and works until nothing waits.
func (w *world) settle() {
	for len(w.events) > 0 {
		w.deliver()
	}
	w.crashing = false
	for rounds := 0; len(w.inbox) > 0; rounds++ {
		if rounds > 200 {
			w.t.Fatal("jobs never end")
		}
		w.work(w.pick("job", slices.Collect(maps.Keys(w.inbox))))
	}
}

// check compares the list with Ghost.
func (w *world) check() {
	active := map[string]bool{}
	for id, f := range w.ghost {
		key := AddressKey(f.Email.Value)
		active[key] = true
		p := w.list[key]
		if w.optOuts && w.address[key].OptOut != nil && (p == nil || p.state != StateActive) {
			continue // opted out, perhaps under an earlier address that is another's by now
		}
		if p == nil {
			w.t.Fatalf("%s is not on the list\n%s", id, w.dump())
		}
		if p.state != StateActive && !p.byPerson {
			w.t.Fatalf("%s is %s, and did not ask for it\n%s", id, p.state, w.dump())
		}
		want := map[string]string{"ghost_status": f.Status.Value, "ghost_labels": JoinNames(f.Labels.Value)}
		for field, value := range want {
			if p.fields[field] != value {
				w.t.Fatalf("%s: %s is %q, should be %q\n%s", id, field, p.fields[field], value, w.dump())
			}
		}
	}
	for key, p := range w.list {
		if p.state == StateActive && !active[key] {
			w.t.Fatalf("%s is active, but no member\n%s", key, w.dump())
		}
	}
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
		fmt.Fprintf(&b, "address %s: owner %s optout %v removal %v\n", key, a.Owner, a.OptOut, a.Removal)
	}
	return b.String()
}

func TestAnyHistoryEndsAsGhostIs(t *testing.T) {
	t.Parallel()
	for _, fresh := range []bool{false, true} {
		for _, moves := range []bool{false, true} {
			for _, optOuts := range []bool{false, true} {
				t.Run(fmt.Sprintf("re-read=%t,moves=%t,opt-outs=%t", fresh, moves, optOuts), func(t *testing.T) {
					t.Parallel()
					rapid.Check(t, func(t *rapid.T) {
						w := newWorld(t)
						w.fresh, w.crashing = fresh, true
						w.policy.OnDelete = rapid.SampledFrom([]DeletePolicy{DeleteUnsubscribes, DeleteDeletes}).Draw(t, "on delete")
						w.layout.RemoveByDelete = rapid.Bool().Draw(t, "all client lists")
						w.optOuts = optOuts
						w.live(moves, optOuts)
						w.settle()
						w.check()
					})
				})
			}
		}
	}
}
