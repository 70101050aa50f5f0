package payment

import (
	"slices"
	"time"
)

// Policy is what to do when something happens to a purchase.
type Policy string

// The policies. An empty one is the first of its line in Product.
const (
	PeriodEnd Policy = "period-end"
	Now       Policy = "now"
	Revoke    Policy = "revoke"
	Keep      Policy = "keep"
	Suspend   Policy = "suspend"
)

// Product maps what a provider sells to a tier of Ghost.
type Product struct {
	Provider string // "" is any
	ID       string // the provider's product, price or plan
	Tier     string // slug
	// Length is of purchases that tell no end; zero: 100 years if it was bought once.
	Length time.Duration
	Grace  time.Duration // of renewing subscriptions; zero: the mapping's
	// Price is the least that must have been paid, where the buyer can choose how much:
	// by PayPal's buttons and orders. Without a currency: any.
	Price Amount

	OnCancel        Policy // PeriodEnd or Now
	OnRefund        Policy // Revoke or Keep
	OnPartialRefund Policy // Keep or Revoke
	OnDispute       Policy // Suspend or Keep
	OnPause         Policy // Revoke or Keep
}

// Mapping is what a site's purchases give.
type Mapping struct {
	Products []Product
	Tiers    []string      // slugs by rank, the highest first
	Grace    time.Duration // of products that have none of their own
}

// Find returns the product that the first known candidate is mapped to. An entry
// for the provider goes before one for any.
func (m Mapping) Find(provider string, candidates []string) (Product, bool) {
	for _, id := range candidates {
		for _, of := range []string{provider, ""} {
			i := slices.IndexFunc(m.Products, func(p Product) bool { return p.ID == id && p.Provider == of })
			if i >= 0 {
				return m.Products[i], true
			}
		}
	}
	return Product{}, false
}

// productOf is what an entitlement is mapped by. Of several things bought together
// it is the one with the highest tier.
func (m Mapping) productOf(e *Entitlement) (best Product, found bool) {
	_, items := e.Facts.products()
	for _, item := range items {
		p, mapped := m.Find(e.Provider, item)
		if mapped && (!found || m.Rank(p.Tier) < m.Rank(best.Tier)) {
			best, found = p, true
		}
	}
	if found {
		return best, true
	}
	return m.Find(e.Provider, e.Products)
}

// Rank is the position of a tier, 0 is the highest; a tier that is not in the
// mapping ranks below all that are.
func (m Mapping) Rank(tier string) int {
	if i := slices.Index(m.Tiers, tier); i >= 0 {
		return i
	}
	return len(m.Tiers)
}

func (m Mapping) grace(p Product) time.Duration {
	if p.Grace > 0 {
		return p.Grace
	}
	return m.Grace
}
