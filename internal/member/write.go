package member

import (
	"slices"
	"time"
)

// settling is how long a new subscriber may take to become readable.
const (
	settling      = 10 * time.Minute
	settlingRetry = 30 * time.Second
)

// nextWrite finds the call that brings the subscriber to the goal: in place
// where the member's subscriber is known to be, else at the new address, else by
// creating it.
func (c *Case) nextWrite() Step {
	if step, ok := c.nextLook(); ok {
		return step
	}
	c.takeAlong()
	a := c.Addresses[AddressKey(c.goal.Email)]
	rejoins := a.Removal != nil && a.OptOut == nil && !c.goal.Inactive
	if at, ok := c.whereKnown(); ok && (!rejoins || !SameAddress(at, c.goal.Email)) {
		return Step{Action: Update, At: at, Want: c.wanted(), Resubscribe: c.mayResubscribe(at)}
	}
	absent := c.absent.has(c.goal.Email)
	switch {
	case c.taken && absent: // it vanished between two calls
		c.taken = false
		return c.nextWrite()
	case (c.goal.Inactive || a.OptOut != nil) && absent:
		c.nowWritten(NotAdded)
		return c.Next()
	case rejoins:
		return c.nextRejoin(*a.Removal)
	case c.goal.Inactive || a.OptOut != nil || c.taken:
		// Never added, never made active: an update finds out whether there is a
		// subscriber, and changes nothing else.
		return Step{Action: Update, At: c.goal.Email, Want: c.wanted(), Resubscribe: c.mayResubscribe(c.goal.Email)}
	case absent && c.settles():
		return Step{Action: Wait, For: settlingRetry, Outcome: StillAbsent}
	}
	return Step{Action: Import, At: c.goal.Email, Want: c.wanted()}
}

// nextLook reads what has to be known of someone's consent before writing: of a
// newer opt-in in Ghost, whether it undoes an opt-out; of a member whose old
// address has become another's, whether the person had opted out there.
func (c *Case) nextLook() (Step, bool) {
	at := c.Memory.Email
	if at != "" && !c.owns(at) && !SameAddress(at, c.goal.Email) {
		r, ok := c.read(at)
		if !ok {
			return Step{Action: Read, At: at}, true
		}
		removal := c.Addresses[AddressKey(at)].Removal
		ours := removal != nil && removal.left(r.State, r.Date) // by the member who has it now
		if r.optedOut() && !ours {
			c.bringOptOut(OptOut{State: r.State})
		}
	}
	if c.Memory.OptInAt == 0 {
		return Step{}, false
	}
	if at == "" || !c.owns(at) {
		at = c.goal.Email
	}
	_, ok := c.read(at)
	return Step{Action: Read, At: at}, !ok
}

// whereKnown is the address of the subscriber to update in place: the one last
// written, or one that an unfinished write meant, or that the member had before, or, when an earlier attempt may
// have changed the address and not lived to tell, the new one.
func (c *Case) whereKnown() (string, bool) {
	if c.taken {
		return "", false
	}
	before := slices.Concat([]string{c.Memory.Email}, c.Memory.Perhaps, c.entry.Addresses)
	before = slices.DeleteFunc(before, func(at string) bool {
		// What a removal of ours left behind was another's by then.
		return at == "" || c.Addresses[AddressKey(at)].Removal != nil
	})
	tried := false
	for _, at := range before {
		if SameAddress(at, c.goal.Email) && at != c.Memory.Email || !c.owns(at) {
			continue
		}
		tried = true
		if !c.absent.has(at) {
			return at, true
		}
	}
	return c.goal.Email, tried && !c.absent.has(c.goal.Email)
}

// settles says whether a subscriber that was found at none of the member's
// addresses may be one that we created and that is not readable yet.
func (c *Case) settles() bool {
	return slices.ContainsFunc(c.absent, c.lately)
}

func (c *Case) lately(email string) bool {
	return c.now.Sub(millis(c.Addresses[AddressKey(email)].CreatedAt)) < settling
}

// nextRejoin brings back a subscriber that we removed, if it still is exactly as
// we left it; anything else is the person's own choice.
func (c *Case) nextRejoin(removal Removal) Step {
	if c.taken && len(c.Memory.Stale) > 0 { // not if they opted out under their old address
		old, ok := c.read(c.Memory.Stale[0])
		if !ok {
			return Step{Action: Read, At: c.Memory.Stale[0]}
		}
		if old.optedOut() {
			c.address(c.goal.Email, func(a *Address) { a.Removal, a.OptOut = nil, &OptOut{State: old.State} })
			return c.nextWrite()
		}
	}
	r, ok := c.read(c.goal.Email)
	if !ok {
		return Step{Action: Read, At: c.goal.Email}
	}
	return Step{Action: Import, At: c.goal.Email, Want: c.wanted(), Resubscribe: removal.left(r.State, r.Date)}
}

// mayResubscribe says whether a newer opt-in in Ghost undoes an opt-out: never
// that of a bounce or a suppression.
func (c *Case) mayResubscribe(at string) bool {
	r, ok := c.read(at)
	if !ok || c.Memory.OptInAt == 0 || c.goal.Inactive {
		return false
	}
	byPerson := r.State == StateUnsubscribed || r.State == StateDeleted
	return byPerson && !r.Since.IsZero() && millis(c.Memory.OptInAt).After(r.Since)
}

// nowWritten records that the goal is what Campaign Monitor has.
func (c *Case) nowWritten(outcome Outcome) {
	c.written, c.outcome = true, outcome
	m := &c.Memory
	c.leaveClaims()
	m.Email, m.Perhaps, m.OptInAt = c.goal.Email, nil, 0
	m.Layout = c.print
	m.Written = c.prior
	for place, asked := range c.asked {
		if asked.Known {
			m.Written[place] = digest(asked.Value)
		}
	}
	if !c.goal.Inactive {
		m.Inactive = false
	}
	if c.was != "" && !SameAddress(c.was, m.Email) {
		c.address(c.was, c.disown)
	}
	c.address(m.Email, c.own)
}

// leaveClaims has what was meant by writes of unknown end looked at, and removed:
// such an address is the member's by our own word, so that nobody else would ever
// take from the list whom they found or left there.
func (c *Case) leaveClaims() {
	for _, meant := range c.Memory.Perhaps {
		claimed := c.Addresses[AddressKey(meant)].Owner == c.ID
		if claimed && !SameAddress(meant, c.goal.Email) && !c.absent.has(meant) && !slices.Contains(c.Memory.Stale, meant) {
			c.Memory.Stale = append(slices.Clone(c.Memory.Stale), meant)
		}
	}
}

func (c *Case) own(a *Address) { a.Owner, a.ClaimedAt = c.ID, max(a.ClaimedAt, c.claim) }

func (c *Case) disown(a *Address) {
	if a.Owner == c.ID {
		a.Owner = ""
	}
}

// nextStale removes the subscribers of old addresses that could not be changed
// in place, always by delete: the person did not leave.
func (c *Case) nextStale() (Step, bool) {
	for len(c.Memory.Stale) > 0 {
		old := c.Memory.Stale[0]
		if !SameAddress(old, c.goal.Email) {
			if step, more := c.nextRemovalOf(old, true); more {
				return step, true
			}
		}
		c.Memory.Stale = c.Memory.Stale[1:]
	}
	return Step{}, false
}

// nextDeactivation takes someone off the list whom Ghost shows as opted out or
// suppressed, where the policy asks for it. What we find inactive stays so.
func (c *Case) nextDeactivation() (Step, bool) {
	if c.goal.Inactive && c.absent.has(c.goal.Email) {
		c.Memory.Inactive = true
	}
	if !c.goal.Inactive || c.Memory.Inactive {
		return Step{}, false
	}
	r, ok := c.read(c.goal.Email)
	if !ok {
		return Step{Action: Read, At: c.goal.Email}, true
	}
	if r.Answer == Absent || r.State != StateActive {
		c.Memory.Inactive = true
		return Step{}, false
	}
	if c.layout.RemoveByDelete {
		return Step{Action: Delete, At: c.goal.Email}, true
	}
	return Step{Action: Unsubscribe, At: c.goal.Email}, true
}
