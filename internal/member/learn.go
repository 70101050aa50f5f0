package member

import "slices"

// Begin notes what must be durable before a step is carried out, so that a
// crash in the middle of it leaves no wrong memory.
func (c *Case) Begin(s Step) {
	if !s.Action.Writes() {
		return
	}
	c.Memory.ForgetWritten()
	c.listed = false
	switch s.Action {
	case Update, Import:
		c.address(s.Want.Email, c.own)
		if m := &c.Memory; s.Want.Email != m.Email && !slices.Contains(m.Perhaps, s.Want.Email) {
			m.Perhaps = append(slices.Clone(m.Perhaps), s.Want.Email)
		}
	case Unsubscribe, Delete:
		if c.deactivating(s) {
			c.address(s.At, func(a *Address) { a.OptOut = &OptOut{State: s.Action.leaves(), InGhost: true} })
			return
		}
		c.address(s.At, func(a *Address) { a.Removal = &Removal{Delete: s.Action == Delete} })
	}
}

// deactivating tells an opt-out that travels from Ghost from the removal of
// someone who left, or of an old address.
func (c *Case) deactivating(s Step) bool {
	return !c.gone && SameAddress(s.At, c.goal.Email)
}

// Learn takes in the answer to a step.
func (c *Case) Learn(s Step, r Result) {
	wanted := s.Action == Import || s.Action == Update && SameAddress(s.At, c.goal.Email)
	if r.Answer == BadAddress && !wanted {
		r = Result{Answer: Absent} // what is no address has no subscriber
	}
	switch s.Action {
	case Read:
		c.learnRead(s, r)
	case Update:
		c.learnUpdate(s, r)
	case Import:
		c.learnImport(s, r)
	case Unsubscribe, Delete:
		c.learnRemoval(s, r)
	}
}

func (c *Case) learnRead(s Step, r Result) {
	c.seen.put(s.At, r)
	removed := removing(c.removed.has(s.At))
	c.address(s.At, func(a *Address) { a.observe(r, removed) })
}

func (c *Case) learnUpdate(s Step, r Result) {
	switch r.Answer {
	case Done:
		c.learnUpdated(s)
	case Absent:
		c.absent.add(s.At)
		c.prior = Digests{}
	case Occupied:
		c.learnOccupied(s)
	case BadAddress:
		c.outcome = InvalidAddress
	case OptedOut, Unconfirmed:
		// An update does not ask for consent; should it ever be refused so, the
		// person's state stands.
		c.nowWritten(OptedOutFields)
	}
}

// learnOccupied meets a subscriber at the new address: that one is updated, and
// the old one, if it is another, removed.
func (c *Case) learnOccupied(s Step) {
	c.taken, c.prior = true, Digests{}
	if !SameAddress(s.At, c.goal.Email) && c.owns(s.At) && !slices.Contains(c.Memory.Stale, s.At) {
		c.Memory.Stale = append(slices.Clone(c.Memory.Stale), s.At)
	}
}

func (c *Case) learnUpdated(s Step) {
	c.moved(s)
	if SameAddress(s.At, c.goal.Email) && !SameAddress(c.was, c.goal.Email) {
		c.Memory.Inactive = false // that was known of another subscriber
	}
	outcome := Updated
	switch a := c.Addresses[AddressKey(c.goal.Email)]; {
	case s.Resubscribe:
		outcome = Resubscribed
		c.address(c.goal.Email, func(a *Address) { a.OptOut, a.Removal = nil, nil })
	case c.was != "" && !SameAddress(c.was, c.goal.Email):
		outcome = AddressChanged
	case a.OptOut != nil:
		outcome = OptedOutFields
	}
	c.nowWritten(outcome)
}

// moved takes along what is known of the subscriber from the addresses that it
// is no longer at: the next to have one of them starts anew.
func (c *Case) moved(s Step) {
	for _, old := range c.touched() {
		gone := SameAddress(old, s.At) || c.absent.has(old)
		if SameAddress(old, c.goal.Email) || !gone || !c.owns(old) {
			continue
		}
		from := c.Addresses[AddressKey(old)]
		c.address(c.goal.Email, func(a *Address) {
			a.CreatedAt = max(a.CreatedAt, from.CreatedAt)
			if from.OptOut != nil {
				a.OptOut = from.OptOut
			}
		})
		c.address(old, func(a *Address) { a.OptOut, a.CreatedAt = nil, 0 })
	}
}

func (c *Case) learnImport(s Step, r Result) {
	switch r.Answer {
	case Done:
		outcome := Updated
		c.address(c.goal.Email, func(a *Address) {
			if a.Removal != nil && s.Resubscribe {
				outcome = Resubscribed
			}
			if r.New {
				outcome, a.CreatedAt = Created, c.now.UnixMilli()
			}
			a.OptOut, a.Removal = nil, nil
		})
		c.prior = Digests{}
		c.nowWritten(outcome)
	case OptedOut:
		c.address(c.goal.Email, func(a *Address) { a.OptOut, a.Removal = &OptOut{State: r.Code}, nil })
	case Unconfirmed:
		c.taken = true // there is a subscriber: update it
	case BadAddress:
		c.outcome = InvalidAddress
	}
}

func (c *Case) learnRemoval(s Step, r Result) {
	deactivated := c.deactivating(s)
	c.removed.add(s.At)
	c.seen.drop(s.At)
	if r.Answer == Absent {
		c.seen.put(s.At, Result{Answer: Absent})
	}
	switch {
	case deactivated:
		c.Memory.Inactive = true
		c.nowWritten(Deactivated)
	case c.gone:
		c.outcome = Removed
	default:
		c.nowWritten(c.outcome)
	}
}
