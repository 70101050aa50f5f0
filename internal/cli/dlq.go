package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/worker"
)

func newDLQCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "dlq",
		Short: "Look at the dead letters, the jobs that failed for good; replay or drop them",
		Long: "A job that failed more often than RETRY_SCHEDULE is long, or that no retry can mend, becomes a\n" +
			"dead letter. It keeps its reason and the member's newest facts, and delays nothing.",
	}
	c.AddCommand(newDLQListCommand(a), newDLQShowCommand(a), newDLQReplayCommand(a), newDLQDropCommand(a))
	return c
}

// letterBox is the dead letters in Redis, and which of them are meant.
type letterBox struct {
	worker.Letters
	chosen jobs.DeadFilter
	opened *program.Program
}

func (b *letterBox) close() { _ = b.opened.Close() } // the process ends

// openLetters connects a command to the letters that its filter chooses. What is
// wrong with the filter is told before anything is asked.
func (a *app) openLetters(ctx context.Context, f *letterFilter) (*letterBox, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	chosen, err := f.filter(cfg, a.now())
	if err != nil {
		return nil, err
	}
	opened, err := a.look(ctx)
	if err != nil {
		return nil, err
	}
	return &letterBox{Letters: worker.Letters{Store: opened.Store, Queue: opened.Queue}, chosen: chosen, opened: opened}, nil
}

// each does something with every letter that is chosen, the longest dead first,
// until that fails. The letters are read page by page, and may be replayed or
// dropped meanwhile. It returns how many there were.
func (b *letterBox) each(ctx context.Context, do func(jobs.DeadLetter) error) (n int, err error) {
	for letter, err := range b.Queue.Dead(ctx, b.chosen) {
		if err != nil {
			return n, unanswered(ctx, err)
		}
		n++
		if err := do(letter); err != nil {
			return n, err
		}
	}
	return n, nil
}

// noLetters is how a command ends that has found nothing: an id that is unknown
// is a failure, a filter that nothing matches is none.
func (a *app) noLetters(f *letterFilter) error {
	switch {
	case f.id != "" && f.alone():
		return fmt.Errorf("no dead letter has the id %q; 'ghostcm dlq list' shows those there are", f.id)
	case f.id != "":
		return fmt.Errorf("no dead letter has the id %q and matches the other filters", f.id)
	case f.empty():
		a.notef("No dead letters.")
	default:
		a.notef("No dead letters match.")
	}
	return nil
}
