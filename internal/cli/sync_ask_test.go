package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// careful is a site whose sync has a question.
func careful(q reconcile.Question) runner {
	return func(ctx context.Context, site string, r reconcile.Request) (reconcile.Report, error) {
		if site == "shop" {
			return reconcile.Report{}, nil
		}
		yes, err := r.Ask(ctx, q)
		if err == nil && !yes {
			err = reconcile.ErrRefused
		}
		return report(), err
	}
}

func TestAQuestionIsAnsweredByAPersonOrByYes(t *testing.T) {
	t.Parallel()
	removals := reconcile.Question{Kind: reconcile.TooManyRemovals, Count: 300, Bound: 20}
	optIn := reconcile.Question{Kind: reconcile.ConfirmedOptIn}
	for name, c := range map[string]struct {
		q        reconcile.Question
		o        syncOptions
		terminal bool
		typed    string
		code     int
		says     string
	}{
		"yes":              {removals, syncOptions{yes: true}, false, "", 0, ""},
		"typed yes":        {removals, syncOptions{}, true, "y\n", 0, "blog: 300 subscribers would be unsubscribed or deleted, and the bound is 20. Go on? [y/N] "},
		"typed no":         {removals, syncOptions{}, true, "n\n", 1, "ghostcm: blog: stopped, as you answered\n"},
		"nobody, removals": {removals, syncOptions{}, false, "y\n", 1, "ghostcm: blog: 300 subscribers would be unsubscribed or deleted, and the bound is 20; look with --dry-run --verbose, then raise --max-removals, or allow it with --yes\n"},
		"nobody, opt-in":   {optIn, syncOptions{}, false, "y\n", 1, "becomes active by a click in it only; look with --dry-run --verbose, then allow it with --yes\n"},
		"dry run":          {optIn, syncOptions{dryRun: true}, false, "", 0, "blog: the list has confirmed opt-in: everybody who is added gets a mail, and becomes active by a click in it only. Without --dry-run, you would be asked whether to go on.\n"},
	} {
		a, _, stderr := testApp()
		a.stdin, a.answersOnTerminal, a.logsToTerminal = strings.NewReader(c.typed), c.terminal, c.terminal
		err := syncOf(t, a, c.o, careful(c.q))
		if got := a.code(err); got != c.code {
			t.Errorf("%s: exit code %d, want %d", name, got, c.code)
		}
		if !strings.Contains(stderr.String(), c.says) {
			t.Errorf("%s: stderr %q", name, stderr)
		}
		if asked := strings.Contains(stderr.String(), "[y/N]"); asked != c.terminal {
			t.Errorf("%s: asked %t", name, asked)
		}
	}
}
