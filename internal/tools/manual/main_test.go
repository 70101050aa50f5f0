package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/cli"
)

func written(t *testing.T, dir string) map[string]string {
	t.Helper()
	if err := write(cli.Tree(), dir); err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, pattern := range []string{"*.md", "man1/*.1"} {
		names, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, name := range names {
			page, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			pages[strings.TrimPrefix(name, dir+"/")] = string(page)
		}
	}
	return pages
}

func TestEveryCommandHasBothPages(t *testing.T) {
	t.Parallel()
	pages := written(t, t.TempDir())
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		words := strings.Fields(c.CommandPath())
		for _, name := range []string{strings.Join(words, "_") + ".md", "man1/" + strings.Join(words, "-") + ".1"} {
			if !strings.Contains(strings.ReplaceAll(pages[name], "\n", " "), c.Short) {
				t.Errorf("%s does not say %q", name, c.Short)
			}
		}
		for _, below := range c.Commands() {
			if below.IsAvailableCommand() && !below.IsAdditionalHelpTopicCommand() {
				check(below)
			}
		}
	}
	check(cli.Tree())
}

func TestPagesHoldNoDateAndReplaceOldOnes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := written(t, dir)
	stale := filepath.Join(dir, "man1", "ghostcm-gone.1")
	if err := os.WriteFile(stale, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if again := written(t, dir); !maps.Equal(first, again) {
		t.Error(cmp.Diff(first, again))
	}
	for name, page := range first {
		if strings.HasSuffix(name, ".1") && !regexp.MustCompile(`\.TH "[^"]+" "1" "" "ghostcm" "ghostcm"`).MatchString(page) {
			t.Errorf("%s: the title line is not as it should be: %s", name, strings.SplitN(page, "\n", 3)[1])
		}
	}
}
