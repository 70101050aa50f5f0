package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

const (
	// tabWithin is how long Tab waits for Redis: with the start of the process, a
	// person who presses it sees something within 300 ms, or nothing.
	tabWithin = 150 * time.Millisecond
	// tabGrace is for handing over what was found until then.
	tabGrace = 20 * time.Millisecond
	// tabOffers is how many values Tab offers at most.
	tabOffers = 50
)

// inTime calls find, which may ask over the network, and gives up on it when Tab
// has waited long enough: some of its waiting obeys no context.
func inTime(ctx context.Context, find func(context.Context) []string) []string {
	ctx, cancel := context.WithTimeout(ctx, tabWithin)
	defer cancel()
	found := make(chan []string, 1)
	go func() { found <- find(ctx) }()
	late := time.NewTimer(tabWithin + tabGrace)
	defer late.Stop()
	select {
	case values := <-found:
		return values
	case <-late.C:
		return nil
	}
}

// completeLetters offers the ids of dead letters, for --id.
func (a *app) completeLetters(c *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	return inTime(c.Context(), func(ctx context.Context) []string { return a.letterIDs(ctx, begun) }), cobra.ShellCompDirectiveNoFileComp
}

// completeLetter offers the ids of dead letters for a first argument.
func (a *app) completeLetter(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completeLetters(c, args, begun)
}

// completeEntitlement offers the ids of purchases for a first argument.
func (a *app) completeEntitlement(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ids := inTime(c.Context(), func(ctx context.Context) []string { return a.entitlementIDs(ctx, begun) })
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// entitlementIDs are ids that begin like this, the last that came first, each with
// its state.
func (a *app) entitlementIDs(ctx context.Context, begun string) (ids []string) {
	ledger, err := a.openPurchases(ctx, &ledgerFilter{})
	if err != nil {
		return nil
	}
	defer ledger.close()
	for e, err := range ledger.Purchases(ctx, ledger.chosen.LedgerFilter) {
		if err != nil || len(ids) == tabOffers { // what goes wrong offers nothing
			return ids
		}
		if strings.HasPrefix(e.ID, begun) {
			ids = append(ids, cobra.CompletionWithDesc(printable(e.ID), printable(e.Site+" "+string(e.State()))))
		}
	}
	return ids
}

// letterIDs are ids that begin like this, the longest dead first, each with what
// it is about. What goes wrong offers nothing: Tab has no place for errors.
func (a *app) letterIDs(ctx context.Context, begun string) (ids []string) {
	box, err := a.openLetters(ctx, &letterFilter{})
	if err != nil {
		return nil
	}
	defer box.close()
	for l, err := range box.Queue.Dead(ctx, jobs.DeadFilter{}) {
		if err != nil || len(ids) == tabOffers {
			return ids
		}
		if l.ID != "" && strings.HasPrefix(l.ID, begun) {
			ids = append(ids, cobra.CompletionWithDesc(printable(l.ID), printable(strings.TrimSpace(l.Site+" "+l.Event+" "+l.Code))))
		}
	}
	return ids
}
