package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// dropView is the result of a drop in --json.
type dropView struct {
	DryRun  bool `json:"dry_run"`
	Matched int  `json:"matched"`
	Dropped int  `json:"dropped"`
	Gone    int  `json:"gone"`
}

func newDLQDropCommand(a *app) *cobra.Command {
	b := bulk{verb: "drop", done: "dropped"}
	c := &cobra.Command{
		Use:   "drop [ID]",
		Short: "Forget dead letters, and the facts that they keep",
		Long: "Forget dead letters, and the facts that they keep for a replay. What they were about is then not\n" +
			"applied: Campaign Monitor follows with the member's next event. Facts that a newer job or a newer\n" +
			"dead letter needs stay. There is no way back.\n\n" +
			"--json writes one document:\n\n" +
			`  {"dry_run", "matched", "dropped", "gone"}   gone: replayed or dropped by somebody else` + "\n" +
			`  {"dry_run", "matched", "groups": [{"site", "kind", "code", "letters"}]}   with --dry-run`,
		Example: "  ghostcm dlq drop 5e1f0c9a7b3d2e4f6a8b9c0d\n  ghostcm dlq drop --reason member:invalid_address --to 30d --dry-run",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return a.dropLetters(c.Context(), b, args) },
	}
	b.flags(a, c)
	return c
}

func (a *app) dropLetters(ctx context.Context, b bulk, args []string) error {
	if err := b.check(a, args); err != nil {
		return err
	}
	box, err := a.openLetters(ctx, &b.letterFilter)
	if err != nil {
		return err
	}
	defer box.close()
	if b.dryRun {
		return b.countOnly(ctx, a, box)
	}
	if yes, err := b.agreed(ctx, a, box); !yes || err != nil {
		return err
	}
	var view dropView
	doings := worker.Doings{Who: byCommand, Event: worker.EventDrop, Outcome: worker.OutcomeDropped}
	defer a.noteDoings(ctx, box, &doings)
	view.Matched, err = box.each(ctx, func(l jobs.DeadLetter) error {
		dropped, err := box.Drop(ctx, l)
		switch {
		case err != nil:
			return unanswered(ctx, err)
		case dropped:
			view.Dropped++
			doings.Add(l, a.now())
		default:
			view.Gone++
		}
		return nil
	})
	switch {
	case err != nil:
		return a.cutShort(err, "dropped", view.Dropped)
	case view.Matched == 0 && (!b.asJSON || b.id != ""):
		return a.noLetters(&b.letterFilter)
	case b.asJSON:
		return a.writeJSON(view)
	}
	return a.table([]string{"Outcome", "Dead letters"}, [][]string{{"dropped", count(view.Dropped)}, {"gone", count(view.Gone)}})
}
