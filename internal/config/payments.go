package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// Payments is what a site needs to turn purchases into access.
type Payments struct {
	Providers []Provider // by name; empty: no payments
	Products  []Product  // in the order they were written
	Mail      string     // "signin" or "none": what Ghost sends to a member that a purchase created
}

// Provider is one payment provider of a site.
type Provider struct {
	Name string // as in the webhook's path: "stripe", "paypal-ipn", …
	// Proofs is what shows that a delivery is genuine, several while rotating:
	// signing secrets, PayPal's webhook ids, the receivers of PayPal IPN,
	// Zapier's tokens.
	Proofs []Secret
	// APIKey is for backfills; it may be unset.
	APIKey Secret
}

// Product maps what a provider sells to a tier of Ghost.
type Product struct {
	Provider string // "" is any
	ID       string // the provider's product, price or plan
	Tier     string // slug
	Length   time.Duration
	// Grace is for renewing subscriptions; 0 is PAYMENT_GRACE.
	Grace time.Duration
	// Price is the least that must be paid by PayPal; without a currency it is any.
	Price payment.Amount

	OnCancel        string // "period-end" or "now"
	OnRefund        string // "revoke" or "keep"
	OnPartialRefund string // "keep" or "revoke"
	OnDispute       string // "suspend" or "keep"
	OnPause         string // "revoke" or "keep"
}

// Tiers lists the tiers' slugs by rank, highest first.
func (p Payments) Tiers() []string {
	var tiers []string
	for _, product := range p.Products {
		if !slices.Contains(tiers, product.Tier) {
			tiers = append(tiers, product.Tier)
		}
	}
	return tiers
}

// Provider finds a provider by name.
func (p Payments) Provider(name string) (Provider, bool) {
	for _, provider := range p.Providers {
		if provider.Name == name {
			return provider, true
		}
	}
	return Provider{}, false
}

// APIKeySetting is the setting that holds the key of a provider's API, for the site
// with this number.
func APIKeySetting(n int, provider string) string {
	return fmt.Sprintf("SITE%d_%s", n, providerKind{name: provider}.apiKeyName())
}
