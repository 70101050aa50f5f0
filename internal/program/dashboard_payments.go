package program

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/dashboard"
	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Shops are the sites that sell access.
func (c *cockpit) Shops() (shops []dashboard.Shop) {
	for _, s := range c.current().opt.Config.Sites {
		shop := dashboard.Shop{Site: s.Name}
		for _, of := range s.Payments.Providers {
			shop.Providers = append(shop.Providers, of.Name)
		}
		if len(shop.Providers) > 0 {
			shops = append(shops, shop)
		}
	}
	return shops
}

// Tally counts what each shop has sold, and what it has refused.
func (c *cockpit) Tally(ctx context.Context) (all []dashboard.Tally, err error) {
	p := c.current()
	for _, shop := range c.Shops() {
		counts, err := p.Store.EntitlementCounts(ctx, shop.Site)
		if err != nil {
			return nil, err
		}
		t := dashboard.Tally{Site: shop.Site, States: map[string]int{}}
		for state, n := range counts {
			t.States[string(state)] = int(n)
		}
		for _, provider := range shop.Providers {
			q, err := p.Store.QuarantineSize(ctx, shop.Site, provider)
			if err != nil {
				return nil, err
			}
			if q.Deliveries > 0 || q.Refused > 0 {
				t.Quarantine = append(t.Quarantine, dashboard.Quarantine{
					Provider: provider, Deliveries: q.Deliveries, Full: int(100 * q.Full()), Refused: int(q.Refused),
				})
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// Unmapped sums up what was sold without a tier.
func (c *cockpit) Unmapped(ctx context.Context) (all []dashboard.UnmappedProduct, err error) {
	p := c.current()
	for _, shop := range c.Shops() {
		sums, err := p.Store.UnmappedSums(ctx, shop.Site)
		if err != nil {
			return nil, err
		}
		for _, sum := range sums {
			u := dashboard.UnmappedProduct{
				Site: shop.Site, Provider: sum.Provider, Product: Discreet(sum.Product), Purchases: sum.Purchases,
			}
			for _, currency := range slices.Sorted(maps.Keys(sum.Paid)) {
				u.Paid = append(u.Paid, Price(payment.Amount{Minor: sum.Paid[currency], Currency: currency}))
			}
			all = append(all, u)
		}
	}
	slices.SortStableFunc(all, func(a, b dashboard.UnmappedProduct) int { return cmp.Compare(b.Purchases, a.Purchases) })
	return all, nil
}

// Purchase is one of the ledger's, in full.
func (c *cockpit) Purchase(ctx context.Context, ref dashboard.PurchaseRef) (d dashboard.PurchaseDetail, found bool, err error) {
	v, found, err := c.entitlement(ctx, ref)
	if !found || err != nil {
		return d, false, err
	}
	e := v.Entitlement
	d = dashboard.PurchaseDetail{
		Purchase: purchaseOf(e), LinkedBy: string(e.LinkedBy), Customer: Discreet(e.Customer.ID),
		LookedAt: e.Outcome.UpdatedAt, NextLook: e.Due,
	}
	for _, id := range e.Products {
		d.Products = append(d.Products, Discreet(id))
	}
	for _, id := range e.Aliases {
		d.Aliases = append(d.Aliases, Discreet(id))
	}
	for _, h := range slices.Backward(e.History) {
		told := dashboard.PurchaseEvent{At: h.At, Type: h.Type, Action: string(h.Action), EventID: Discreet(h.EventID)}
		d.History = append(d.History, told)
	}
	return d, true, nil
}

// entitlement looks for one of a site that is configured.
func (c *cockpit) entitlement(ctx context.Context, ref dashboard.PurchaseRef) (v store.Versioned, found bool, err error) {
	p := c.current()
	if !slices.Contains(p.siteNames(), ref.Site) {
		return v, false, nil
	}
	return p.Store.Entitlement(ctx, ref.Site, ref.ID)
}

func purchaseOf(e payment.Entitlement) dashboard.Purchase {
	d := dashboard.Purchase{
		ID: e.ID, Site: e.Site, Provider: e.Provider, Tier: e.Outcome.Tier, MemberID: OwnerOf(e), EmailHash: hashOf(e.Email()),
		State: string(e.State()), Reason: Discreet(e.Outcome.Reason), Remedy: Discreet(e.Outcome.Remedy), Paid: Price(e.Amount),
		Test: e.Test, EndsAt: e.Outcome.EndsAt, HeardAt: LastHeard(e),
	}
	if len(e.Products) > 0 {
		d.Product = Discreet(e.Products[0])
	}
	return d
}

// Retry has purchases looked at again.
func (c *cockpit) Retry(ctx context.Context, refs []dashboard.PurchaseRef) (n int, err error) {
	p, desk := c.current(), c.current().Desk()
	var done []store.Activity
	for _, ref := range refs {
		v, found, readErr := c.entitlement(ctx, ref)
		if err = readErr; err == nil && found {
			err = desk.Retry(ctx, v.Entitlement)
		}
		if err != nil {
			break
		}
		if !found {
			continue
		}
		done = append(done, store.Activity{
			At: time.Now(), Site: ref.Site, Event: eventRetry, Outcome: outcomeRetried, Who: byDashboard,
			MemberID: OwnerOf(v.Entitlement), EmailHash: hashOf(v.Entitlement.Email()), EventIDs: []string{ref.ID},
		})
	}
	return len(done), errors.Join(err, p.noteDone(ctx, done...))
}

// Link gives a purchase to a member of whom Ghost knows.
func (c *cockpit) Link(ctx context.Context, ref dashboard.PurchaseRef, whom string) (done dashboard.Linked, found bool, err error) {
	p := c.current()
	if _, found, err = c.entitlement(ctx, ref); !found || err != nil {
		return done, false, err
	}
	whom = strings.TrimSpace(whom)
	if done.MemberID, err = p.MemberOf(ctx, ref.Site, whom); err != nil {
		return done, true, &dashboard.BadQuery{Field: "member", Text: Discreet(NotLinked(ref.Site, whom, err)) + "."}
	}
	was, err := p.LinkPurchase(ctx, byDashboard, ref.Site, ref.ID, done.MemberID)
	if errors.Is(err, entitlement.ErrUnknown) {
		return done, false, nil
	}
	if former := OwnerOf(was); former != done.MemberID {
		done.Former = former
	}
	return done, true, err
}

// waiting is what is on this machine's disk.
func (c *cockpit) waiting() (s dashboard.Spool) {
	s.Deliveries, s.Oldest = spooled(c.current().intake.Waiting(), time.Now())
	return s
}
