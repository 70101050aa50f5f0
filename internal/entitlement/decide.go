package entitlement

import (
	"fmt"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// act is what is to be done in Ghost.
type act string

const (
	actNone    act = ""
	actGrant   act = "grant"   // give the tier, or another end of it
	actRegrant act = "regrant" // take it and give it anew: Ghost changes the status only with the tiers
	actRevoke  act = "revoke"  // take the tiers
	actExpire  act = "expire"  // leave the tier with an end in the past, for Ghost's nightly job
	actRestore act = "restore" // give back what a person had given
)

// situation is all that is decided from: what a member has, what the purchases ask
// for, and what we meant Ghost to give until now.
type situation struct {
	access ghost.Access
	want   want
	grant  store.Grant // the zero Grant: we never gave anything
	stripe bool        // connected in Ghost
	rank   func(slug string) (rank int, known bool)
	slug   func(tierID string) string // "" of a tier that is no more
	now    time.Time
}

// want is the tier that the purchases of a person give, by Ghost's id; no id, if
// they give none.
type want struct {
	tierID, slug string
	until        time.Time // in whole seconds
}

// decision is what is to be done, and how that is shown.
type decision struct {
	act    act
	tierID string      // of grant, regrant, expire and restore
	until  time.Time   // of it
	before *store.Comp // given by hand, to be remembered for the day on which ours ends

	// Of purchases that give a tier: their state, if it is another than the ledger's.
	state          payment.State
	reason, remedy string
	again          time.Time // when to look again, beside what the purchases ask for
	forget         bool      // nothing of us is left
}

// How often to look at what only a person, Ghost or Stripe can change.
const (
	againSoon  = time.Hour
	againDaily = 24 * time.Hour
)

// decide says what to do about a member. It writes only what is ours: a member who
// pays, a gift, and a comp that equals nothing we recorded belong to others.
func decide(s situation) decision {
	if s.want.tierID == "" {
		return s.take()
	}
	switch {
	case s.access.Paying():
		return s.coveredByNative()
	case s.access.StripeComp():
		return decision{
			state: payment.StateNeedsAttention, again: s.now.Add(againSoon),
			reason: "a subscription without a price in Stripe gives the member access, and keeps Ghost from giving this tier",
			remedy: "cancel that subscription on the member's page in Ghost; it is looked at again every hour",
		}
	}
	if by := s.byHand(); len(by) > 0 {
		return s.beside(by)
	}
	if b := s.grant.Before; b != nil && s.lasts(*b) && s.holdsOurs() {
		if t := (ghost.HeldTier{ID: b.TierID, Slug: s.slug(b.TierID), ExpiryAt: b.ExpiryAt}); s.covers(t) {
			d := s.manual(t, "a comp given by hand covers it, since a higher purchase has ended")
			d.act, d.tierID, d.until, d.forget = actRestore, b.TierID, b.ExpiryAt, true
			return d
		}
	}
	return s.give(nil)
}

func (s situation) lasts(c store.Comp) bool { return c.ExpiryAt.IsZero() || c.ExpiryAt.After(s.now) }

func (s situation) holdsOurs() bool { return slices.ContainsFunc(s.access.Tiers, s.isOurs) }

// coveredByNative leaves a payer, or who was given a gift, alone.
func (s situation) coveredByNative() decision {
	d := decision{state: payment.StateNative, again: s.nativeEnd(), reason: "the member pays by Stripe in Ghost"}
	if s.access.Status == "gift" {
		d.reason = "the member was given a gift in Ghost"
	}
	if _, same := s.access.Held(s.want.tierID); !same {
		d.reason += ", for another tier"
		d.remedy = "let the member change the tier in Ghost, or end one of the two purchases"
	}
	return d
}

// nativeEnd is a moment after the period of Stripe's, tomorrow at the latest.
func (s situation) nativeEnd() time.Time {
	again := s.now.Add(againDaily)
	for _, sub := range s.access.Subscriptions {
		if end := sub.Ends.Add(10 * time.Minute); end.After(s.now) && end.Before(again) {
			again = end
		}
	}
	return again
}

// byHand are the tiers that a person gave and that have not ended.
func (s situation) byHand() []ghost.HeldTier {
	return slices.DeleteFunc(slices.Clone(s.access.Tiers), func(t ghost.HeldTier) bool {
		return s.isOurs(t) || s.ended(t)
	})
}

func (s situation) ended(t ghost.HeldTier) bool {
	return !t.ExpiryAt.IsZero() && !t.ExpiryAt.After(s.now)
}

// isOurs knows a comp by what was recorded before it was written: what we mean
// Ghost to give, or, if that write never came, what we meant before.
func (s situation) isOurs(t ghost.HeldTier) bool {
	is := func(tierID string, at time.Time) bool {
		return t.ID == tierID && !at.IsZero() && ghost.WholeSecond(t.ExpiryAt).Equal(ghost.WholeSecond(at))
	}
	p := s.grant.Previous
	return is(s.grant.TierID, s.grant.ExpiryAt) || p != nil && is(p.TierID, p.ExpiryAt)
}

// beside leaves a comp given by hand as it is, unless the purchase ranks higher:
// then it is kept in mind, and given back when the purchase ends.
func (s situation) beside(by []ghost.HeldTier) decision {
	for _, t := range by {
		if s.access.Status != "free" && s.covers(t) {
			return s.manual(t, "a comp given by hand covers it")
		}
	}
	switch t := by[0]; {
	case s.access.Status == "free":
		return decision{
			state: payment.StateNeedsAttention, again: s.now.Add(againSoon),
			reason: "Ghost shows the tier " + t.Slug + " on a member who is free, and did not get it from here",
			remedy: "take that tier from the member in Ghost; it is looked at again every hour",
		}
	case len(s.access.Tiers) > 1:
		return decision{
			state: payment.StateNeedsAttention, again: s.now.Add(againSoon),
			reason: "the member has several tiers, and one of them was given by hand",
			remedy: "leave the member one tier in Ghost; it is looked at again every hour",
		}
	case !s.ranked(t):
		return s.manual(t, "the member has a comp by hand of a tier that is not in SITEN_TIERS, so that none is higher")
	default:
		return s.give(&store.Comp{TierID: t.ID, ExpiryAt: t.ExpiryAt})
	}
}

func (s situation) covers(t ghost.HeldTier) bool {
	if t.ID == s.want.tierID {
		return true
	}
	mine, _ := s.rank(s.want.slug)
	rank, known := s.rank(t.Slug)
	return known && rank <= mine
}

func (s situation) ranked(t ghost.HeldTier) bool {
	_, known := s.rank(t.Slug)
	return known
}

func (s situation) manual(t ghost.HeldTier, why string) decision {
	again := s.now.Add(againDaily)
	if !t.ExpiryAt.IsZero() && t.ExpiryAt.Before(again) {
		again = t.ExpiryAt
	}
	return decision{state: payment.StateManual, again: again, reason: why + ": the tier " + t.Slug}
}

// give makes the member have what is wanted, where Ghost lets it.
func (s situation) give(before *store.Comp) decision {
	d := decision{act: actGrant, tierID: s.want.tierID, until: s.want.until, before: before}
	if before == nil {
		d.before = s.grant.Before
	}
	held, has := s.access.Held(s.want.tierID)
	same := has && len(s.access.Tiers) == 1 && ghost.WholeSecond(held.ExpiryAt).Equal(s.want.until)
	switch {
	case s.access.Status != "free" && same:
		return decision{before: d.before}
	case s.access.Status == "free" && !s.stripe:
		return decision{
			state: payment.StateNeedsAttention, again: s.now.Add(againSoon),
			reason: "Ghost without Stripe gives a tier only to new members: this one is free, and would stay so",
			remedy: "connect Stripe in Ghost (its keys are enough, test keys too, nobody has to pay by it); it is looked at again " +
				"every hour. Do not delete the member for it: labels, newsletters and history would go too",
		}
	case s.access.Status == "free" && has:
		d.act = actRegrant
	}
	return d
}

// take makes the member have nothing of us any more.
func (s situation) take() decision {
	ours := slices.IndexFunc(s.access.Tiers, s.isOurs)
	switch {
	case (s.access.Paying() || s.access.StripeComp()) && ours >= 0:
		return decision{again: s.now.Add(againDaily)} // it ends by itself, or when it may be written
	case ours < 0 && len(s.access.Tiers) == 0 && s.access.Status == "comped" && s.grant.Revoked:
		// Ghost took the tier and left the status, as it does without Stripe.
		return s.expire(s.grant.TierID)
	case ours < 0:
		return decision{forget: true}
	}
	return s.takeOurs(s.access.Tiers[ours])
}

func (s situation) takeOurs(t ghost.HeldTier) decision {
	before := s.grant.Before
	switch {
	case len(s.access.Tiers) > 1:
		return decision{
			state: payment.StateNeedsAttention, again: s.now.Add(againSoon),
			reason: "the member has several tiers, and only one of them is from here",
			remedy: fmt.Sprintf("take the tier %s from the member in Ghost", t.Slug),
		}
	case before != nil && s.lasts(*before):
		return decision{act: actRestore, tierID: before.TierID, until: before.ExpiryAt, forget: true}
	case s.stripe:
		return decision{act: actRevoke, forget: true}
	case s.ended(t):
		return decision{again: s.now.Add(againDaily)} // Ghost's nightly job does the rest
	}
	return s.expire(t.ID)
}

// expire ends a tier yesterday: Ghost's nightly job, which may run any minute, takes
// what ended before today.
func (s situation) expire(tierID string) decision {
	yesterday := s.now.UTC().Truncate(24 * time.Hour).Add(-time.Second)
	return decision{act: actExpire, tierID: tierID, until: yesterday, again: s.now.Add(againDaily)}
}
