package reconcile_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/reconcile"
)

const journalOfTwo = `{"run":"RUN","site":"blog","list":"l","began":"2026-11-22T10:00:00Z"}
{"kind":"update","id":"a1","before":{"email":"jo@example.org","name":"Jo"},"after":{"email":"jo@example.org"}}
{"kind":"update","id":"b2","before":{"email":"ann@example.org"},"after":{"email":"ann@example.org"}}
{"kind":"change_address","id":"c3","before":{"email":"ann@example.org"},"after":{"email":"Jo@Example.org"}}
{"kind":"add","id":"a1","after":{"email":"jo@exa`

func TestAPersonsLinesLeaveTheJournalsOfTheirSite(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	dir := filepath.Join(state, "runs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{}
	for run, site := range map[string]string{"one": "blog", "two": "news"} {
		paths[run] = filepath.Join(dir, run+".ndjson")
		text := strings.ReplaceAll(strings.ReplaceAll(journalOfTwo, "RUN", run), "blog", site)
		if err := os.WriteFile(paths[run], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(paths[run], old, old); err != nil {
			t.Fatal(err)
		}
	}
	theirs := func(id string, emails []string) bool {
		return id == "a1" || slices.ContainsFunc(emails, func(e string) bool { return strings.EqualFold(e, "jo@example.org") })
	}
	for _, dryRun := range []bool{true, false} {
		if n, err := reconcile.Forget(state, "blog", theirs, dryRun); err != nil || n != 3 {
			t.Errorf("dry run %t: %d lines, %v", dryRun, n, err)
		}
		one, err := os.ReadFile(paths["one"])
		if err != nil {
			t.Fatal(err)
		}
		if there := strings.Contains(strings.ToLower(string(one)), "jo@exa"); there != dryRun || !strings.Contains(string(one), `"b2"`) {
			t.Errorf("dry run %t: the journal is\n%s", dryRun, one)
		}
	}
	info, err := os.Stat(paths["one"])
	if err != nil || info.Mode().Perm() != 0o600 || time.Since(info.ModTime()) < 30*time.Minute {
		t.Errorf("the journal that was written anew: %v, %v", info, err)
	}
	if two, _ := os.ReadFile(paths["two"]); !strings.Contains(string(two), "jo@example.org") {
		t.Error("the journal of another site was changed")
	}
	if kept, err := reconcile.Runs(state); err != nil || len(kept) != 2 {
		t.Errorf("runs: %+v, %v", kept, err)
	}
}
