package member

import (
	"maps"
	"slices"
	"time"
)

// Input is all that a case is decided from.
type Input struct {
	Entry     Entry
	Fresh     *Facts // the member as just re-read from Ghost; nil if it was not
	Gone      bool   // Ghost no longer knows the member
	Memory    Memory
	Addresses map[string]Address // by AddressKey, for Keys
	Policy    Policy
	Layout    Layout
	Now       time.Time // before the re-read, if there was one

	// Shown is what a listing shows at each of Emails; nil without a listing. It is
	// believed instead of what the memory says of the list.
	Shown []Sighting
	// IncludeSuppressed adds the member, if the listing has nobody there, though
	// Ghost suppressed its address.
	IncludeSuppressed bool
}

// Case is one member's way to the state that Ghost asks for. Next says what to
// do; Begin and Learn keep Memory and Addresses so that saving them around each
// write makes a crash at any point harmless: a new case goes on from there.
type Case struct {
	ID        string
	Memory    Memory
	Addresses map[string]Address // those of the Input, until one changes
	changed   bool               // one did

	policy  Policy
	layout  Layout
	print   string // the layout's fingerprint
	facts   Facts
	history history
	gone    bool
	late    bool // older than a delete that was already applied
	now     time.Time
	entry   Entry
	fresh   bool
	claim   int64 // when Ghost said that the member has its address

	goal    Want
	asked   texts             // of the goal
	listed  bool              // a listing shows the member's subscriber
	shown   texts             // as which it shows it
	prior   Digests           // what the subscriber to be written has already
	was     string            // the remembered address when the case began
	absent  addressSet        // answered with 203
	seen    byAddress[Result] // addresses read
	removed addressSet        // by this case
	taken   bool              // the new address was answered with 201
	former  []string          // addresses to look at; see formerOf
	written bool
	outcome Outcome
}

// New starts a case.
func New(in Input) *Case {
	c := new(Case)
	c.Reset(in)
	return c
}

// Reset starts a case in the place of one that is over and of which nobody keeps
// anything: who decides for very many saves the memory for each.
func (c *Case) Reset(in Input) {
	*c = Case{
		seen: c.seen[:0], absent: c.absent[:0],
		ID: in.Entry.ID, Memory: in.Memory, Addresses: in.Addresses,
		policy: in.Policy, layout: in.Layout.settle(), now: in.Now, entry: in.Entry,
		facts: in.Entry.facts(in.Memory), fresh: in.Fresh != nil,
		was: in.Memory.Email,
	}
	if c.Addresses == nil {
		c.Addresses = map[string]Address{}
	}
	if in.Fresh != nil {
		c.facts = *in.Fresh
		c.facts.ID = in.Entry.ID
	}
	c.claim = c.claimedAt()
	if in.Fresh != nil && in.Memory.Vanished {
		c.Memory.DeletedAt, c.Memory.Vanished = 0, false
	}
	c.late = c.Memory.DeletedAt != 0
	c.gone = in.Gone || in.Entry.DeletedAt != 0
	c.prior = in.Memory.Written
	c.print = c.layout.Fingerprint()
	if in.Memory.Layout != c.print {
		c.prior, c.Memory.Inactive = Digests{}, false
	}
	c.believe(in.Shown)
	c.include(in.IncludeSuppressed)
	c.history = c.statusHistory(in.Entry)
	c.Memory.OptInAt = c.optIn(in.Entry)
	c.want()
	c.former = c.formerOf(in.Entry, in.Memory)
}

// Keys are the addresses, as AddressKey spells them, that the case may touch
// and that have to be locked for it; sorted. They depend only on the memory, the
// entry and what was re-read, so they are known before Addresses is loaded.
func (in Input) Keys() []string {
	c := New(in)
	keys := []string{}
	for _, email := range c.touched() {
		keys = append(keys, AddressKey(email))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (c *Case) touched() []string {
	all := slices.Concat([]string{c.goal.Email, c.Memory.Email}, c.Memory.Perhaps, c.Memory.Stale, c.entry.Addresses)
	return slices.DeleteFunc(all, func(email string) bool { return email == "" })
}

// Next says what to do now.
func (c *Case) Next() Step {
	switch {
	case c.late:
		return c.finish(Superseded)
	case c.gone:
		return c.nextRemoval()
	case c.goal.Email == "": // all that the entry tells is older than what was applied
		return c.finish(Superseded)
	case !c.mayClaim():
		return c.finish(Superseded)
	case c.outcome == InvalidAddress:
		return Step{Action: Reject, Outcome: InvalidAddress}
	}
	if step, ok := c.nextFormer(); ok {
		return step
	}
	if !c.written && !c.upToDate() {
		return c.nextWrite()
	}
	if step, ok := c.nextStale(); ok {
		return step
	}
	if step, ok := c.nextDeactivation(); ok {
		return step
	}
	return c.finish(c.outcome)
}

func (c *Case) upToDate() bool {
	m := c.Memory
	if m.Layout != c.print || m.Email != c.goal.Email || m.OptInAt != 0 || !c.stillOwns(m.Email) {
		return false
	}
	if m.Inactive && !c.goal.Inactive {
		return false
	}
	for place := range c.asked {
		// The time of the last update changes with every page view; it is written
		// along with other changes, never for its own sake.
		if factAt(place) != FactLastUpdated && !c.isWritten(place) {
			return false
		}
	}
	return true
}

// isWritten says whether the list has what is asked for in a place, if anything is.
func (c *Case) isWritten(place int) bool {
	asked := &c.asked[place]
	switch {
	case !asked.Known:
		return true
	case c.listed:
		return c.shown[place] == *asked
	}
	return c.Memory.Written[place] == digest(asked.Value)
}

// owns says whether the member may change the subscriber at an address: nobody
// else is known to own it.
func (c *Case) owns(email string) bool {
	owner := c.Addresses[AddressKey(email)].Owner
	return owner == "" || owner == c.ID
}

// stillOwns says whether nobody else had the address since the member was written
// there: who did may have taken the subscriber along. What was just read tells itself.
func (c *Case) stillOwns(email string) bool {
	return c.Addresses[AddressKey(email)].Owner == c.ID || c.listed && c.owns(email)
}

// claimedAt is the time of the newest word that the member has its address.
func (c *Case) claimedAt() int64 {
	if c.fresh {
		return c.now.UnixMilli()
	}
	return max(c.entry.Known["email"].At, c.Memory.AppliedAt-c.Memory.Lag["email"])
}

// mayClaim says whether no other member has the address by a newer word. One
// that has, joined after this member left it, and only the news of that is late.
func (c *Case) mayClaim() bool {
	a := c.Addresses[AddressKey(c.goal.Email)]
	return a.Owner == "" || a.Owner == c.ID || a.ClaimedAt <= c.claim
}

func (c *Case) address(email string, change func(*Address)) {
	key := AddressKey(email)
	a := c.Addresses[key]
	change(&a)
	c.keep(key, a)
}

// keep remembers an address. The input's map is its owner's.
func (c *Case) keep(key string, a Address) {
	if !c.changed {
		known := make(map[string]Address, len(c.Addresses)+1)
		maps.Copy(known, c.Addresses)
		c.Addresses, c.changed = known, true
	}
	c.Addresses[key] = a
}

func (c *Case) read(email string) (Result, bool) { return c.seen.get(email) }

// finish applies the entry to the memory and ends the case.
func (c *Case) finish(outcome Outcome) Step {
	if outcome == "" {
		outcome = Unchanged
	}
	m := &c.Memory
	before := m.AppliedAt
	m.AppliedAt = max(before, c.entry.SentAt)
	if c.gone || c.late {
		if m.DeletedAt == 0 {
			m.DeletedAt, m.Vanished = c.now.UnixMilli(), true
		}
		m.Vanished = m.Vanished && !c.entry.toldDeleted()
		m.Lag = nil
		return Step{Action: Finish, Outcome: outcome}
	}
	m.Lag = c.lag(before)
	m.Status, m.PreviousStatus, m.StatusChangedAt = c.history.status, c.history.previous, c.history.changedAt
	if c.facts.Subscribed.Known {
		m.Subscribed = c.facts.Subscribed
	}
	return Step{Action: Finish, Outcome: outcome}
}

// lag notes how much older than AppliedAt the newest value of each key is. A
// re-read leaves none: it told every key.
func (c *Case) lag(before int64) map[string]int64 {
	if c.fresh {
		return nil
	}
	lag := map[string]int64{}
	for key := range allKeys() {
		at := int64(0)
		if before != 0 {
			at = before - c.Memory.Lag[key]
		}
		if v, ok := c.entry.Known[key]; ok {
			at = max(at, v.At)
		}
		if behind := c.Memory.AppliedAt - at; behind > 0 {
			lag[key] = behind
		}
	}
	if len(lag) == 0 {
		return nil
	}
	return lag
}

// allKeys yields every key that an event can tell.
func allKeys() map[string]bool {
	return map[string]bool{"email": true, "name": true, "status": true, "created_at": true, "updated_at": true,
		"labels": true, "tiers": true, "newsletters": true, "subscribed": true}
}
