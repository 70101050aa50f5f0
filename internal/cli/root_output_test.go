package cli

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/config"
)

func TestATableIsAlignedOnATerminalAndSeparatedByTabsInAPipe(t *testing.T) {
	t.Parallel()
	header, rows := []string{"Site", "List"}, [][]string{{"blog", "1"}, {"a-longer-name", "22"}}

	a, stdout, _ := testApp()
	if err := a.table(header, rows); err != nil {
		t.Fatal(err)
	}
	if got, want := stdout.String(), "blog\t1\na-longer-name\t22\n"; got != want {
		t.Errorf("piped: %q, want %q", got, want)
	}

	a, stdout, _ = testApp()
	a.terminal = true
	if err := a.table(header, rows); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(stdout.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	if got, want := strings.Join(lines, "\n"), "SITE           LIST\nblog           1\na-longer-name  22"; got != want {
		t.Errorf("on a terminal:\n%s\nwant\n%s", got, want)
	}
}

func TestStrangersCannotMoveTheCursor(t *testing.T) {
	t.Parallel()
	a, stdout, _ := testApp()
	if err := a.table([]string{"Name"}, [][]string{{"a\tb\nc\x1b[31m\u202ed\u0085"}}); err != nil {
		t.Fatal(err)
	}
	if got, want := stdout.String(), "a b c [31m d \n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// JSON has a second spelling for what a terminal would obey, with the same meaning.
func TestStrangersCannotMoveTheCursorByJSONEither(t *testing.T) {
	t.Parallel()
	const name = "Jo\u009b31m\u202e\x7f\x1b[2J é"
	for how, write := range map[string]func(*app) error{
		"a document": func(a *app) error { return a.writeJSON(map[string]string{"name": name}) },
		"a line": func(a *app) error {
			(&syncing{app: a}).line(map[string]string{"name": name})
			return nil
		},
		"an element": func(a *app) error {
			list := newJSONList(a.stdout, "all")
			return errors.Join(list.add(map[string]string{"name": name}), list.end())
		},
	} {
		a, stdout, _ := testApp()
		if err := write(a); err != nil {
			t.Fatal(err)
		}
		if got := stdout.String(); !strings.Contains(got, `"Jo\u009b31m\u202e\u007f\u001b[2J é"`) || !json.Valid([]byte(got)) {
			t.Errorf("%s: %q", how, got)
		}
	}
}

func TestLogsAreTextForPeopleAndJSONForPrograms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format   string
		terminal bool
		want     string
	}{
		{"auto", true, "level=WARN msg=config.warning"},
		{"auto", false, `"msg":"config.warning"`},
		{"text", false, "level=WARN msg=config.warning"},
		{"json", true, `"msg":"config.warning"`},
	} {
		a, stdout, stderr := testApp()
		a.logsToTerminal = c.terminal
		log := a.logger(c.format, slog.LevelWarn)
		log.Info("too quiet")
		logWarnings(log, &config.Config{Warnings: []config.Warning{{Key: "HOST", Text: "is odd"}}})
		if got := stderr.String(); !strings.Contains(got, c.want) || strings.Contains(got, "too quiet") || stdout.Len() > 0 {
			t.Errorf("%s, terminal %t: %s", c.format, c.terminal, got)
		}
	}
}
