package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/worker"
)

type replayOptions struct {
	bulk
	wait       string // a duration; empty: not at all
	list, keep bool   // as the program before this one had them
}

// replayView is the result of a replay in --json.
type replayView struct {
	DryRun     bool       `json:"dry_run"`
	Matched    int        `json:"matched"`
	Replayed   int        `json:"replayed"`
	Gone       int        `json:"gone"`
	Unreadable int        `json:"unreadable"`
	Waited     *endedView `json:"waited,omitempty"`
}

type endedView struct {
	Done        int `json:"done"`
	FailedAgain int `json:"failed_again"`
	Waiting     int `json:"waiting"`
}

const (
	defaultReplayWait = "5m"
	lookEvery         = 500 * time.Millisecond
)

func newDLQReplayCommand(a *app) *cobra.Command {
	o := replayOptions{bulk: bulk{verb: "replay", done: "replayed"}}
	c := &cobra.Command{
		Use:   "replay [ID]",
		Short: "Have dead letters done again, with the members' newest facts",
		Long: "Have dead letters done again, now and with all their attempts. What is done is what is newest: the\n" +
			"facts that the letter kept, joined with all that came later; several letters of one member\n" +
			"become one write. A letter leaves the list in the same step that queues its job, so that a\n" +
			"command that is killed loses none and does none twice; run it again for the rest.\n\n" +
			"It counts what was replayed, and what is gone: replayed or dropped by somebody else, or\n" +
			"needless because a newer event has brought the member up to date. With --wait it also says what\n" +
			"is done and what failed again, which is exit code 3; what then still waits, for a retry say,\n" +
			"goes on without the command, which is exit code 1.\n\n" +
			"--json writes one document:\n\n" +
			`  {"dry_run", "matched", "replayed", "gone", "unreadable", "waited": {"done", "failed_again", "waiting"}}` + "\n" +
			`  {"dry_run", "matched", "groups": [{"site", "kind", "code", "letters"}]}   with --dry-run`,
		Example: "  ghostcm dlq replay 5e1f0c9a7b3d2e4f6a8b9c0d\n" +
			"  ghostcm dlq replay --from 2026-01-01 --to 2026-01-02\n" +
			"  ghostcm dlq replay --all --site blog --reason cm:500 --wait --yes",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.replay(c.Context(), o, args) },
	}
	o.flags(a, c)
	flags := c.Flags()
	flags.StringVar(&o.wait, "wait", "", "wait until each is done or dead again, for this `time` at most")
	flags.Lookup("wait").NoOptDefVal = defaultReplayWait
	flags.BoolVar(&o.list, "list", false, "list them instead")
	flags.BoolVar(&o.keep, "keep", false, "leave the dead letters where they are")
	_ = flags.MarkHidden("list") // the only error is a flag that does not exist
	_ = flags.MarkHidden("keep")
	return c
}

func (a *app) replay(ctx context.Context, o replayOptions, args []string) error {
	if o.list {
		if err := o.argument(args); err != nil {
			return err
		}
		return a.listLetters(ctx, listOptions{letterFilter: o.letterFilter, asJSON: o.asJSON})
	}
	if err := o.check(a, args); err != nil {
		return err
	}
	patience, err := config.ParseDuration(o.patience())
	if err != nil || patience <= 0 {
		return usageError(fmt.Sprintf("--wait %q is no time to wait: give one like 30s or 5m", o.wait))
	}
	box, err := a.openLetters(ctx, &o.letterFilter)
	if err != nil {
		return err
	}
	defer box.close()
	if o.dryRun {
		return o.countOnly(ctx, a, box)
	}
	if yes, err := o.agreed(ctx, a, box); !yes || err != nil {
		return err
	}
	revival := jobs.Revival{Run: rand.Text()[:12], Keep: o.keep}
	box.chosen.Except = revival.Run
	following := box.Follow(revival.Run)
	view, err := a.replayEach(ctx, box, revival, following)
	if err != nil {
		return a.cutShort(err, "replayed", view.Replayed)
	}
	if view.Matched == 0 && (!o.asJSON || o.id != "") {
		return a.noLetters(&o.letterFilter)
	}
	return a.endReplay(ctx, o, view, following, patience)
}

func (o replayOptions) patience() string {
	if o.wait == "" {
		return defaultReplayWait
	}
	return o.wait
}

func (a *app) replayEach(
	ctx context.Context, box *letterBox, r jobs.Revival, following *worker.Replays,
) (view replayView, err error) {
	doings := worker.Doings{Who: byCommand, Event: worker.EventReplay, Outcome: worker.OutcomeReplayed}
	defer a.noteDoings(ctx, box, &doings)
	view.Matched, err = box.each(ctx, func(l jobs.DeadLetter) error {
		fate, err := box.Replay(ctx, l, r)
		switch {
		case errors.Is(err, jobs.ErrUnreadable):
			view.Unreadable++
		case err != nil:
			return unanswered(ctx, err)
		case fate == worker.Gone:
			view.Gone++
		default:
			view.Replayed++
			following.Add(l)
			doings.Add(l, a.now())
		}
		return nil
	})
	return view, err
}

// endReplay waits if it was asked to, and tells the result.
func (a *app) endReplay(ctx context.Context, o replayOptions, v replayView, following *worker.Replays, patience time.Duration) error {
	rows := [][]string{{"replayed", count(v.Replayed)}, {"gone", count(v.Gone)}}
	if v.Unreadable > 0 {
		rows = append(rows, []string{"unreadable", count(v.Unreadable)})
	}
	if o.wait != "" {
		ended, err := following.Wait(ctx, patience, lookEvery)
		if err != nil {
			return a.cutShort(unanswered(ctx, err), "replayed", v.Replayed)
		}
		v.Waited = &endedView{Done: ended.Done, FailedAgain: ended.DiedAgain, Waiting: ended.Waiting}
		rows = append(rows, []string{"done", count(ended.Done)}, []string{"failed again", count(ended.DiedAgain)},
			[]string{"waiting", count(ended.Waiting)})
	}
	write := func() error { return a.table([]string{"Outcome", "Dead letters"}, rows) }
	if o.asJSON {
		write = func() error { return a.writeJSON(v) }
	}
	if err := errors.Join(write(), ctx.Err()); err != nil {
		return err
	}
	return v.verdict(patience)
}

// verdict is the error that makes the exit code.
func (v replayView) verdict(patience time.Duration) error {
	switch {
	case v.Waited != nil && v.Waited.FailedAgain > 0:
		return exitWith(codePartly, fmt.Errorf("%s failed again; 'ghostcm dlq list' says why", letters(v.Waited.FailedAgain)))
	case v.Unreadable > 0:
		return exitWith(codePartly, fmt.Errorf("%s cannot be read, and only be dropped", letters(v.Unreadable)))
	case v.Waited != nil && v.Waited.Waiting > 0:
		return fmt.Errorf("%s not done within %s; the jobs go on without this command",
			letters(v.Waited.Waiting), config.FormatDuration(patience))
	}
	return nil
}
