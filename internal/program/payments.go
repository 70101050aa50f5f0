package program

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/server"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

// clients makes those that the configuration asks for.
func (p *Program) clients() (err error) {
	if p.sites, err = p.workerSites(); err != nil {
		return err
	}
	if p.shops, err = p.paymentSites(); err != nil {
		return err
	}
	p.asking, err = p.newAsking()
	return err
}

// tills is the handler of the webhooks of payment providers.
func (p *Program) tills(limiter *server.Limiter) http.Handler {
	var sites []webhook.PaymentSite
	for _, s := range p.opt.Config.Sites {
		sites = append(sites, webhook.PaymentSite{Name: s.Name, Proofs: proofs(s.Payments)})
	}
	return webhook.NewPayment(webhook.PaymentOptions{
		Sites: sites, Verify: p.asking.atTheDoor,
		Purchases:  purchaseDoor{p.intake, entitlement.Intake{Store: p.prompt, Queue: p.prompts}},
		TestEvents: p.opt.Config.Payment.TestEvents, Limiter: limiter, Log: p.opt.Log, Observe: p.observePayment,
		AcceptTimeout: acceptWithin, Network: limiter.Network,
	})
}

// observePayment counts one request of a payment provider. When each provider's
// came last is known to every process.
func (p *Program) observePayment(o webhook.PaymentOutcome) {
	p.Metrics.PaymentWebhook(metrics.PaymentWebhook{
		Site: o.Site, Provider: o.Provider, Result: o.Result, Took: o.Took, Quarantined: o.Quarantined,
	})
	if o.Provider == "" {
		return
	}
	if o.Quarantined && o.Result != string(payment.ReasonTest) && o.Result != "test_event" {
		p.alerts.RefusedPayment(o.Site, o.Provider, o.Result)
	}
	if o.Result == "known" {
		o.Result = "accepted"
	}
	p.heard.note(webhook.Outcome{Site: heardOf(o.Site, o.Provider), Result: o.Result, At: o.At})
}

// heardOf names a provider of a site, as it is kept when its webhooks came.
func heardOf(site, provider string) string { return site + ":" + provider }

// paymentWorkers is how many jobs of purchases run beside those of members.
func (p *Program) paymentWorkers() int {
	if len(p.shops) == 0 {
		return 0
	}
	return entitlement.Workers
}

// entitlements is what does the jobs of purchases.
func (p *Program) entitlements() *entitlement.Flow {
	c := p.opt.Config
	return entitlement.New(entitlement.Options{
		Store: p.Store, Queue: p.Queue, Sites: p.shops, Retries: c.Worker.PaymentRetries, KeepDead: c.Retention.DeadLetters,
		Prove: p.asking.prove, Who: p.asking.who, TestEvents: c.Payment.TestEvents,
		Log: p.opt.Log, Metrics: p.Metrics, Alerts: p.alerts, Now: time.Now,
	})
}

// paymentSites are the sites that sell access.
func (p *Program) paymentSites() ([]entitlement.Site, error) {
	var sites []entitlement.Site
	for _, s := range p.opt.Config.Sites {
		if len(s.Payments.Providers) == 0 {
			continue
		}
		client, err := p.ghost(s)
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", s.Name, err)
		}
		if client == nil { // the configuration has been refused, or was made by hand
			continue
		}
		sites = append(sites, entitlement.Site{
			Name: s.Name, Ghost: client, Proofs: proofs(s.Payments), Mapping: p.mapping(s.Payments),
			Mail: s.Payments.Mail == "signin",
		})
	}
	return sites, nil
}

func proofs(p config.Payments) map[string][]string {
	all := map[string][]string{}
	for _, provider := range p.Providers {
		for _, proof := range provider.Proofs {
			all[provider.Name] = append(all[provider.Name], proof.Reveal())
		}
	}
	return all
}

func (p *Program) mapping(of config.Payments) payment.Mapping {
	m := payment.Mapping{Tiers: of.Tiers(), Grace: p.opt.Config.Payment.Grace}
	for _, product := range of.Products {
		m.Products = append(m.Products, payment.Product{
			Provider: product.Provider, ID: product.ID, Tier: product.Tier, Length: product.Length, Grace: product.Grace,
			Price:    product.Price,
			OnCancel: payment.Policy(product.OnCancel), OnRefund: payment.Policy(product.OnRefund),
			OnPartialRefund: payment.Policy(product.OnPartialRefund), OnDispute: payment.Policy(product.OnDispute),
			OnPause: payment.Policy(product.OnPause),
		})
	}
	return m
}

// namePayments makes the series of what is sold.
func (p *Program) namePayments() {
	var states []string
	for _, s := range payment.States() {
		states = append(states, string(s))
	}
	for _, s := range p.opt.Config.Sites {
		var providers []string
		for _, provider := range s.Payments.Providers {
			providers = append(providers, provider.Name)
		}
		p.Metrics.Payments(s.Name, providers, entitlement.Outcomes(), states)
	}
}

// lookAtPurchases has the purchases of a member looked at who has changed in Ghost:
// a subscription of Ghost's own may have ended, and taken the tier along that a
// purchase gives. Should it fail, the daily look finds the same.
func (p *Program) lookAtPurchases(ctx context.Context, site, memberID string) {
	if !slices.ContainsFunc(p.shops, func(s entitlement.Site) bool { return s.Name == site }) {
		return
	}
	if err := p.Desk().Look(ctx, site, memberID); err != nil {
		p.opt.Log.WarnContext(ctx, "purchases.not_looked_at", "site", site, "member_id", memberID, "reason", redisReason(err))
	}
}
