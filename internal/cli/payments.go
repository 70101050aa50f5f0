package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/program"
)

func newPaymentsCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "payments",
		Short: "Look at purchases and the access they give; retry, link, backfill, test",
		Long: "Each subscription and each order that a payment provider told of is an entitlement in a ledger: what\n" +
			"was bought, by whom, what became of it, and which tier it gives in Ghost. docs/payments.md says how a\n" +
			"webhook becomes access, and what each state means.",
	}
	c.AddCommand(newPaymentsListCommand(a), newPaymentsShowCommand(a), newPaymentsRetryCommand(a),
		newPaymentsLinkCommand(a), newPaymentsBackfillCommand(a), newPaymentsTestCommand(a))
	return c
}

// purchases is the ledger in Redis, and which entitlements of it are meant.
type purchases struct {
	*program.Program
	chosen ledgerChoice
}

func (p *purchases) close() { _ = p.Close() } // the process ends

// openPurchases connects a command to the entitlements that its filter chooses.
// What is wrong with the filter is told before anything is asked.
func (a *app) openPurchases(ctx context.Context, f *ledgerFilter) (*purchases, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	chosen, err := f.choice(cfg, a.now())
	if err != nil {
		return nil, err
	}
	opened, err := a.look(ctx)
	if err != nil {
		return nil, err
	}
	return &purchases{Program: opened, chosen: chosen}, nil
}

// each does something with every entitlement that is chosen, site by site, the last
// that came first, until that fails. It returns how many there were.
func (p *purchases) each(ctx context.Context, do func(payment.Entitlement) error) (n int, err error) {
	for e, err := range p.Purchases(ctx, p.chosen.LedgerFilter) {
		if err != nil {
			return n, unanswered(ctx, err)
		}
		if p.chosen.limit > 0 && n == p.chosen.limit {
			return n, nil
		}
		n++
		if err := do(e); err != nil {
			return n, err
		}
	}
	return n, nil
}

// one is the entitlement with an id, which may be of several sites: then the site
// has to be said.
func (p *purchases) one(ctx context.Context) (e payment.Entitlement, err error) {
	var sites []string
	_, err = p.each(ctx, func(found payment.Entitlement) error {
		e, sites = found, append(sites, found.Site)
		return nil
	})
	switch {
	case err != nil:
		return e, err
	case len(sites) == 0:
		return e, noEntitlement(p.chosen.ID)
	case len(sites) > 1:
		return e, usageError(fmt.Sprintf("%q is of several sites, %s: say which with --site", p.chosen.ID, listed(sites)))
	}
	return e, nil
}

func noEntitlement(id string) error {
	return fmt.Errorf("no entitlement has the id %q; 'ghostcm payments list' shows those there are", id)
}

// noPurchases is how a command ends that has found nothing: an id that is unknown
// is a failure, a filter that nothing matches is none.
func (a *app) noPurchases(f *ledgerFilter) error {
	switch {
	case f.id != "":
		return noEntitlement(f.id)
	case f.empty():
		a.notef("No purchases.")
	default:
		a.notef("No purchases match.")
	}
	return nil
}

// seller finds a site and one of its providers. What is none is a usage error with
// those that are.
func seller(cfg *config.Config, site, provider string) (config.Site, config.Provider, error) {
	name, err := siteNamed(cfg, site)
	if err != nil {
		return config.Site{}, config.Provider{}, err
	}
	s, _ := cfg.Site(name)
	var names []string
	for _, p := range s.Payments.Providers {
		names = append(names, p.Name)
	}
	switch found, ok := s.Payments.Provider(provider); {
	case ok:
		return s, found, nil
	case len(names) == 0:
		return s, config.Provider{}, usageError(fmt.Sprintf("%s has no payment provider; docs/payments.md says how to set one up", name))
	case provider == "":
		return s, config.Provider{}, usageError("say which provider with --provider: " + listed(names))
	}
	return s, config.Provider{}, usageError(fmt.Sprintf("%s has no payment provider %q; it has %s", name, provider, listed(names)))
}

// providerNames are those of the site, or of all, for Tab.
func (a *app) completeProviders(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	cfg, err := a.config()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, s := range cfg.Sites {
		for _, p := range s.Payments.Providers {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}
