package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// payments reads a site's providers and products; inFile is its "payments" list.
func (r reader) payments(inFile []any) Payments {
	p := Payments{Providers: r.providers(), Mail: r.choice("PAYMENT_MAIL", "signin", "none")}
	p.Products = r.tiers()
	if len(inFile) > 0 {
		if r.isGiven("TIERS") {
			r.problem("TIERS", "is set, and the config file has payments for this site", "keep one of them")
		}
		p.Products = r.productList(inFile)
	}
	r.uniqueProducts(p.Products)
	if len(p.Products) == 0 && len(p.Providers) > 0 && !r.isGiven("TIERS") {
		r.findings.warn(r.key("TIERS"), "is unset: purchases are kept and shown, but give nothing until products are mapped to tiers")
	}
	if len(p.Providers) == 0 && len(p.Products) > 0 {
		r.problem("TIERS", "maps products, but the site has no payment provider", "set SITEN_<PROVIDER>_SECRET, or remove the products")
	}
	return p
}

func (r reader) providers() []Provider {
	var all []Provider
	for _, kind := range providers() {
		p := Provider{Name: kind.name, Proofs: r.secrets(kind.proofName())}
		if kind.hasAPI {
			p.APIKey = r.secret(kind.apiKeyName())
		}
		switch {
		case r.isGiven(kind.proofName()):
			r.providerNeedsGhost(kind)
			all = append(all, p)
		case p.APIKey.IsSet():
			r.problem(kind.proofName(), "is missing beside "+kind.apiKeyName(), "set it: without it no webhook of "+kind.name+" is taken")
		}
	}
	slices.SortFunc(all, func(a, b Provider) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (r reader) providerNeedsGhost(kind providerKind) {
	for _, name := range []string{"GHOST_URL", "GHOST_ADMIN_API_KEY"} {
		if !r.isGiven(name) {
			r.problem(name, "is required for payments of "+kind.name, "set the site's Ghost URL and Admin API key")
		}
	}
}

// tiers reads "prod_123=gold, price_9=silver:30d".
func (r reader) tiers() []Product {
	val := r.text("TIERS")
	if val == "" {
		return nil
	}
	var all []Product
	for part := range strings.SplitSeq(val, ",") {
		part = strings.TrimSpace(part)
		i := strings.LastIndexByte(part, '=')
		tier, length, hasLength := strings.Cut(part[i+1:], ":")
		p := newProduct(strings.TrimSpace(part[:max(i, 0)]), strings.TrimSpace(tier))
		if p.ID == "" || !isSlug(p.Tier) {
			r.problem("TIERS", "holds "+quote(part), "write product=tier or product=tier:30d, with the tier's slug, separated by commas")
			continue
		}
		if hasLength {
			if wrong := setLength(&p.Length, strings.TrimSpace(length)); wrong != "" {
				r.problem("TIERS", "the length of "+quote(p.ID)+" is "+quote(length), wrong)
			}
		}
		all = append(all, p)
	}
	return all
}

func newProduct(id, tier string) Product {
	return Product{
		ID: id, Tier: tier,
		OnCancel: "period-end", OnRefund: "revoke", OnPartialRefund: "keep", OnDispute: "suspend", OnPause: "revoke",
	}
}

func isSlug(s string) bool { return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,190}$`).MatchString(s) }

func (r reader) productList(entries []any) []Product {
	var all []Product
	for i, entry := range entries {
		where := fmt.Sprintf("%sPAYMENTS entry %d", r.prefix, i+1)
		settings, ok := entry.(map[string]any)
		if !ok {
			r.findings.problem(where, "is no group of settings", "write product: … and tier: … lines")
			continue
		}
		all = append(all, r.product(where, settings))
	}
	return all
}

func (r reader) product(where string, settings map[string]any) Product {
	p := newProduct("", "")
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		val, isText := settings[key].(string)
		if !isText || strings.TrimSpace(val) == "" {
			r.findings.problem(where, quote(key)+" is no text", `write it in quotes: "…"`)
			continue
		}
		if wrong := p.set(key, strings.TrimSpace(val)); wrong != "" {
			r.findings.problem(where, quote(key)+" is "+quote(val), wrong)
		}
	}
	if p.ID == "" || p.Tier == "" {
		r.findings.problem(where, "lacks its product or its tier", "set both")
	}
	return p
}

// set takes one setting of a product; it returns what to do about a wrong one.
func (p *Product) set(key, val string) string {
	switch key {
	case "product":
		p.ID = val
	case "tier":
		p.Tier = val
		if !isSlug(val) {
			return "set the tier's slug: lower-case letters, digits and -"
		}
	case "provider":
		p.Provider = val
		if !slices.ContainsFunc(providers(), func(k providerKind) bool { return k.name == val }) {
			return "set polar, stripe, paypal, paypal-ipn, zapier, paddle, lemonsqueezy, gumroad or kofi"
		}
	case "length":
		return setLength(&p.Length, val)
	case "grace":
		return setLength(&p.Grace, val)
	case "price":
		return p.setPrice(val)
	case "on_cancel":
		return setChoice(&p.OnCancel, val, "period-end", "now")
	case "on_refund":
		return setChoice(&p.OnRefund, val, "revoke", "keep")
	case "on_partial_refund":
		return setChoice(&p.OnPartialRefund, val, "keep", "revoke")
	case "on_dispute":
		return setChoice(&p.OnDispute, val, "suspend", "keep")
	case "on_pause":
		return setChoice(&p.OnPause, val, "revoke", "keep")
	default:
		return "there is no such setting: use product, tier, provider, length, grace, price, on_cancel, " +
			"on_refund, on_partial_refund, on_dispute or on_pause"
	}
	return ""
}

func setLength(into *time.Duration, val string) string {
	d, err := ParseDuration(val)
	if err != nil || d < time.Hour {
		return "write a length of at least an hour, like 30d"
	}
	*into = d
	return ""
}

func (p *Product) setPrice(val string) (wrong string) {
	price, ok := payment.ParseAmount(val)
	if !ok {
		return "write an amount and its currency, like 9.99 EUR"
	}
	p.Price = price
	return ""
}

func setChoice(into *string, val string, allowed ...string) string {
	if !slices.Contains(allowed, val) {
		return "set " + strings.Join(allowed, " or ")
	}
	*into = val
	return ""
}

func (r reader) uniqueProducts(products []Product) {
	seen := map[[2]string]bool{}
	for _, p := range products {
		key := [2]string{p.Provider, p.ID}
		if seen[key] {
			r.problem("TIERS", "maps the product "+quote(p.ID)+" twice", "keep one of the two")
		}
		seen[key] = true
	}
}
