package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

// bulk is what commands share that change dead letters.
type bulk struct {
	letterFilter
	all, yes, dryRun, asJSON bool

	verb, done string // "replay", "replayed"
}

func (b *bulk) flags(a *app, c *cobra.Command) {
	b.letterFilter.flags(a, c)
	flags := c.Flags()
	flags.BoolVar(&b.all, "all", false, "all that match, or all there are; asks first")
	flags.BoolVar(&b.yes, "yes", false, "do not ask; --all needs it where there is no terminal")
	flags.BoolVar(&b.dryRun, "dry-run", false, "only count, by site, kind and code")
	flags.BoolVar(&b.asJSON, "json", false, "write JSON")
}

// check finds what is wrong with the command line before anything is asked.
func (b *bulk) check(a *app, args []string) error {
	if err := b.argument(args); err != nil {
		return err
	}
	if b.empty() && !b.all {
		return usageError("say which: an id, a filter such as --site or --from, or --all")
	}
	if b.all && !b.yes && !b.dryRun && (!a.answersOnTerminal || !a.logsToTerminal) {
		return usageError("--all asks first, and there is no terminal to ask on; add --yes")
	}
	return nil
}

// agreed asks before all letters are meant; anything but yes ends the command.
func (b *bulk) agreed(ctx context.Context, a *app, box *letterBox) (bool, error) {
	if !b.all || b.yes {
		return true, nil
	}
	n, err := box.each(ctx, func(jobs.DeadLetter) error { return nil })
	if err != nil || n == 0 {
		return err == nil, err
	}
	yes, err := a.confirm(ctx, fmt.Sprintf("%s %s?", strings.ToUpper(b.verb[:1])+b.verb[1:], letters(n)))
	if err == nil && !yes {
		a.notef("Nothing was %s.", b.done)
	}
	return yes, err
}

// letters is a number of dead letters in words.
func letters(n int) string {
	if n == 1 {
		return "1 dead letter"
	}
	return count(n) + " dead letters"
}

// letterGroup is a row of a dry run.
type letterGroup struct {
	Site    string `json:"site"`
	Kind    string `json:"kind"`
	Code    string `json:"code"`
	Letters int    `json:"letters"`
}

func (b *bulk) countOnly(ctx context.Context, a *app, box *letterBox) error {
	counts := map[letterGroup]int{}
	n, err := box.each(ctx, func(l jobs.DeadLetter) error {
		counts[letterGroup{Site: l.Site, Kind: l.Kind, Code: l.Code}]++
		return nil
	})
	if err != nil {
		return err
	}
	if n == 0 && !b.asJSON {
		return a.noLetters(&b.letterFilter)
	}
	groups := make([]letterGroup, 0, len(counts))
	for g, n := range counts {
		g.Letters = n
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(x, y letterGroup) int {
		return strings.Compare(x.Site+"\x00"+x.Kind+"\x00"+x.Code, y.Site+"\x00"+y.Kind+"\x00"+y.Code)
	})
	if b.asJSON {
		return a.writeJSON(map[string]any{"dry_run": true, "matched": n, "groups": groups})
	}
	a.notef("DRY RUN: %s would be %s; nothing was changed.", letters(n), b.done)
	rows := make([][]string, len(groups))
	for i, g := range groups {
		rows[i] = []string{dash(g.Site), dash(g.Kind), dash(g.Code), count(g.Letters)}
	}
	return a.table([]string{"Site", "Kind", "Code", "Dead letters"}, rows)
}

// cutShort tells what was done before something went wrong: what was not reached
// is as it was.
func (a *app) cutShort(err error, done string, n int) error {
	if err != nil && n > 0 {
		a.notef("%s %s before this; the others are as they were, and the same command goes on with them.", letters(n), done)
	}
	return err
}
