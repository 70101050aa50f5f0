package doctor

import "strings"

// payments judges whether purchases can become access.
func (p *patient) payments() verdict {
	s := p.Payments
	switch {
	case len(s.Providers) == 0:
		return verdict{}
	case len(s.TierSlugs) == 0:
		return fail("set "+p.Prefix+`TIERS="product=tier, …", or payments: in the config file`,
			"no product is mapped to a tier: purchases of %s are kept, and give nothing", strings.Join(s.Providers, ", "))
	case len(s.NoProductOf) > 0:
		return warn("map products of them in the config file (payments:), or take the providers out",
			"no product of %s is mapped to a tier", strings.Join(s.NoProductOf, ", "))
	case len(s.Unpriced) > 0:
		return warn("set price of them in the config file (payments:); of what PayPal does not sell, set provider",
			"whoever makes up a PayPal button can pay a cent for %s", strings.Join(s.Unpriced, ", "))
	case p.onSQLite():
		return warn("move Ghost to MySQL, or leave lengths and renewing subscriptions out",
			"Ghost runs on SQLite, where its nightly job ends every complimentary access that has an end")
	case len(s.WithoutKey) > 0:
		return warn("set "+p.Prefix+strings.ToUpper(s.WithoutKey[0])+"_API_KEY, if they matter",
			"purchases of the past cannot be fetched from %s", strings.Join(s.WithoutKey, ", "))
	}
	return ok("%s; tiers %s", strings.Join(s.Providers, ", "), strings.Join(s.TierSlugs, ", "))
}

func (p *patient) onSQLite() bool {
	if p.Ghost == nil {
		return false
	}
	config, err := p.config()
	return err == nil && strings.HasPrefix(config.Database, "sqlite")
}
