package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// syncOptions are the flags of sync; sync revert has some of them.
type syncOptions struct {
	dryRun, verbose, exitCode, yes, asJSON, reveal bool

	all, prune, includeDisabled, optOuts bool
	limit                                int
	maxRemovals                          string

	sites     []string // the seed's way to name them
	listSites bool     // the seed's "ghostcm sites"
}

func (o *syncOptions) flags(a *app, c *cobra.Command) {
	flags := c.Flags()
	flags.BoolVar(&o.all, "all", false, "sync every configured site, one after another")
	o.commonFlags(flags)
	flags.IntVar(&o.limit, "limit", 0, "stop after so `many` changes, and remove nobody; 0 is no limit")
	flags.BoolVar(&o.prune, "prune", false, "also remove subscribers whom Ghost does not have, as SITEN_ON_DELETE says")
	flags.BoolVar(&o.includeDisabled, "include-disabled", false, "also add members whose e-mail Ghost has suppressed or disabled")
	flags.BoolVar(&o.optOuts, "opt-outs", false, "also end in Ghost the newsletters of who unsubscribed in Campaign Monitor")
	flags.StringSliceVar(&o.sites, "site", nil, "sync this `site`")
	flags.BoolVar(&o.listSites, "list-sites", false, "list the sites")
	mustComplete(c, "site", a.completeSites)
	hide(flags, "site", "list-sites")
}

// commonFlags are those of sync and of sync revert.
func (o *syncOptions) commonFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&o.dryRun, "dry-run", false, "only show what would be done; nothing is written anywhere")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "show each change: who, what from, what to, why not")
	flags.StringVar(&o.maxRemovals, "max-removals", "",
		"ask before removing more than so `many`, or such a share: 50, 2% (default 20, or 1% if that is more)")
	flags.BoolVar(&o.exitCode, "exit-code", false, "with --dry-run: exit with 5 if there is something to do")
	flags.BoolVarP(&o.yes, "yes", "y", false, "ask nothing: go on")
	flags.BoolVar(&o.asJSON, "json", false, "write JSON")
	flags.BoolVar(&o.reveal, "reveal", false, "show addresses instead of their hashes; on a terminal only")
}

// hide keeps flags that only old scripts use out of the help.
func hide(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		if err := flags.MarkHidden(name); err != nil {
			panic(err) // the flag does not exist, which every start would show
		}
	}
}

// request is what the flags ask of the engine. Its errors are usage errors.
func (o *syncOptions) request(a *app) (reconcile.Request, error) {
	r := reconcile.Request{
		DryRun: o.dryRun, Prune: o.prune, IncludeDisabled: o.includeDisabled, OptOuts: o.optOuts, Limit: o.limit,
	}
	var err error
	switch {
	case o.exitCode && !o.dryRun:
		return r, usageError("--exit-code tells what a --dry-run found; without one the exit code tells how the sync went")
	case o.limit < 0:
		return r, usageError("--limit is how many; it cannot be less than 0")
	}
	if r.MaxRemovals, err = parseBound(o.maxRemovals); err != nil {
		return r, err
	}
	return r, a.mayReveal(o.reveal)
}

// none is a bound that no removal keeps to; the zero bound is the default one.
func none() reconcile.Bound { return reconcile.Bound{Percent: 1e-9} }

// parseBound reads a number or a percentage; "" is the engine's default.
func parseBound(text string) (b reconcile.Bound, err error) {
	share, isShare := strings.CutSuffix(text, "%")
	switch {
	case text == "":
		return b, nil
	case isShare:
		b.Percent, err = strconv.ParseFloat(share, 64)
	default:
		b.Count, err = strconv.Atoi(text)
	}
	if err != nil || b.Count < 0 || !(b.Percent >= 0 && b.Percent <= 100) {
		return b, usageError(fmt.Sprintf("--max-removals %q is neither a number nor a share: give 50 or 2%%", printable(text)))
	}
	if b == (reconcile.Bound{}) {
		return none(), nil
	}
	return b, nil
}

// chooseSites finds the sites that were named, each once, or all, or the only
// one there is. Its errors are usage errors.
func chooseSites(cfg *config.Config, names []string, all bool) ([]config.Site, error) {
	switch {
	case all && len(names) > 0:
		return nil, usageError("--all is every site; leave the names out, or --all")
	case all || len(names) == 0 && len(cfg.Sites) == 1:
		return cfg.Sites, nil
	case len(names) == 0:
		return nil, usageError("which site? give one or more of " + strings.Join(siteNames(cfg), ", ") + ", or --all")
	}
	var chosen []config.Site
	taken := map[string]bool{}
	for _, name := range names {
		name, err := siteNamed(cfg, name)
		if err != nil {
			return nil, err
		}
		if site, _ := cfg.Site(name); !taken[name] {
			chosen, taken[name] = append(chosen, site), true
		}
	}
	return chosen, nil
}

func siteNames(cfg *config.Config) []string {
	names := make([]string, len(cfg.Sites))
	for i, s := range cfg.Sites {
		names[i] = s.Name
	}
	return names
}
