package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

func newSyncRevertCommand(a *app) *cobra.Command {
	var o syncOptions
	c := &cobra.Command{
		Use:   "revert RUN",
		Short: "Undo what a sync has done, by its journal",
		Long: "Bring subscribers back to what they were before a run: added ones are deleted, fields and addresses\n" +
			"get their former values, and removed ones become active again where nothing happened to them since.\n" +
			"What changed after the run is left alone. Opt-outs stay; who was mailed stays mailed.\n\n" +
			"Ghost has not changed: the next sync, the schedule and webhooks bring its state back. Set\n" +
			"RECONCILE_INTERVAL=0 and stop the workers for as long as the list has to stay as it was.\n\n" +
			"The undoing is a run of its own, with a journal. Journals are kept for 90 days.",
		Example: "  ghostcm sync runs\n  ghostcm sync revert RUN --dry-run --verbose",
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return a.revert(c.Context(), args[0], o) },
		ValidArgsFunction: func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			return a.completeRuns(args, begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		},
	}
	o.commonFlags(c.Flags())
	return c
}

func (a *app) revert(ctx context.Context, id string, o syncOptions) error {
	wanted, err := o.request(a)
	if err != nil {
		return err
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	run, err := findRun(cfg, id)
	if err != nil {
		return err
	}
	site, ok := cfg.Site(run.Site)
	if !ok {
		return usageError(fmt.Sprintf("the run was of %s, which is no longer configured", printable(run.Site)))
	}
	s := a.newSyncing(cfg.Log, o)
	s.source = "journal of " + run.ID
	return s.run(ctx, func(ctx context.Context, opened *program.Program) {
		undo := func(ctx context.Context, _ string, r reconcile.Request) (reconcile.Report, error) {
			return opened.Revert(ctx, run, r)
		}
		s.sites(ctx, []config.Site{site}, wanted, undo)
	})
}
