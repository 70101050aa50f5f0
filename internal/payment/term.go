package payment

import "time"

const (
	// closeBy is how far two words for one moment are apart at most: providers charge
	// some hours around the end of a period, and on days.
	closeBy = 36 * time.Hour
	// aMonth and aYear stand in where a provider never says how long a period is.
	aMonth = 31 * 24 * time.Hour
	aYear  = 366 * 24 * time.Hour
)

// term is until when an entitlement gives access.
type term struct {
	ends, until time.Time // without and with grace
	state       State
	why, after  string // why it is so now, and once until has passed
}

// term computes until when it gives access, if nothing has ended it. Grace is for
// what renews: for it, the next payment may only be late.
func (e *Entitlement) term(p Product, grace time.Duration) term {
	f := e.Facts
	paid := e.paidUntil(endOfTime(), true)
	switch {
	case e.cancelled():
		return e.cancelledTerm(p, paid)
	case f.Status.Status == PastDue:
		ends := e.overdueSince()
		return term{ends: ends, until: ends.Add(grace), state: StateGranted, why: WhyOverdue, after: WhyOverdue}
	case paid.IsZero():
		return e.unknownTerm(p, grace)
	case f.Status.Status == Paused, !f.Renews.Renews:
		return term{ends: paid, until: paid, state: StateEndsAt}
	}
	return term{ends: paid, until: paid.Add(grace), state: StateGranted, after: WhyNotRenewed}
}

// cancelledTerm ends with what is paid, to the moment.
func (e *Entitlement) cancelledTerm(p Product, paid time.Time) term {
	f := e.Facts
	ends := f.Cancel.EndsAt
	switch {
	case !ends.IsZero():
	case !paid.IsZero():
		ends = paid
	case p.Length > 0:
		ends = f.Last.Add(p.Length)
	default:
		ends = later(f.Last, f.Cancel.At).Add(aMonth)
	}
	if f.Status.Status == PastDue {
		if since := e.overdueSince(); since.Before(ends) {
			ends = since
		}
	}
	return term{ends: ends, until: ends, state: StateEndsAt, why: WhyCancelled, after: WhyCancelled}
}

// unknownTerm is that of a purchase that tells no end: a product's length, for ever
// if it was bought once, else a year, in which something will be heard.
func (e *Entitlement) unknownTerm(p Product, grace time.Duration) term {
	f := e.Facts
	if !f.Renews.Renews && e.Subject.Kind != Subscription {
		if p.Length > 0 {
			ends := f.Last.Add(p.Length)
			return term{ends: ends, until: ends, state: StateEndsAt}
		}
		ends := f.Last.AddDate(Lifetime, 0, 0)
		return term{ends: ends, until: ends, state: StateGranted}
	}
	if !f.Renews.Renews {
		grace = 0
	}
	length, why := p.Length, ""
	if length == 0 {
		length, why = aYear, WhyUnknownEnd
	}
	ends := f.Last.Add(length)
	return term{ends: ends, until: ends.Add(grace), state: StateGranted, why: why, after: WhyNotRenewed}
}

// paidUntil is until when it was paid, as far as events up to a time told; shown
// also counts periods that were only shown. Zero: none told.
func (e *Entitlement) paidUntil(asOf time.Time, shown bool) time.Time {
	f := e.Facts
	var end time.Time
	for _, s := range f.Paid {
		if !s.At.After(asOf) {
			end = later(end, s.Until)
		}
	}
	if shown {
		for _, s := range f.Shown {
			if !s.At.After(asOf) {
				end = later(end, s.Until)
			}
		}
	}
	period, told := e.period(), end
	for _, at := range f.Undated {
		// A payment within a period whose end was told is the payment for it.
		if period > 0 && !at.After(asOf) && at.Add(closeBy).After(told) {
			end = later(end, at.Add(period))
		}
	}
	return end
}

// period is how long the payments that tell no end are for, if an event told it; zero:
// not known. Else, ends that were told lay about a period ahead, or in a trial less, so
// payments that follow each other tell it better, and one alone stands for a month at
// least.
func (e *Entitlement) period() time.Duration {
	f := e.Facts
	if f.Period.Is > 0 {
		return f.Period.Is
	}
	product := ""
	if len(e.Products) > 0 {
		product = e.Products[0]
	}
	var period time.Duration
	for _, a := range f.Ahead {
		if a.Product == product || a.Product == "" {
			period = max(period, a.By)
		}
	}
	apart := time.Duration(0)
	for i := 1; i < len(f.Undated); i++ {
		by := f.Undated[i].Sub(f.Undated[i-1])
		if by > closeBy && (apart == 0 || by < apart) {
			apart = by
		}
	}
	if apart == 0 && period > 0 {
		apart = aMonth
	}
	return max(period, apart)
}

// overdueSince is when access that was not paid again ran out: at the end of what was
// paid, or when the first payment since was overdue.
func (e *Entitlement) overdueSince() time.Time {
	f := e.Facts
	var since time.Time
	for _, o := range f.Overdue {
		at := o.Since
		if at.IsZero() {
			at = o.At
		}
		if o.At.After(f.Restored) && (since.IsZero() || at.Before(since)) {
			since = at
		}
	}
	if since.IsZero() {
		since = f.Status.At
	}
	return later(since, e.paidUntil(endOfTime(), false))
}

func endOfTime() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }
