package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestResultsReplaceThoseThatAPageShows(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(page, []byte("# Performance\n\n"+resultsBegin+"old\n"+resultsEnd+"\nThe end.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := outcome{Row: "workers", Title: "drain", Verdicts: []verdict{{Known: true, Met: true, Median: 12, Min: 10, Max: 14, Unit: "/s", Shown: "12 /s", Target: "≥ 11 /s"}},
		Values: map[string]map[string][]float64{"1 workers": {"drain": {1000, 2000, 3000}, "delayed": {97}}}}
	for range 2 {
		if err := publish(page, []outcome{o}); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(page)
	text := string(raw)
	for _, want := range []string{"# Performance", "| drain | 12 /s (10–14) |  | 12 /s | ≥ 11 /s | met |", "| 1 workers | 2,000 | 97 | " + strings.Repeat("█", 24) + " |", "The end."} {
		if err != nil || strings.Count(text, want) != 1 {
			t.Errorf("%q is not there once: %v\n%s", want, err, text)
		}
	}
	if strings.Contains(text, "old") {
		t.Error(text)
	}
	if err := os.WriteFile(page, []byte("# No place\n"), 0o600); err != nil || publish(page, nil) == nil {
		t.Error("a page without a place took results")
	}
}
