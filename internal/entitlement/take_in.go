package entitlement

import (
	"context"
	"errors"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// maxTries bounds how often a change of the ledger begins anew since another
// process changed the same entitlement meanwhile.
const maxTries = 50

var errContended = errors.New("the entitlement changes too often at once")

// takeIn takes every event of a delivery in.
func (f *Flow) takeIn(ctx context.Context, d store.PaymentDelivery, events []payment.Event) error {
	for _, e := range events {
		if !e.Real(f.TestEvents) {
			return f.refuse(ctx, d, payment.ReasonTest)
		}
	}
	for _, e := range events {
		ids, outcome, err := f.take(ctx, d, e)
		if err != nil {
			return err
		}
		f.tell(ctx, told{delivery: d, event: e, entitlements: ids, outcome: outcome})
	}
	return nil
}

// take takes one event in, and says which entitlements it is about, if it is known.
func (f *Flow) take(ctx context.Context, d store.PaymentDelivery, e payment.Event) (ids []string, outcome string, err error) {
	switch e.Action {
	case payment.ActionIgnore:
		return nil, OutcomeIgnored, nil
	case payment.ActionContact:
		ids, err = f.learnContact(ctx, d, e)
		return ids, OutcomeContact, err
	}
	if e.Customer.ID != "" && e.Customer.Email != "" {
		if err := f.Store.KeepContact(ctx, d.Site, e.Provider, e.Customer, e.OccurredAt); err != nil {
			return nil, "", err
		}
	}
	ids, err = f.about(ctx, d.Site, e)
	if err != nil || len(ids) == 0 {
		return nil, OutcomeOrphan, err
	}
	for _, id := range ids {
		if err := f.bring(ctx, d, id, e); err != nil {
			return nil, "", err
		}
	}
	return ids, OutcomeMerged, nil
}

// about finds the entitlements that an event is about. One whose purchase is not
// known is kept for the day when it is.
func (f *Flow) about(ctx context.Context, site string, e payment.Event) (ids []string, err error) {
	if e.Subject.ID != "" {
		return f.ofSubject(ctx, site, e)
	}
	if len(e.Aliases) == 0 {
		return nil, jobs.WithCode(jobs.Permanent(errAboutNothing), codeUnreadable)
	}
	ids, err = f.Store.ByAlias(ctx, site, e.Provider, e.Aliases)
	if err != nil || len(ids) > 0 {
		return ids, err
	}
	ids, err = f.Store.KeepOrphan(ctx, site, e) // finds a purchase that came meanwhile
	if errors.Is(err, store.ErrTooManyOrphans) {
		return nil, jobs.WithCode(jobs.Permanent(err), codeOrphans)
	}
	return ids, err
}

// ofSubject is the entitlement that an event names. Money that goes back may name an
// order that the ledger has as a part of a subscription, or will.
func (f *Flow) ofSubject(ctx context.Context, site string, e payment.Event) (ids []string, err error) {
	id := payment.EntitlementID(e.Provider, e.Subject)
	switch e.Action {
	case payment.ActionRefund, payment.ActionPartialRefund, payment.ActionDispute, payment.ActionDisputeWon, payment.ActionDisputeLost:
	default:
		return []string{id}, nil
	}
	_, known, err := f.Store.Entitlement(ctx, site, id)
	if err != nil || known || len(e.Aliases) == 0 {
		return []string{id}, err
	}
	ids, err = f.Store.KeepOrphan(ctx, site, e)
	if errors.Is(err, store.ErrTooManyOrphans) {
		err = nil
	}
	if err != nil || len(ids) > 0 {
		return ids, err
	}
	return []string{id}, nil
}

// bring merges an event, and what waited for its purchase, into an entitlement, and
// has its access looked at. That is asked for even if nothing is new: the process
// that brought it may have ended before it could.
func (f *Flow) bring(ctx context.Context, d store.PaymentDelivery, id string, e payment.Event) error {
	known, err := f.merge(ctx, d, id, e)
	if err != nil {
		return err
	}
	if known, err = f.mergeOrphans(ctx, d, known); err != nil {
		return err
	}
	known, asking := f.identify(ctx, d, known)
	spec := jobs.Spec{Kind: KindAccess, Site: d.Site, Key: id, Event: e.Type, EmailHash: hashOf(known)}
	if live(d) {
		spec.ReceivedAt = d.ReceivedAt
	}
	_, err = f.Queue.Enqueue(ctx, spec)
	return errors.Join(err, asking)
}

// mergeOrphans merges what waited for the purchase. What comes later finds the
// purchase, because the ledger knows its aliases by now.
func (f *Flow) mergeOrphans(
	ctx context.Context, d store.PaymentDelivery, e payment.Entitlement,
) (payment.Entitlement, error) {
	if len(e.Aliases) == 0 {
		return e, nil
	}
	orphans, err := f.Store.Orphans(ctx, e.Site, e.Provider, e.Aliases)
	if err != nil || len(orphans) == 0 {
		return e, err
	}
	aliases := e.Aliases
	e, err = f.merge(ctx, d, e.ID, orphans...)
	if err != nil {
		return e, err
	}
	return e, f.Store.DropOrphans(ctx, e.Site, e.Provider, aliases)
}

// merge merges events into an entitlement, whoever else changes it meanwhile. Until
// its access was looked at, it is due: a job for that may be lost.
func (f *Flow) merge(
	ctx context.Context, d store.PaymentDelivery, id string, events ...payment.Event,
) (payment.Entitlement, error) {
	for range maxTries {
		v, found, err := f.Store.Entitlement(ctx, d.Site, id)
		if err != nil {
			return payment.Entitlement{}, err
		}
		e := v.Entitlement
		if !found {
			e = newEntitlement(d, id, events[0])
		}
		changed := false
		for _, event := range events {
			changed = e.Merge(event) || changed
		}
		if !changed && found {
			return e, nil
		}
		e.Due = f.Now().Add(lostAfter)
		if _, saved, err := f.Store.SaveEntitlement(ctx, e, v.Version); err != nil || saved {
			return e, err
		}
	}
	return payment.Entitlement{}, jobs.WithCode(errContended, codeContended)
}

// newEntitlement is one of which nothing was known. Who bought just now gets a mail
// from Ghost to sign in with, but nobody whose purchase was found in the books.
func newEntitlement(d store.PaymentDelivery, id string, e payment.Event) payment.Entitlement {
	return payment.Entitlement{
		ID: id, Site: d.Site, Provider: e.Provider, Subject: e.Subject,
		Welcome: live(d),
	}
}

// live says whether a delivery came when what it tells of happened.
func live(d store.PaymentDelivery) bool {
	return d.Source == store.FromWebhook || d.Source == store.FromTest
}

func hashOf(e payment.Entitlement) string { return member.AddressHash(e.Email()) }
