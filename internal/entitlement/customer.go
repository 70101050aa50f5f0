package entitlement

import (
	"context"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
	"github.com/ghostcm/ghostcm/internal/store"
)

// learnContact keeps who a customer is, and tells it to the entitlements of theirs
// that are known. One that comes later asks for it.
func (f *Flow) learnContact(ctx context.Context, d store.PaymentDelivery, e payment.Event) (ids []string, err error) {
	if e.Customer.ID == "" {
		return nil, nil
	}
	if err := f.Store.KeepContact(ctx, d.Site, e.Provider, e.Customer, e.OccurredAt); err != nil {
		return nil, err
	}
	theirs, err := f.Store.EntitlementsOf(ctx, d.Site, store.HolderCustomer(e.Provider, e.Customer.ID))
	if err != nil {
		return nil, err
	}
	for _, v := range theirs {
		id := v.Entitlement.ID
		if err := f.bring(ctx, d, id, e); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// identify finds out who bought, where no event of the purchase told an address. An
// error says that the provider could not be asked: everything else is done.
func (f *Flow) identify(
	ctx context.Context, d store.PaymentDelivery, e payment.Entitlement,
) (payment.Entitlement, error) {
	if e.Email() != "" || e.MemberID() != "" || e.Customer.ID == "" {
		return e, nil
	}
	c, at, found, err := f.Store.Contact(ctx, e.Site, e.Provider, e.Customer.ID)
	if err != nil {
		return e, err
	}
	if !found {
		if c, found, err = f.ask(ctx, e); err != nil || !found {
			return e, err
		}
		at = f.Now()
	}
	c.ID = e.Customer.ID
	told := payment.Event{
		Provider: e.Provider, ID: "contact:" + c.ID, Type: "customer", Action: payment.ActionContact, Customer: c, OccurredAt: at.UTC(),
	}
	merged, err := f.merge(ctx, d, e.ID, told)
	if err != nil {
		return e, err
	}
	return merged, nil
}

// ask asks the provider who a customer is, and keeps the answer. A provider that
// refuses our key, or has no such customer, is not asked again for this: what is
// missing shows as the entitlement's state.
func (f *Flow) ask(ctx context.Context, e payment.Entitlement) (c payment.Customer, found bool, err error) {
	if f.Who == nil {
		return c, false, nil
	}
	c, found, err = f.Who(ctx, e.Site, e.Provider, e.Customer.ID)
	if err != nil {
		if !asksAgain(err) {
			f.Log.WarnContext(ctx, "payment.customer_unknown", "site", e.Site, "provider", e.Provider, "reason", err.Error())
			return c, false, nil
		}
		return c, false, providerFailed(err)
	}
	if !found {
		return c, false, nil
	}
	c.ID = e.Customer.ID
	return c, true, f.Store.KeepContact(ctx, e.Site, e.Provider, c, f.Now())
}

// asksAgain says whether a question that a provider did not answer is worth another
// attempt.
func asksAgain(err error) bool {
	switch provider.KindOf(err) {
	case provider.NotFound, provider.InvalidRequest, provider.Credentials, provider.Config:
		return false
	}
	return true
}
