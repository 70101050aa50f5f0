package doctor

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// paymentGate names the gate of a site's purchases, as package entitlement does.
func paymentGate(site string) string { return site + ":payments" }

// till is what is known of one payment provider of a site.
type till struct {
	provider   string
	heard      store.Heard
	quarantine store.QuarantineSize
}

func (p *patient) askPurchases(ctx context.Context) {
	p.tills = once(ctx, p.inner, func(ctx context.Context) ([]till, error) {
		var all []till
		for _, provider := range p.Payments.Providers {
			t := till{provider: provider}
			var err error
			if t.heard, err = p.Store.Heard(ctx, p.Name+":"+provider); err != nil {
				return nil, err
			}
			if t.quarantine, err = p.Store.QuarantineSize(ctx, p.Name, provider); err != nil {
				return nil, err
			}
			all = append(all, t)
		}
		return all, nil
	})
	p.salesGate = once(ctx, p.inner, func(ctx context.Context) (store.Gate, error) { return p.Store.Gate(ctx, paymentGate(p.Name)) })
	p.sold = once(ctx, p.inner, func(ctx context.Context) (map[payment.State]int64, error) {
		return p.Store.EntitlementCounts(ctx, p.Name)
	})
	if p.Ghost != nil {
		p.tiers = after(p.site, once(ctx, p.turns, p.Ghost.Tiers))
	}
}

// paymentTiers says whether Ghost has the tiers that products are mapped to.
func (p *patient) paymentTiers() verdict {
	if len(p.Payments.Providers) == 0 || len(p.Payments.TierSlugs) == 0 || p.Ghost == nil {
		return verdict{}
	}
	tiers, err := p.tiers()
	if err != nil {
		return notChecked("Ghost does not show its tiers")
	}
	const remedy = "make the tier in Ghost (Settings, Tiers), or correct the slug in the mapping"
	for _, slug := range p.Payments.TierSlugs {
		i := slices.IndexFunc(tiers, func(t ghost.Tier) bool { return t.Slug == slug })
		switch {
		case i < 0:
			return fail(remedy, "Ghost has no tier %s: purchases of its products need a person; it has %s", slug, slugs(tiers))
		case tiers[i].Type == "free":
			return fail(remedy, "the tier %s is Ghost's free one: it gives nothing that is sold", slug)
		case !tiers[i].Active:
			return fail("activate the tier in Ghost (Settings, Tiers), or map the products to another",
				"the tier %s is archived: Ghost gives it to nobody new", slug)
		}
	}
	return ok("Ghost has %s", strings.Join(p.Payments.TierSlugs, ", "))
}

func slugs(tiers []ghost.Tier) string {
	var all []string
	for _, t := range tiers {
		if t.Type != "free" && t.Active {
			all = append(all, t.Slug)
		}
	}
	if len(all) == 0 {
		return "none that can be sold"
	}
	return strings.Join(all, ", ")
}

// paymentWebhooks says whether the providers' webhooks come and are genuine.
func (p *patient) paymentWebhooks() verdict {
	if len(p.Payments.Providers) == 0 {
		return verdict{}
	}
	tills, err := p.tills()
	if err != nil {
		return notChecked(noRedis)
	}
	var seen []string
	for _, t := range tills {
		if v := p.till(t); v.status != OK {
			return v
		}
		seen = append(seen, t.provider+" "+span(p.Now().Sub(t.heard.At))+" ago")
	}
	return ok("%s", strings.Join(seen, ", "))
}

func (p *patient) till(t till) verdict {
	secret := p.Prefix + strings.ToUpper(strings.ReplaceAll(t.provider, "-", "_")) + "_…"
	path := "/webhook/payment/" + p.Name + "/" + t.provider
	switch q := t.quarantine; {
	case q.Refused > 0:
		return fail("compare the secret at the provider with "+secret+"; what is kept is taken once it is right",
			"the quarantine of %s is full: %d deliveries were not kept, %d are", t.provider, q.Refused, q.Deliveries)
	case t.heard.RefusedAt.After(t.heard.At):
		return warn("compare the secret at the provider with "+secret+"; what was refused is kept for 7 days, and taken once it is right",
			"the last webhook of %s, %s ago, was refused: %s; %d are kept", t.provider, span(p.Now().Sub(t.heard.RefusedAt)),
			t.heard.Refusal, q.Deliveries)
	case t.heard.At.IsZero():
		return warn("at the provider, let webhooks go to "+path+" of the public URL, and try it: "+
			"ghostcm payments test "+p.Name+" --provider "+t.provider, "no webhook of %s has come yet", t.provider)
	}
	return ok("%s", "")
}

// paymentsGate says whether the jobs of purchases reach Ghost.
func (p *patient) paymentsGate() verdict {
	if len(p.Payments.Providers) == 0 {
		return verdict{}
	}
	g, err := p.salesGate()
	if err != nil {
		return notChecked(noRedis)
	}
	if g.Closed() {
		return warn("nothing, if it is known; it is probed every minute, and goes on by itself",
			"purchases wait for %s: Ghost does not answer: %s", span(since(p.Now(), g.Since)), g.Reason)
	}
	return ok("purchases reach Ghost")
}

func since(now, at time.Time) time.Duration { return max(now.Sub(at), 0) }
