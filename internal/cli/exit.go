package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
)

// The exit codes of the manual.
const (
	codeDone        = 0
	codeFailed      = 1
	codeUsage       = 2   // the command line or the configuration is wrong
	codePartly      = 3   // finished, but some records failed
	codeCredentials = 4   // Ghost or Campaign Monitor refused the credentials
	codeFound       = 5   // doctor found a failure, or a dry run something to do
	codeLocked      = 75  // another run holds the site's lock
	codeInterrupted = 130 // can be resumed
)

// exitError is an error with the exit code it deserves.
type exitError struct {
	code int
	err  error // nil: the command has said everything
}

// Error is the wrapped error's text.
func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

// Unwrap returns the wrapped error, nil if there is none.
func (e *exitError) Unwrap() error { return e.err }

// exitWith ends the command with this code; err may be nil if nothing is left to say.
func exitWith(code int, err error) error { return &exitError{code, err} }

// usageError is a wrong command line that cobra cannot see.
func usageError(text string) error { return exitWith(codeUsage, errors.New(text)) }

// exit tells an error to people on stderr, and returns its code.
func (a *app) exit(command *cobra.Command, err error) int {
	code := a.code(err)
	exit, silent := errors.AsType[*exitError](err)
	var problems config.Problems
	switch {
	case err == nil || (silent && exit.err == nil):
	case errors.As(err, &problems):
		a.tell(problems)
	case code == codeInterrupted:
		a.notef("ghostcm: interrupted")
	default:
		a.notef("ghostcm: %s", err)
		if code == codeUsage {
			a.notef("Run '%s --help' for usage.", command.CommandPath())
		}
	}
	return code
}

// tell writes a list of problems, which is the one text of several lines.
func (a *app) tell(problems config.Problems) {
	title := "one problem"
	if len(problems) > 1 {
		title = fmt.Sprintf("%d problems", len(problems))
	}
	a.notef("ghostcm: %s in the configuration:", title)
	for _, p := range problems {
		a.notef("  %s", p)
	}
}

func (a *app) code(err error) int {
	exit, hasCode := errors.AsType[*exitError](err)
	var problems config.Problems
	switch {
	case err == nil:
		return codeDone
	case hasCode:
		return exit.code
	case errors.As(err, &problems), !a.started:
		return codeUsage
	case errors.Is(err, context.Canceled):
		return codeInterrupted
	}
	return codeFailed
}
