package entitlement

import (
	"context"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// errOvertaken has the job run again at once, by what the ledger says now.
func errOvertaken() error { return jobs.Snooze(0) }

// link records whose the entitlement is, durably before Ghost is written: whoever
// finds it refunded, after a crash or in the middle of this visit, has to know that
// something may have been given, and to whom.
func (v *visit) link(ctx context.Context, memberID string) error {
	for range maxTries {
		e := v.about.Entitlement
		if e.Linked != "" {
			return nil
		}
		e.Linked, e.LinkedBy = memberID, payment.LinkedByMatch
		version, saved, err := v.Store.SaveEntitlement(ctx, e, v.about.Version)
		if err != nil {
			return err
		}
		if saved {
			v.about, v.linked = store.Versioned{Entitlement: e, Version: version}, !v.overtaken
			return nil
		}
		v.overtaken = true
		newest, found, err := v.Store.Entitlement(ctx, v.site.Name, e.ID)
		if err != nil || !found {
			return err
		}
		v.about = newest
	}
	return errContended
}

// keep writes what came of a visit into every entitlement of the person. If an event
// has changed one meanwhile, its own job may have come and gone before anything was
// given: the visit is made again.
func (v *visit) keep(
	ctx context.Context, p person, theirs []store.Versioned, wanted payment.Wanted, d decision,
) error {
	for _, known := range theirs {
		if known.Entitlement.ID == v.about.Entitlement.ID && v.linked {
			known = v.about
		}
		e := known.Entitlement
		was := e.Outcome.State
		v.fill(&e, p, wanted.Each[e.ID], d, wanted.Tier == "")
		if err := v.save(ctx, e, known.Version, was, p); err != nil {
			return err
		}
	}
	if v.overtaken && v.did != actNone {
		return errOvertaken()
	}
	return nil
}

// keepAlone writes what an entitlement comes to that gives nothing and never did.
func (v *visit) keepAlone(ctx context.Context) error {
	e := v.about.Entitlement
	was := e.Outcome.State
	v.fill(&e, person{}, e.Access(v.site.Mapping, v.Now()), decision{}, true)
	return v.save(ctx, e, v.about.Version, was, person{email: e.Email()})
}

// fill puts the outcome of an entitlement together; taking is whether nothing is
// wanted, so that the decision is about what is over.
func (v *visit) fill(e *payment.Entitlement, p person, a payment.Access, d decision, taking bool) {
	e.Outcome = payment.Outcome{
		State: a.State, Reason: a.Reason, Tier: a.Tier, EndsAt: a.Ends, MemberID: p.access.ID, UpdatedAt: v.Now(),
	}
	e.Outcome.Remedy = remedy(a.State)
	e.Due = a.Next
	about := e.ID == v.about.Entitlement.ID
	if about {
		e.Formers = nil // they were left before
	}
	if d.state != "" && (a.Live() || taking && about && a.State == payment.StateRevoked) {
		e.Outcome.State, e.Outcome.Reason, e.Outcome.Remedy = d.state, d.reason, d.remedy
	}
	if a.State == payment.StateUnmapped && isNativeOf(*e, p) {
		e.Outcome.State, e.Outcome.Reason, e.Outcome.Remedy = payment.StateNative, "one of Ghost's own subscriptions", ""
	}
	if !d.again.IsZero() && (a.Live() || about) {
		e.Due = earliest(e.Due, d.again)
	}
	if p.isMember() && e.Linked != p.access.ID && e.LinkedBy != payment.LinkedByOperator {
		e.Linked, e.LinkedBy = p.access.ID, payment.LinkedByMatch
	}
}

// remedy is what a person can do about a purchase that gives nothing as things are.
func remedy(s payment.State) string {
	switch s {
	case payment.StateNeedsAttention:
		return "look the payment up with its provider; refund it, or correct the product's price in the config file"
	case payment.StateUnmapped:
		return "give its product a tier in SITEN_TIERS; what was bought is then granted by itself"
	}
	return ""
}

// isNativeOf knows a subscription that Ghost made itself, in the same account.
func isNativeOf(e payment.Entitlement, p person) bool {
	if e.Provider != payment.Stripe {
		return false
	}
	for _, s := range p.access.Subscriptions {
		if s.ID != "" && s.ID == e.Subject.ID {
			return true
		}
	}
	return false
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// save keeps an entitlement, unless an event has changed it meanwhile: that has
// asked for a job of its own.
func (v *visit) save(ctx context.Context, e payment.Entitlement, version store.Version, was payment.State, p person) error {
	_, saved, err := v.Store.SaveEntitlement(ctx, e, version)
	if err != nil || !saved {
		v.overtaken = v.overtaken || err == nil
		return err
	}
	about := e.ID == v.about.Entitlement.ID
	if e.Outcome.State != was {
		v.raise(e)
	}
	if !about {
		return nil
	}
	v.Metrics.Access(v.site.Name, string(e.Outcome.State))
	v.Log.InfoContext(ctx, "access.settled", "site", v.site.Name, "entitlement", e.ID, "member_id", p.access.ID,
		"state", string(e.Outcome.State), "did", string(v.did), "attempt", v.job.Attempt, "took_ms", v.Now().Sub(v.begun).Milliseconds())
	if v.did == actNone && e.Outcome.State == was {
		return nil
	}
	v.note(ctx, v.activity(e, p))
	return nil
}

func (v *visit) activity(e payment.Entitlement, p person) store.Activity {
	a := store.Activity{
		At: v.Now(), Site: v.site.Name, Event: EventPayment, MemberID: p.access.ID, EmailHash: member.AddressHash(p.address()),
		Outcome: string(e.Outcome.State), Code: string(v.did), Attempt: v.job.Attempt, JobID: v.job.ID,
		Took: v.Now().Sub(v.begun), EventIDs: []string{e.ID},
	}
	if v.did != actNone && !v.job.ReceivedAt.IsZero() {
		a.Lag = v.Now().Sub(v.job.ReceivedAt)
		if slices.Contains([]act{actGrant, actRegrant}, v.did) {
			v.Metrics.Granted(v.site.Name, a.Lag)
		}
	}
	return a
}

// raise tells a person of what only a person can mend.
func (v *visit) raise(e payment.Entitlement) {
	if v.Alerts == nil {
		return
	}
	switch e.Outcome.State {
	case payment.StateUnmapped:
		product := ""
		if len(e.Products) > 0 {
			product = e.Products[0]
		}
		v.Alerts.UnmappedPurchase(v.site.Name, e.Provider, product)
	case payment.StateNeedsAttention:
		v.Alerts.NeedsAttention(v.site.Name, "payment:"+e.Provider)
	}
}
