package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/store"
)

// ledgerFilter is how people choose entitlements, the same for every command that
// does something with several. All that is given has to match.
type ledgerFilter struct {
	id, site, provider, state, email, member, since string
	limit                                           int
}

func (f *ledgerFilter) flags(a *app, c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.site, "site", "", "of this `site`")
	flags.StringVar(&f.provider, "provider", "", "of this payment `provider`")
	flags.StringVar(&f.state, "state", "", "in this `state`: "+strings.Join(stateNames(), ", "))
	flags.StringVar(&f.email, "email", "", "that this `address` paid for, or that were bought for it")
	flags.StringVar(&f.member, "member", "", "of the member with this `id` in Ghost")
	flags.StringVar(&f.since, "since", "", "heard of at this `time` or later: a date, RFC 3339, or how long ago (24h, 7d)")
	flags.IntVar(&f.limit, "limit", 0, "at most so `many`, the last that came first; 0 is all")
	completes(c, "state", stateNames()...)
	mustComplete(c, "site", a.completeSites)
	mustComplete(c, "provider", a.completeProviders)
	c.ValidArgsFunction = a.completeEntitlement
}

func stateNames() []string {
	var names []string
	for _, s := range payment.States() {
		names = append(names, string(s))
	}
	return names
}

// argument takes the id of an entitlement, if there is one.
func (f *ledgerFilter) argument(args []string) {
	if len(args) > 0 {
		f.id = args[0]
	}
}

// empty is whether nothing was asked, so that everything is meant.
func (f *ledgerFilter) empty() bool { return *f == ledgerFilter{} }

// ledgerChoice is what a filter means.
type ledgerChoice struct {
	program.LedgerFilter
	limit int
}

// choice turns what was typed into what the ledger understands. Its errors are
// usage errors.
func (f *ledgerFilter) choice(cfg *config.Config, now time.Time) (ledgerChoice, error) {
	c := ledgerChoice{limit: f.limit}
	c.ID, c.Provider, c.State = f.id, f.provider, payment.State(f.state)
	for _, s := range cfg.Sites {
		c.Sites = append(c.Sites, s.Name)
	}
	var err error
	if f.site != "" {
		name, err := siteNamed(cfg, f.site)
		if err != nil {
			return c, err
		}
		c.Sites = []string{name}
	}
	switch {
	case f.state != "" && !slices.Contains(stateNames(), f.state):
		return c, usageError(fmt.Sprintf("--state %q is none: the states are %s", f.state, strings.Join(stateNames(), ", ")))
	case f.limit < 0:
		return c, usageError("--limit is how many; it cannot be less than 0")
	case f.email != "" && f.member != "":
		return c, usageError("one person at a time: give --email or --member")
	case f.email != "":
		c.Holders = []store.Holder{store.HolderAddress(f.email)}
	case f.member != "":
		c.Holders = []store.Holder{store.HolderMember(strings.ToLower(f.member))}
	}
	c.Since, err = moment("since", f.since, now, false)
	return c, err
}

// listed joins names for people: a, b and c.
func listed(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
