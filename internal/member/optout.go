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
