package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
)

// testApp is an app whose streams are buffers.
func testApp(environ ...string) (a *app, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return newApp(Options{Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr, Environ: environ, Version: "v1.2.3"}), stdout, stderr
}

func TestEveryOutcomeHasItsCodeAndText(t *testing.T) {
	t.Parallel()
	problems := config.Problems{{Key: "PORT", Wrong: "is wrong", Fix: "fix it"}}
	for _, c := range []struct {
		name   string
		err    error
		code   int
		stderr string
	}{
		{"done", nil, 0, ""},
		{"failed", errors.New("it broke"), 1, "ghostcm: it broke\n"},
		{"configuration", fmt.Errorf("start: %w", problems), 2, "ghostcm: one problem in the configuration:\n  PORT: is wrong; fix it\n"},
		{"usage", usageError("no such thing"), 2, "ghostcm: no such thing\nRun 'ghostcm work --help' for usage.\n"},
		{"partly", exitWith(codePartly, errors.New("3 records failed")), 3, "ghostcm: 3 records failed\n"},
		{"credentials", exitWith(codeCredentials, errors.New("refused")), 4, "ghostcm: refused\n"},
		{"found, all said", exitWith(codeFound, nil), 5, ""},
		{"locked", fmt.Errorf("sync: %w", exitWith(codeLocked, errors.New("locked"))), 75, "ghostcm: sync: locked\n"},
		{"interrupted", fmt.Errorf("sync: %w", context.Canceled), 130, "ghostcm: interrupted\n"},
		{"a stranger's text", errors.New("line\n\x1b[2Jnext"), 1, "ghostcm: line  [2Jnext\n"},
	} {
		a, stdout, stderr := testApp()
		a.started = true
		root := &cobra.Command{Use: "ghostcm"}
		work := &cobra.Command{Use: "work"}
		root.AddCommand(work)
		if code := a.exit(work, c.err); code != c.code {
			t.Errorf("%s: code %d, want %d", c.name, code, c.code)
		}
		if stderr.String() != c.stderr || stdout.Len() > 0 {
			t.Errorf("%s: stderr %q, want %q; stdout %q", c.name, stderr, c.stderr, stdout)
		}
	}
}

func TestAFailureOfACommandIsNoUsageError(t *testing.T) {
	t.Parallel()
	a, _, _ := testApp()
	root := newRootCommand(a)
	failing := &cobra.Command{Use: "failing", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return errors.New("it broke") }}
	root.AddCommand(failing)
	a.watch(failing)
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"failing"}, 1},
		{[]string{"failing", "argument"}, 2},
		{[]string{"failing", "--flag"}, 2},
	} {
		a.started = false
		root.SetArgs(c.args)
		command, err := root.ExecuteContextC(t.Context())
		if code := a.exit(command, err); code != c.code {
			t.Errorf("%v: code %d, want %d", c.args, code, c.code)
		}
	}
}
