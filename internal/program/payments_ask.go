package program

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
	"github.com/ghostcm/ghostcm/internal/store"
)

// asking is who can be asked whether a provider made a delivery, where its bytes
// alone do not tell.
type asking struct {
	paypal  *provider.PayPal
	gumroad map[string]*provider.Gumroad // by site; none without a key
	// customers tell who a customer is, by site and provider; none without a key.
	customers map[string]*provider.Customers
}

// errAskLater is of a delivery of which only its provider can tell who made it: its
// job asks.
var errAskLater = errors.New("only the provider can tell, which is asked later")

// newAsking makes those that the configuration needs.
func (p *Program) newAsking() (*asking, error) {
	client := p.providers()
	a := &asking{gumroad: map[string]*provider.Gumroad{}, customers: map[string]*provider.Customers{}}
	for _, s := range p.opt.Config.Sites {
		if err := a.add(p, s, client); err != nil {
			return nil, fmt.Errorf("site %s: %w", s.Name, err)
		}
	}
	return a, nil
}

func (a *asking) add(p *Program, s config.Site, client *http.Client) (err error) {
	_, paypal := s.Payments.Provider(payment.PayPal)
	_, ipn := s.Payments.Provider(payment.PayPalIPN)
	if a.paypal == nil && (paypal || ipn) {
		a.paypal, err = provider.NewPayPal(provider.PayPalOptions{
			HTTP: client, Observe: p.observeProvider(""), URL: p.opt.ProviderURLs[payment.PayPalIPN],
		})
		if err != nil {
			return err
		}
	}
	if gumroad, sells := s.Payments.Provider(payment.Gumroad); sells && gumroad.APIKey.IsSet() {
		a.gumroad[s.Name], err = provider.NewGumroad(provider.GumroadOptions{
			Key: gumroad.APIKey.Reveal(), HTTP: client, Observe: p.observeProvider(s.Name), URL: p.opt.ProviderURLs[payment.Gumroad],
		})
	}
	for _, name := range []string{payment.Paddle, payment.Stripe} {
		of, sells := s.Payments.Provider(name)
		if err != nil || !sells || !of.APIKey.IsSet() {
			continue
		}
		a.customers[heardOf(s.Name, name)], err = provider.NewCustomers(name, provider.CustomersOptions{
			Key: of.APIKey.Reveal(), HTTP: client, Observe: p.observeProvider(s.Name), URL: p.opt.ProviderURLs[name],
		})
	}
	return err
}

// who asks a provider who its customer is; found is false where it cannot be asked.
func (a *asking) who(ctx context.Context, site, name, customerID string) (c payment.Customer, found bool, err error) {
	customers := a.customers[heardOf(site, name)]
	if customers == nil {
		return c, false, nil
	}
	return customers.Customer(ctx, customerID)
}

// providers reaches payment providers, as the configuration allows it.
func (p *Program) providers() *http.Client {
	return egress.Client(p.opt.Config.OutboundPolicy(), egress.Options{Timeout: upstreamTimeout})
}

func (p *Program) observeProvider(site string) provider.Observe {
	return func(name, op string, status int, took time.Duration) {
		p.Metrics.Upstream(metrics.Request{Site: site, Upstream: name, Op: op, Status: status, Took: took})
	}
}

// atTheDoor verifies what can be verified while the provider waits for its answer.
func (a *asking) atTheDoor(ctx context.Context, d store.PaymentDelivery, proofs []string) error {
	switch d.Provider {
	case payment.PayPalIPN:
		if err := payment.CheckReceiver(proofs, d.Body); err != nil {
			return err
		}
		return errAskLater
	case payment.Gumroad:
		if err := verify(d, proofs); err != nil || a.gumroad[d.Site] == nil {
			return err
		}
		return errAskLater
	}
	return a.prove(ctx, d, proofs)
}

// prove tells whether the provider made a delivery, and asks it where need be: nil,
// *payment.Refused, or why nobody knows.
func (a *asking) prove(ctx context.Context, d store.PaymentDelivery, proofs []string) error {
	switch d.Provider {
	case payment.PayPal:
		return a.paypal.Verify(ctx, proofs, d.HeaderValue, d.Body, d.ReceivedAt)
	case payment.PayPalIPN:
		return a.paypal.VerifyIPN(ctx, proofs, d.Body)
	case payment.Gumroad:
		if err := verify(d, proofs); err != nil || a.gumroad[d.Site] == nil {
			return err
		}
		return a.gumroad[d.Site].Confirm(ctx, d.Body)
	}
	return verify(d, proofs)
}

func verify(d store.PaymentDelivery, proofs []string) error {
	return payment.Verify(d.Provider, proofs, d.HeaderValue, d.Body, d.ReceivedAt)
}
