package reconcile

import (
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// planner decides, for one member after the other, what is to be done. It calls
// nothing and waits for nothing.
type planner struct {
	policy  member.Policy
	layout  member.Layout
	facts   []member.Fact // of the layout's columns, in the order of a row's values
	keys    map[string]member.Fact
	list    *listing // nil: the memory is believed
	include bool
	// adding is whether people may be added: not by a run that nobody watches to a
	// list that would mail each of them.
	adding bool
	since  func(date string) time.Time // nil: no opt-in in Ghost counts
	began  time.Time
}

func newPlanner(r Request, layout member.Layout, began time.Time) *planner {
	p := &planner{policy: r.Site.Policy, layout: layout, facts: layout.Facts(), include: r.IncludeDisabled, adding: true, began: began}
	p.keys = map[string]member.Fact{}
	for _, fact := range p.facts {
		p.keys[layout.Columns[fact].Key] = fact
	}
	return p
}

// subject is one member of Ghost with all that is known of it.
type subject struct {
	facts     member.Facts
	recalled  store.Recalled
	addresses map[string]member.Address
	emails    []string          // that the case looks at
	shown     []member.Sighting // at each of emails; nil without a listing
	places    []int             // their rows; -1 where the listing has none
	repeated  bool              // another member has the same address
	cleared   bool              // the one who owned the address has it no more
	now       time.Time         // not after the facts
}

func (p *planner) input(s *subject) member.Input {
	return member.Input{
		Entry: member.Entry{ID: s.facts.ID}, Fresh: &s.facts, Memory: s.recalled.Memory, Addresses: s.addresses,
		Policy: p.policy, Layout: p.layout, Now: s.now, Shown: s.shown, IncludeSuppressed: p.include,
	}
}

// way is how a decision is carried out.
type way int

const (
	nothing  way = iota
	remember     // save what was learned; no call
	write        // by an import
	handOver     // by a worker
	remove       // by a worker, after the walk
)

// decision is what is to be done for a member.
type decision struct {
	way    way
	change Change
	*member.Case
	step member.Step
	// rival is another member who owns the address: if Ghost shows it there, the
	// address is the rival's.
	rival string
	news  bool // the person opted out in Campaign Monitor, and Ghost does not know
}

// decide says what is to be done for a member that was looked up, by a case that it
// starts anew.
func (p *planner) decide(s *subject, c *member.Case) decision {
	switch {
	case s.recalled.Waiting == store.Dead:
		return p.skip(s, DeadLetter)
	case s.repeated && s.addresses[member.AddressKey(s.facts.Email.Value)].Owner != s.facts.ID:
		return p.skip(s, DuplicateAddress)
	case s.recalled.Waiting != "" || s.recalled.Touched:
		return p.decideOvertaken(s, c)
	}
	d := p.carry(s, c, p.input(s))
	a := s.addresses[member.AddressKey(s.facts.Email.Value)]
	switch {
	case a.Owner == "" || a.Owner == s.facts.ID || d.way == nothing || s.cleared:
	case a.ClaimedAt >= p.began.UnixMilli(): // by this run, or by a worker since
		return p.skip(s, DuplicateAddress)
	default:
		d.rival = a.Owner
	}
	return d
}

// decideOvertaken is for a member of whom something newer is known than the
// listing, or will be: if the memory says that nothing is to be done, so be it;
// else a worker finds out.
func (p *planner) decideOvertaken(s *subject, c *member.Case) decision {
	in := p.input(s)
	in.Shown, in.IncludeSuppressed = nil, false
	d := p.carry(s, c, in)
	if d.way == nothing || d.way == remember {
		d.way = nothing
		return d
	}
	d.way = handOver
	return d
}

func (p *planner) carry(s *subject, c *member.Case, in member.Input) decision {
	c.Reset(in)
	d := decision{Case: c}
	d.step = d.Next()
	d.change = Change{Kind: Unchanged, MemberID: s.facts.ID, Email: s.facts.Email.Value, Name: s.facts.Name.Value}
	at := s.at(s.facts.Email.Value)
	d.news = at.Found && s.facts.Subscribed.Value && d.Addresses[member.AddressKey(at.At)].NewsToGhost()
	switch d.step.Action {
	case member.Finish:
		p.finished(s, &d)
	case member.Import, member.Update:
		p.written(s, &d)
	default:
		d.way = handOver
		p.read(s, &d)
	}
	return d
}

// at is what the listing shows at an address.
func (s *subject) at(email string) member.Sighting {
	for _, shown := range s.shown {
		if member.SameAddress(shown.At, email) {
			return shown
		}
	}
	return member.Sighting{At: email}
}

func (p *planner) skip(s *subject, why Reason) decision {
	return decision{change: Change{
		Kind: Skip, MemberID: s.facts.ID, Email: s.facts.Email.Value, Name: s.facts.Name.Value, Reason: why,
	}}
}

// finished is for a member of whom nothing is to be written.
func (p *planner) finished(s *subject, d *decision) {
	if d.step.Outcome == member.Superseded {
		d.change.Kind, d.change.Reason = Skip, DeletedMeanwhile
		return
	}
	if d.Differs(s.recalled.Memory, s.addresses) {
		d.way = remember
	}
	at := s.at(s.facts.Email.Value)
	why := reasonOf(at.State)
	if !at.Found && d.step.Outcome == member.NotAdded {
		why = OptedOut
	}
	if why == "" || !at.Found && d.step.Outcome != member.NotAdded {
		return
	}
	d.change.Kind, d.change.Reason = Skip, why
	if wish := p.unwanted(s, d.Memory); wish != "" {
		d.change.Reason = wish
	}
}

// unwanted says why the policy wants the member off the list; "" if it does not.
func (p *planner) unwanted(s *subject, m member.Memory) Reason {
	switch f := s.facts; {
	case f.Suppressed.Value && p.policy.OnSuppressed == member.OptOutUnsubscribes && !m.Included:
		return Suppressed
	case f.Subscribed.Known && !f.Subscribed.Value && p.policy.OnOptOut == member.OptOutUnsubscribes:
		return OptedOutGhost
	}
	return ""
}

// written is for a member whose subscriber is to be created or changed.
func (p *planner) written(s *subject, d *decision) {
	step, at := d.step, s.at(d.step.At)
	d.way = handOver
	d.change.Fields = p.differences(s, step)
	switch {
	case step.Resubscribe:
		d.change.Kind = Resubscribe
	case !member.SameAddress(step.At, step.Want.Email):
		d.change.Kind, d.change.Email, d.change.ToEmail = ChangeAddress, step.At, step.Want.Email
	case step.Want.Inactive && (at.State == member.StateActive || p.list == nil):
		d.change.Kind, d.change.Reason = p.removal(s, d)
		d.way = remove
	case at.Found && at.State != member.StateActive:
		d.change.Kind, d.change.Reason = Update, reasonOf(at.State)
	default:
		d.change.Kind = Update
		if !at.Found && (p.list != nil || step.Action == member.Import) {
			d.change.Kind = Add
		}
		if p.importable(s, d) {
			d.way = write
		}
	}
	if d.change.Kind == Add && !p.adding {
		*d = p.skip(s, ConfirmsOptIn)
	}
}

// importable says whether an import does all that is to be done: it creates, and
// changes who is active, but neither changes addresses nor reaches others.
func (p *planner) importable(s *subject, d *decision) bool {
	a := d.Addresses[member.AddressKey(d.step.Want.Email)]
	return len(d.Memory.Stale) == 0 && a.OptOut == nil && a.Removal == nil &&
		(d.step.Action == member.Import || p.list == nil || s.at(d.step.Want.Email).State == member.StateActive)
}

func (p *planner) removal(s *subject, d *decision) (Kind, Reason) {
	if p.layout.RemoveByDelete {
		return Delete, p.unwanted(s, d.Memory)
	}
	return Unsubscribe, p.unwanted(s, d.Memory)
}

// read is for a case that has to look at the list, or to remove, before anything
// else: what becomes of it is the worker's to find out.
func (p *planner) read(s *subject, d *decision) {
	at := s.at(s.facts.Email.Value)
	d.change.Kind = Update
	switch a := d.Addresses[member.AddressKey(at.At)]; {
	case d.step.Action.Writes() && member.SameAddress(d.step.At, s.facts.Email.Value):
		d.change.Kind, d.change.Reason = p.removal(s, d)
		d.way = remove
	case d.step.Action.Writes(): // the subscriber of an old address
		d.change.Kind, d.change.Email, d.change.ToEmail = ChangeAddress, d.step.At, s.facts.Email.Value
	case !at.Found && p.list != nil:
		d.change.Kind = Add
	case a.Removal != nil && at.State != member.StateActive:
		d.change.Kind = Resubscribe
	}
}

// differences are the values that the write would change, in the order of the
// list's fields.
func (p *planner) differences(s *subject, step member.Step) []FieldChange {
	at := s.at(step.At)
	before := make(map[member.Fact]string, len(at.Values))
	for i, v := range at.Values {
		before[p.facts[i]] = p.layout.Columns[p.facts[i]].Normal(v)
	}
	var fields []FieldChange
	if step.Want.Name.Known && step.Want.Name.Value != at.Name {
		fields = append(fields, FieldChange{"name", at.Name, step.Want.Name.Value})
	}
	for _, v := range step.Want.Values {
		fact := p.keys[v.Key]
		if before[fact] != v.Value {
			fields = append(fields, FieldChange{string(fact), before[fact], v.Value})
		}
	}
	return fields
}
