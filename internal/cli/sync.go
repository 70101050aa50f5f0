package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/program"
)

const syncLong = "Make lists right: read all members of a site's Ghost and all subscribers of its list, and bring over\n" +
	"what differs. It is the way to begin with, and repairs what no webhook told: imports, bulk edits,\n" +
	"missed events, changes by hand. Webhooks go on meanwhile, and win.\n\n" +
	"Nobody who unsubscribed, bounced or was suppressed is made active. Subscribers whom Ghost does not\n" +
	"know are left alone without --prune. No automation starts. With one site configured, its name may\n" +
	"be left out.\n\n" +
	"What an import cannot do is handed over to the queue; this command works on the queue itself, so no\n" +
	"other process is needed. Ctrl-C stops it in good order, and the same command goes on from there.\n" +
	"Every run keeps a journal, by which \"ghostcm sync revert\" undoes it.\n\n" +
	"A pipe gets lines of five columns with --verbose (change, site, what, name, address, details), and\n" +
	"a line of five for each count (sync or dry-run, site, what, how many, why). --json writes one document:\n\n" +
	syncShape + "\n\n" +
	"With --verbose it is a line per change with \"type\": \"change\", and then a line per run with \"type\": \"run\".\n\n" +
	"Exit codes: 0 done; 1 failed, or refused without --yes; 2 usage, or the site is not set up for it;\n" +
	"3 done, but some members failed; 4 credentials refused; 5 a dry run with --exit-code found something\n" +
	"to do; 75 another run is under way; 130 interrupted. Of several sites, the worst."

const syncShape = `  {"runs": [{"site", "run_id", "dry_run", "resumed", "members", "subscribers",
    "counts": {"add", "update", …}, "skipped": {reason: count}, "handed": {"total", "done", "failed", "waiting"},
    "failed", "calls", "began_at", "ended_at", "journal", "error", "exit_code"}]}`

func newSyncCommand(a *app) *cobra.Command {
	var o syncOptions
	c := &cobra.Command{
		Use:   "sync [SITE...]",
		Short: "Bring whole lists up to date with their Ghosts",
		Long:  syncLong,
		Example: "  ghostcm sync --dry-run --verbose     what would be done, one line for each change\n" +
			"  ghostcm sync mainblog\n" +
			"  ghostcm sync --all --prune --yes     from cron\n" +
			"  ghostcm sync --dry-run --exit-code   5 if the list differs",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.completeSites,
		RunE:              func(c *cobra.Command, args []string) error { return a.sync(c.Context(), args, o) },
	}
	o.flags(a, c)
	c.AddCommand(newSyncRevertCommand(a), newSyncRunsCommand(a))
	return c
}

func (a *app) sync(ctx context.Context, names []string, o syncOptions) error {
	if o.listSites {
		return a.sites(o.asJSON)
	}
	wanted, err := o.request(a)
	if err != nil {
		return err
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	chosen, err := chooseSites(cfg, append(names, o.sites...), o.all)
	if err != nil {
		return err
	}
	s := a.newSyncing(cfg.Log, o)
	return s.run(ctx, func(ctx context.Context, opened *program.Program) { s.sites(ctx, chosen, wanted, opened.Sync) })
}
