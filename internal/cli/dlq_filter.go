package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// letterFilter is how people choose dead letters, the same for every command
// that does something with them. All that is given has to match.
type letterFilter struct {
	from, to, site, kind, id, reason, email string
	limit                                   int
}

func (f *letterFilter) flags(a *app, c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.from, "from", "", "that died at this `time` or later: a date, RFC 3339, or how long ago (24h, 7d)")
	flags.StringVar(&f.to, "to", "", "that died at this `time` or earlier; a date counts to its end")
	flags.StringVar(&f.site, "site", "", "of this `site`")
	flags.StringVar(&f.kind, "kind", "", "of this `kind`")
	flags.StringVar(&f.id, "id", "", "with this `id`; the command's argument is the same")
	flags.StringVar(&f.reason, "reason", "", "whose reason or code holds this `text`, in any case")
	flags.StringVar(&f.email, "email", "", "of the member with this `address`")
	flags.IntVar(&f.limit, "limit", 0, "at most so `many`, the longest dead first; 0 is all")
	completes(c, "kind", slices.Concat(worker.Kinds(), entitlement.Kinds())...)
	mustComplete(c, "site", a.completeSites)
	mustComplete(c, "id", a.completeLetters)
	c.ValidArgsFunction = a.completeLetter
}

// argument takes the id that may stand without --id.
func (f *letterFilter) argument(args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case f.id != "" && f.id != args[0]:
		return usageError("one id at a time: give it as the argument or with --id")
	}
	f.id = args[0]
	return nil
}

// empty is whether nothing was asked, so that every letter is meant.
func (f *letterFilter) empty() bool { return f.id == "" && f.alone() }

// alone is whether nothing but an id, if that, was asked.
func (f *letterFilter) alone() bool {
	return *f == letterFilter{id: f.id}
}

// mustComplete makes Tab ask a function for the values of a flag.
func mustComplete(c *cobra.Command, flag string, values cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, values); err != nil {
		panic(err) // the flag does not exist, which every start would show
	}
}

// filter turns what was typed into what the queue understands. Its errors are
// usage errors.
func (f *letterFilter) filter(cfg *config.Config, now time.Time) (jobs.DeadFilter, error) {
	chosen := jobs.DeadFilter{Kind: f.kind, ID: f.id, Reason: f.reason, Limit: f.limit}
	var err error
	if chosen.From, err = moment("from", f.from, now, false); err != nil {
		return chosen, err
	}
	if chosen.To, err = moment("to", f.to, now, true); err != nil {
		return chosen, err
	}
	if f.limit < 0 {
		return chosen, usageError("--limit is how many; it cannot be less than 0")
	}
	if f.email != "" {
		chosen.EmailHash = member.AddressHash(f.email)
	}
	if f.site != "" {
		chosen.Site, err = siteNamed(cfg, f.site)
	}
	return chosen, err
}

// siteNamed finds a site in any case; a name that is none is a usage error with
// the nearest that is.
func siteNamed(cfg *config.Config, name string) (string, error) {
	if s, ok := cfg.Site(name); ok {
		return s.Name, nil
	}
	if near := cfg.NearestSite(name); near != "" {
		return "", usageError(fmt.Sprintf("no site is called %q; did you mean %s?", name, near))
	}
	var names []string
	for _, s := range cfg.Sites {
		names = append(names, s.Name)
	}
	return "", usageError(fmt.Sprintf("no site is called %q; the sites are %s", name, strings.Join(names, ", ")))
}
