package member

import (
	"fmt"
	"strconv"
	"time"
)

// A person is a subscriber as Campaign Monitor keeps one.
type person struct {
	email, state, date string
	name               string
	fields             map[string]string
	left               *departure // by their own will, or bounced
}

// A departure is why and when somebody left the list who was not removed by us.
type departure struct{ at time.Time }

// consent is what is true of people's will, whatever ghostcm knows of it.
type consent struct {
	addresses map[string]map[string]bool // by id, all it ever had
	out       map[string]bool            // by id: opted out at some time
	choseAt   map[string]time.Time       // by id: when Ghost last showed an opt-in
}

func newConsent() consent {
	return consent{addresses: map[string]map[string]bool{}, out: map[string]bool{}, choseAt: map[string]time.Time{}}
}

// has notes a member's address. Whoever comes to an address that was opted out
// stays so.
func (c consent) has(id, email string, there *person) {
	if c.addresses[id] == nil {
		c.addresses[id] = map[string]bool{}
	}
	c.addresses[id][AddressKey(email)] = true
	if there != nil && there.left != nil {
		c.out[id] = true
	}
}

func (c consent) leaves(email string) {
	for id, had := range c.addresses {
		if had[AddressKey(email)] {
			c.out[id] = true
		}
	}
}

func (c consent) chose(id string, in bool, at time.Time) {
	if in {
		c.choseAt[id] = at
	}
}

// call is the list's answer, by the rules of Campaign Monitor.
func (w *world) call(c *Case, s Step) Result {
	w.pass(time.Second)
	if s.Action.Writes() {
		w.writes++
	} else {
		w.reads++
	}
	if w.answer != nil {
		if r, ok := w.answer(s); ok {
			return r
		}
	}
	p := w.at(s.At)
	switch {
	case s.Action == Import:
		return w.imports(c.ID, s)
	case p == nil:
		return Result{Answer: Absent}
	}
	switch s.Action {
	case Read:
		return Result{State: p.state, Date: p.date, Since: p.since()}
	case Update:
		return w.update(c.ID, p, s)
	case Unsubscribe:
		w.turn(p, StateUnsubscribed)
	case Delete:
		w.turn(p, StateDeleted)
	}
	if c.deactivating(s) { // an opt-out in Ghost is the person's own
		p.left = &departure{w.now()}
		w.truth.leaves(p.email)
	}
	return Result{}
}

func (p *person) since() time.Time {
	at, err := strconv.ParseInt(p.date, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(at)
}

func (w *world) turn(p *person, state string) {
	p.state, p.date = state, fmt.Sprint(w.clock)
}

// optOut is a person who leaves the list in Campaign Monitor.
func (w *world) optOut(email, state string) {
	w.pass(time.Second)
	p := w.at(email)
	w.turn(p, state)
	p.left = &departure{w.now()}
	w.truth.leaves(email)
}

func (w *world) update(id string, p *person, s Step) Result {
	to := AddressKey(s.Want.Email)
	if to != AddressKey(s.At) {
		if w.list[to] != nil {
			return Result{Answer: Occupied}
		}
		delete(w.list, AddressKey(s.At))
		w.list[to] = p
		if p.left != nil {
			w.truth.leaves(to)
		}
	}
	w.fill(id, p, s)
	return Result{}
}

func (w *world) imports(id string, s Step) Result {
	p := w.at(s.Want.Email)
	switch {
	case p == nil:
		p = &person{state: StateActive, date: fmt.Sprint(w.clock), fields: map[string]string{}}
		w.list[AddressKey(s.Want.Email)] = p
		w.fill(id, p, s)
		return Result{New: true}
	case p.state == StateUnconfirmed && !s.Resubscribe:
		return Result{Answer: Unconfirmed}
	case p.state != StateActive && !s.Resubscribe:
		return Result{Answer: OptedOut, Code: "206"}
	}
	w.fill(id, p, s)
	return Result{}
}

func (w *world) fill(id string, p *person, s Step) {
	if s.Resubscribe && p.state != StateActive {
		w.mayReturn(id, p, s)
		w.turn(p, StateActive)
		p.left = nil
	}
	p.email = s.Want.Email
	if s.Want.Name.Known {
		p.name = s.Want.Name.Value
	}
	for _, v := range s.Want.Values {
		p.fields[v.Key] = v.Value
	}
}

// mayReturn ends the test when somebody is made active who must not be.
func (w *world) mayReturn(id string, p *person, s Step) {
	if p.left == nil {
		return
	}
	newer := w.truth.choseAt[id].After(p.left.at)
	byPerson := p.state == StateUnsubscribed || p.state == StateDeleted
	if w.policy.Resubscribe != ResubscribeGhostOptIns || !newer || !byPerson {
		w.Fatalf("someone who opted out was made active by %+v\n%s", s, w.dump())
	}
}
