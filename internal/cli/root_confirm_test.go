package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestOnlyAYesOnTheTerminalIsAYes(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{"y\n": true, " YES \n": true, "\n": false, "n\n": false, "yeah\n": false, "": false} {
		a, stdout, stderr := testApp()
		a.stdin, a.answersOnTerminal, a.logsToTerminal = strings.NewReader(answer), true, true
		yes, err := a.confirm(t.Context(), "Really\x1b[2J?")
		if yes != want || err != nil {
			t.Errorf("%q is %t, %v", answer, yes, err)
		}
		if stdout.Len() > 0 || stderr.String() != "Really [2J? [y/N] " {
			t.Errorf("stdout %q, stderr %q", stdout, stderr)
		}
	}
}

func TestNobodyIsAskedWhoCannotSeeTheQuestionOrAnswerIt(t *testing.T) {
	t.Parallel()
	for _, terminals := range [][2]bool{{false, true}, {true, false}} {
		a, _, stderr := testApp()
		a.stdin, a.answersOnTerminal, a.logsToTerminal = strings.NewReader("y\n"), terminals[0], terminals[1]
		if yes, err := a.confirm(t.Context(), "Really?"); yes || !errors.Is(err, errNobodyToAsk) || stderr.Len() > 0 {
			t.Errorf("%v: %t, %v, %q", terminals, yes, err, stderr)
		}
	}
}

func TestCtrlCAnswersAQuestion(t *testing.T) {
	t.Parallel()
	silence, tell := io.Pipe()
	defer tell.Close()
	a, _, _ := testApp()
	a.stdin, a.answersOnTerminal, a.logsToTerminal = silence, true, true
	ctx, ctrlC := context.WithCancel(t.Context())
	ctrlC()
	if yes, err := a.confirm(ctx, "Really?"); yes || !errors.Is(err, context.Canceled) {
		t.Errorf("%t, %v", yes, err)
	}
}

func TestAddressesAreRevealedOnATerminalOnly(t *testing.T) {
	t.Parallel()
	a, _, _ := testApp()
	if err := a.mayReveal(true); a.code(err) != codeUsage {
		t.Errorf("in a pipe: %v", err)
	}
	a.terminal = true
	if err := a.mayReveal(true); err != nil {
		t.Errorf("on a terminal: %v", err)
	}
}
