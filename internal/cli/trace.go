package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/program"
)

type traceOptions struct{ asJSON, reveal bool }

func newTraceCommand(a *app) *cobra.Command {
	var o traceOptions
	c := &cobra.Command{
		Use:   "trace SITE EMAIL|ID",
		Short: "Show all that is known of one member, and what a sync would do",
		Long: "Show on one page what Ghost says of a member, what Campaign Monitor says, what ghostcm remembers, what\n" +
			"waits, dead letters, the last 20 events with what was decided and why, and what a sync would do now.\n" +
			"The member is named by an address, in any case, or by the id in Ghost. Nothing is changed.\n\n" +
			"Each part is bounded in time; one that cannot be had is \"not available\", with its reason. Addresses\n" +
			"are shown by their hash without --reveal. Times are UTC, but for those of Campaign Monitor, which are of\n" +
			"its client's time zone and named so. Exit codes: 0 told, as far as could be; 1 nobody knows the member,\n" +
			"or Redis or nothing at all answers; 2 usage, or no such site; 4 Ghost or Campaign Monitor refused the credentials.\n\n" +
			"--json writes one document; a part that is not available is only {\"not_available\"}:\n\n" + traceShape,
		Example:           "  ghostcm trace mainblog jo@example.org\n  ghostcm trace mainblog 6b026e7238ffff682100000a --json",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.completeSite,
		RunE:              func(c *cobra.Command, args []string) error { return a.trace(c.Context(), o, args[0], args[1]) },
	}
	c.Flags().BoolVar(&o.asJSON, "json", false, "write JSON")
	c.Flags().BoolVar(&o.reveal, "reveal", false, "show e-mail addresses; on a terminal only")
	return c
}

const traceShape = `  {"site", "member_id", "ghost": {…}, "campaign_monitor": {…}, "remembered": {…}, "waiting": {…},
   "dead_letters": [… as in dlq list …], "events": [… as in events …], "sync": {…}}`

func (a *app) trace(ctx context.Context, o traceOptions, site, whom string) error {
	if err := a.mayReveal(o.reveal); err != nil {
		return err
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if site, err = siteNamed(cfg, site); err != nil {
		return err
	}
	if whom == "" {
		return usageError("say whom: an e-mail address, or an id in Ghost")
	}
	opened, err := a.look(ctx)
	if err != nil {
		return err
	}
	defer opened.Close() //nolint:errcheck // the process ends
	t, err := opened.Trace(ctx, site, whom)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := a.showTrace(t, o); err != nil {
		return err
	}
	return traceVerdict(t)
}

// traceVerdict is the error that makes the exit code.
func traceVerdict(t program.Trace) error {
	failure, isGhost := errors.AsType[*ghost.Error](t.GhostErr)
	switch {
	case isGhost && failure.Kind() == ghost.Credentials:
		return exitWith(codeCredentials, errors.New("Ghost refused the credentials")) //nolint:staticcheck // ST1005: a name
	case campaignmonitor.KindOf(t.ListErr) == campaignmonitor.Credentials:
		return exitWith(codeCredentials, errors.New("Campaign Monitor refused the credentials")) //nolint:staticcheck // ST1005: a name
	case t.Silent():
		return errors.New("nothing answers")
	case t.NoRedis():
		return errors.New("Redis does not answer: what ghostcm remembers and what waits is not told") //nolint:staticcheck // ST1005: a name
	case t.Unknown():
		return fmt.Errorf("nobody knows this member: neither Ghost, nor Campaign Monitor, nor ghostcm of %s", t.Site)
	}
	return nil
}
