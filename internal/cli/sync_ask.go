package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// asking puts the engine's questions to a person, or answers them as --yes says.
type asking struct {
	*syncing
	name   string             // of the site
	denied reconcile.Question // the one that was answered with no
	silent bool               // nobody could be asked
}

func (a *asking) ask(ctx context.Context, q reconcile.Question) (bool, error) {
	if a.o.yes {
		return true, nil
	}
	if a.o.dryRun { // to show what would be, and what would be asked
		a.notef("%s: %s. Without --dry-run, you would be asked whether to go on.", a.name, fact(q))
		return true, nil
	}
	a.screen.done()
	yes, err := a.confirm(ctx, fmt.Sprintf("%s: %s. Go on?", a.name, fact(q)))
	if errors.Is(err, errNobodyToAsk) {
		a.silent, err = true, nil
	}
	if !yes {
		a.denied = q
	}
	return yes, err
}

// fact is what a question is about.
func fact(q reconcile.Question) string {
	if q.Kind == reconcile.ConfirmedOptIn {
		return "the list has confirmed opt-in: everybody who is added gets a mail, and becomes active by a click in it only"
	}
	return fmt.Sprintf("%d subscribers would be unsubscribed or deleted, and the bound is %d", q.Count, q.Bound)
}

// explain makes of a refusal what can be done about it; other errors pass.
func (a *asking) explain(err error) error {
	if !errors.Is(err, reconcile.ErrRefused) {
		return err
	}
	if !a.silent {
		return exitWith(codeFailed, errors.New("stopped, as you answered"))
	}
	text := fact(a.denied) + "; look with --dry-run --verbose, then "
	if a.denied.Kind == reconcile.TooManyRemovals {
		text += "raise --max-removals, or "
	}
	return exitWith(codeFailed, errors.New(text+"allow it with --yes"))
}
