package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/payment"
)

type paymentsRetryOptions struct {
	ledgerFilter
	all, yes, dryRun, asJSON bool
}

// retryView is the result of a retry in --json.
type retryView struct {
	DryRun  bool           `json:"dry_run"`
	Matched int            `json:"matched"`
	Retried int            `json:"retried"`
	States  map[string]int `json:"states"` // of what matched, as it was
}

func newPaymentsRetryCommand(a *app) *cobra.Command {
	var o paymentsRetryOptions
	c := &cobra.Command{
		Use:   "retry [ID]",
		Short: "Have the access of purchases looked at again, now",
		Long: "Have the access of entitlements looked at again, now: what the ledger asks for is held against Ghost,\n" +
			"and written if Ghost lacks it. It is safe for every purchase, as often as you like. Workers do it;\n" +
			"payments show tells what came of it.\n\n" +
			"It is for what failed or needs attention once its cause is mended. By itself, everything is looked at\n" +
			"again once a day, what is unmapped when the mapping changes, what was quarantined when its secret\n" +
			"does, and what failed when Ghost is back. A delivery that died before it came into the ledger is a\n" +
			"dead letter: ghostcm dlq replay --kind payment.\n\n" +
			"--json writes one document:\n\n" +
			`  {"dry_run", "matched", "retried", "states": {"failed": 3, …}}`,
		Example: "  ghostcm payments retry polar:0195f0c1-77f8-7c9b-9e4f-2f6d1c1e5a10\n" +
			"  ghostcm payments retry --state needs_attention --site blog",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.argument(args)
			return a.retryPurchases(c.Context(), o)
		},
	}
	o.flags(a, c)
	flags := c.Flags()
	flags.BoolVar(&o.all, "all", false, "all there are; asks first")
	flags.BoolVar(&o.yes, "yes", false, "do not ask; --all needs it where there is no terminal")
	flags.BoolVar(&o.dryRun, "dry-run", false, "only count, by state")
	flags.BoolVar(&o.asJSON, "json", false, "write JSON")
	return c
}

func (o paymentsRetryOptions) check(a *app) error {
	if o.empty() && !o.all {
		return usageError("say which: an id, a filter such as --state or --site, or --all")
	}
	if o.all && !o.yes && !o.dryRun && (!a.answersOnTerminal || !a.logsToTerminal) {
		return usageError("--all asks first, and there is no terminal to ask on; add --yes")
	}
	return nil
}

func (a *app) retryPurchases(ctx context.Context, o paymentsRetryOptions) error {
	if err := o.check(a); err != nil {
		return err
	}
	ledger, err := a.openPurchases(ctx, &o.ledgerFilter)
	if err != nil {
		return err
	}
	defer ledger.close()
	view, err := o.count(ctx, ledger)
	switch {
	case err != nil:
		return err
	case view.Matched == 0 && (!o.asJSON || o.id != ""):
		return a.noPurchases(&o.ledgerFilter)
	}
	if !o.dryRun {
		yes, err := a.agreedToRetry(ctx, o, view.Matched)
		if err != nil || !yes {
			return err
		}
		if view.Retried, err = a.retryEach(ctx, ledger); err != nil {
			return err
		}
	}
	if o.asJSON {
		return a.writeJSON(view)
	}
	return a.tellRetried(o, view)
}

// count says what a retry is about, by its state.
func (o paymentsRetryOptions) count(ctx context.Context, ledger *purchases) (retryView, error) {
	view := retryView{DryRun: o.dryRun, States: map[string]int{}}
	var err error
	view.Matched, err = ledger.each(ctx, func(e payment.Entitlement) error {
		view.States[string(e.State())]++
		return nil
	})
	return view, err
}

func (a *app) agreedToRetry(ctx context.Context, o paymentsRetryOptions, n int) (bool, error) {
	if !o.all || o.yes {
		return true, nil
	}
	yes, err := a.confirm(ctx, fmt.Sprintf("Retry %s?", counted(n, "purchase")))
	if err == nil && !yes {
		a.notef("Nothing was retried.")
	}
	return yes, err
}

func (a *app) retryEach(ctx context.Context, ledger *purchases) (int, error) {
	desk, done := ledger.Desk(), 0
	_, err := ledger.each(ctx, func(e payment.Entitlement) error {
		if err := desk.Retry(ctx, e); err != nil {
			return unanswered(ctx, err)
		}
		done++
		return nil
	})
	if err != nil && done > 0 {
		a.notef("%s retried before this; the same command goes on with the others.", counted(done, "purchase"))
	}
	return done, err
}

func (a *app) tellRetried(o paymentsRetryOptions, v retryView) error {
	if !o.dryRun {
		return a.table([]string{"Outcome", "Purchases"}, [][]string{{"retried", count(v.Retried)}})
	}
	a.notef("DRY RUN: %s would be retried; nothing was changed.", counted(v.Matched, "purchase"))
	var rows [][]string
	for _, state := range payment.States() {
		if n := v.States[string(state)]; n > 0 {
			rows = append(rows, []string{string(state), count(n)})
		}
	}
	slices.SortFunc(rows, func(x, y []string) int { return strings.Compare(x[0], y[0]) })
	return a.table([]string{"State", "Purchases"}, rows)
}

// counted is a number of things in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return count(n) + " " + thing + "s"
}
