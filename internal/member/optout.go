package member

// seen is the opt-out that a subscriber's inactive state shows, as read, where o
// was known before (nil: none). What Ghost knows of the one that was known, it
// knows of this one, if it is still the same: its date has not changed.
func (o *OptOut) seen(state, date string) *OptOut {
	same := o != nil && o.InGhost && o.State == state && (o.Date == "" || o.Date == date)
	now := OptOut{State: state, Date: date, InGhost: same}
	if o != nil && *o == now {
		return o
	}
	return &now
}

// Observe takes in what a read of the subscriber at this address answered.
func (a *Address) Observe(r Result) { a.observe(r, removing(false)) }

// removing is whether a removal of ours was sent just now, which a read may not
// show yet.
type removing bool

func (a *Address) observe(r Result, removed removing) {
	switch {
	case r.Answer == Absent:
		a.Removal = nil
	case r.State == StateActive && bool(removed):
		// Our removal stays the reason for what will show.
	case r.State == StateActive:
		a.OptOut, a.Removal = nil, nil
	case r.State == StateUnconfirmed: // signed up anew
		a.Removal = nil
	case a.Removal != nil && a.Removal.left(r.State, r.Date):
		a.Removal.Done, a.Removal.State, a.Removal.Date = true, r.State, r.Date
	default:
		a.Removal, a.OptOut = nil, a.OptOut.seen(r.State, r.Date)
	}
}

// NewsToGhost says whether the person has unsubscribed in Campaign Monitor and
// Ghost does not know: not if it was our own doing, not if Ghost was told of just
// this opt-out before, and never for a bounce, a deletion or a suppression.
func (a Address) NewsToGhost() bool {
	return a.Removal == nil && a.OptOut != nil && a.OptOut.State == StateUnsubscribed && !a.OptOut.InGhost
}

// Told notes that Ghost knows of the opt-out.
func (a *Address) Told() {
	if a.OptOut != nil {
		told := *a.OptOut
		told.InGhost = true
		a.OptOut = &told
	}
}

// takeAlong has opt-outs go with the member from old addresses where there is no
// subscriber any more, or never was. They stay there, too, if they were the
// address' own.
func (c *Case) takeAlong() {
	for _, old := range c.touched() {
		optOut := c.Addresses[AddressKey(old)].OptOut
		if optOut == nil || SameAddress(old, c.goal.Email) || !c.owns(old) || !c.absent.has(old) {
			continue
		}
		c.bringOptOut(*optOut)
		if optOut.Moved {
			c.address(old, func(a *Address) { a.OptOut = nil })
		}
	}
}

// bringOptOut remembers at the member's address that the person opted out at
// another, unless what is known of the address itself says so.
func (c *Case) bringOptOut(o OptOut) {
	o.Date, o.Moved = "", true
	c.address(c.goal.Email, func(a *Address) {
		if a.OptOut == nil {
			a.OptOut = &o
		}
	})
}
