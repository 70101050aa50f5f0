package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

func newDLQCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "dlq",
		Short: "Look at the dead letters: the jobs that failed for good",
		Long: "A job that failed more often than RETRY_SCHEDULE is long, or that no retry can mend, becomes a\n" +
			"dead letter. It keeps its reason and the member's newest facts, and delays nothing.",
	}
	c.AddCommand(newDLQListCommand(a))
	return c
}

// eachLetter does something with every dead letter that the filter chooses, the
// longest dead first, until that fails. The letters may be replayed or dropped.
func (a *app) eachLetter(ctx context.Context, f *letterFilter, do func(*jobs.Queue, jobs.DeadLetter) error) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	chosen, err := f.filter(cfg, a.now())
	if err != nil {
		return err
	}
	opened, err := a.look(ctx)
	if err != nil {
		return err
	}
	defer opened.Close() //nolint:errcheck // the process ends
	for letter, err := range opened.Queue.Dead(ctx, chosen) {
		if err != nil {
			return unanswered(ctx, err)
		}
		if err := do(opened.Queue, letter); err != nil {
			return err
		}
	}
	return nil
}
