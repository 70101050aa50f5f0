package payment

import (
	"cmp"
	"slices"
	"time"
)

// Lifetime is how many years a purchase that was made once gives access, unless its
// product has a length.
const Lifetime = 100

// Why an entitlement gives what it gives.
const (
	WhyUnpaid         = "nothing is paid yet"
	WhyRefunded       = "refunded"
	WhyPartlyRefunded = "partly refunded"
	WhyDisputed       = "disputed"
	WhyDisputeLost    = "dispute lost"
	WhyEnded          = "ended"
	WhyCancelled      = "cancelled"
	WhyPaused         = "paused"
	WhyOverdue        = "payment overdue"
	WhyNotRenewed     = "not renewed"
	WhyUnmapped       = "no tier is mapped to its product"
	WhyUnderpaid      = "less was paid than the product's price, or in another currency"
	WhyUnknownEnd     = "its provider does not say until when it is paid"
	WhyOutranked      = "another purchase gives more"
)

// Access is what one entitlement gives at a moment.
type Access struct {
	// State is one of granted, ends_at, pending, unmapped, revoked, and needs_attention
	// where too little was paid; only the first two give Tier.
	State  State
	Reason string    // why it is so, for people; empty for what is plain
	Tier   string    // of its product, also when it is over; empty: unmapped
	Until  time.Time // the expiry_at to write: with grace
	Ends   time.Time // until when it is paid; once it is over, when it ended
	Next   time.Time // when this changes by itself; zero: never
}

// Live says whether it gives its tier.
func (a Access) Live() bool { return a.State == StateGranted || a.State == StateEndsAt }

// Access says what the entitlement gives under the mapping.
func (e *Entitlement) Access(m Mapping, now time.Time) Access {
	p, mapped := m.productOf(e)
	if since, why := e.over(p); why != "" {
		return Access{State: StateRevoked, Reason: why, Tier: p.Tier, Until: since, Ends: since}
	}
	if !e.begun() {
		return Access{State: StatePending, Reason: WhyUnpaid, Tier: p.Tier}
	}
	t := e.term(p, m.grace(p))
	a := Access{State: t.state, Reason: t.why, Tier: p.Tier, Until: t.until, Ends: t.ends, Next: t.until}
	if all, part := e.givenBack(); !part.IsZero() || !all.IsZero() {
		a.Reason = cmp.Or(a.Reason, WhyPartlyRefunded)
	}
	switch {
	case !now.Before(t.until):
		a.State, a.Reason, a.Next = StateRevoked, cmp.Or(t.after, WhyEnded), time.Time{}
	case !mapped:
		a.State, a.Reason = StateUnmapped, WhyUnmapped
	case e.underpaid(p):
		a.State, a.Reason = StateNeedsAttention, WhyUnderpaid
	}
	return a
}

// underpaid says whether the newest payment is less than the product's price. It is
// asked only where the buyer can write the price and the product into the order:
// PayPal's messages are genuine all the same, also of a button that anybody made up.
func (e *Entitlement) underpaid(p Product) bool {
	chosen := e.Provider == PayPalIPN || e.Provider == PayPal && e.Subject.Kind == Order
	if p.Price.Currency == "" || !chosen {
		return false
	}
	newest := e.Facts.Amount
	return !newest.Paid || newest.Amount.Currency != p.Price.Currency || newest.Amount.Minor < p.Price.Minor
}

// begun says whether an event has shown access that was bought or given for a trial.
// That something was cancelled or a payment failed does not, unless it says until when
// it had been paid.
func (e *Entitlement) begun() bool {
	f := e.Facts
	told := func(o Overdue) bool { return !o.Since.IsZero() }
	return !f.First.IsZero() || len(f.Paid)+len(f.Shown) > 0 || f.Cancel.Cancelled && !f.Cancel.EndsAt.IsZero() ||
		slices.ContainsFunc(f.Overdue, told)
}

// over says since when, and why, it gives nothing whatever was paid.
func (e *Entitlement) over(p Product) (since time.Time, why string) {
	f := e.Facts
	all, part := e.givenBack()
	switch {
	case !all.IsZero() && p.OnRefund != Keep:
		return all, WhyRefunded
	case f.Dispute.Dispute == DisputeOpen && p.OnDispute != Keep:
		return f.Dispute.At, WhyDisputed
	case f.Dispute.Dispute == DisputeLost && (p.OnDispute != Keep || p.OnRefund != Keep) && !e.paidAnewSince(f.Dispute.At):
		return f.Dispute.At, WhyDisputeLost
	case !part.IsZero() && p.OnPartialRefund == Revoke && !e.paidAnewSince(part):
		return part, WhyPartlyRefunded
	case f.Status.Status == Ended:
		return f.Status.At, WhyEnded
	case p.OnCancel == Now && e.cancelled():
		return f.Cancel.At, WhyCancelled
	case f.Status.Status == Paused && p.OnPause != Keep:
		return f.Status.At, WhyPaused
	}
	return time.Time{}, ""
}

// paidAnewSince says whether what was paid for reaches further by a payment after
// the given time: what had been paid until then was given back, the new is not.
func (e *Entitlement) paidAnewSince(t time.Time) bool {
	before := e.paidUntil(t, false)
	return !before.IsZero() && e.paidUntil(endOfTime(), false).After(before)
}

// cancelled says whether it ends instead of renewing. A payment after it that
// reaches beyond the end shows that it was taken back, though no event said so.
func (e *Entitlement) cancelled() bool {
	c := e.Facts.Cancel
	if !c.Cancelled || c.EndsAt.IsZero() {
		return c.Cancelled
	}
	beyond := c.EndsAt.Add(closeBy)
	return e.paidUntil(c.At, false).After(beyond) || !e.paidUntil(endOfTime(), false).After(beyond)
}
