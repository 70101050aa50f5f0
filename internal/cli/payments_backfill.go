package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/provider"
)

type paymentsBackfillOptions struct {
	provider, since string
	dryRun, asJSON  bool
}

// backfillView is the result of a backfill in --json.
type backfillView struct {
	Site     string    `json:"site"`
	Provider string    `json:"provider"`
	Since    time.Time `json:"since"`
	DryRun   bool      `json:"dry_run"`
	Read     int       `json:"read"`
	Fresh    int       `json:"fresh"`
	Known    int       `json:"known"`
	Test     int       `json:"test"`
	Ignored  int       `json:"ignored"`
}

func newPaymentsBackfillCommand(a *app) *cobra.Command {
	var o paymentsBackfillOptions
	c := &cobra.Command{
		Use:   "backfill SITE",
		Short: "Read a provider's books, and take in what no webhook told",
		Long: "Ask a payment provider what was sold and what changed since a time, and take in what the ledger does\n" +
			"not know: the same road as webhooks, and safe to repeat. Members whom it creates get no sign-in mail.\n" +
			"It needs SITEN_<PROVIDER>_API_KEY, and works for polar, stripe, paypal, paddle and lemonsqueezy.\n" +
			"Stripe and PayPal know the last 30 days, Paddle 90. Where a key is set, workers do the same once an\n" +
			"hour for what came since the last time.\n\n" +
			"It counts what it read, and how much of that was new (taken in by workers, shortly after), known,\n" +
			"of a sandbox (not taken unless PAYMENT_TEST_EVENTS is on), or says nothing of access.\n\n" +
			"Exit codes: 0 done; 1 failed: what was taken in stays; 2 usage; 4 the provider refused the key;\n" +
			"75 another process is reading these books; 130 interrupted.\n\n" +
			"--json writes one document:\n\n" +
			`  {"site", "provider", "since", "dry_run", "read", "fresh", "known", "test", "ignored"}`,
		Example: "  ghostcm payments backfill blog --provider polar --since 2026-11-01\n" +
			"  ghostcm payments backfill blog --provider stripe --since 30d --dry-run",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeSite,
		RunE:              func(c *cobra.Command, args []string) error { return a.backfill(c.Context(), o, args[0]) },
	}
	flags := c.Flags()
	flags.StringVar(&o.provider, "provider", "", "whose `books`: polar, stripe, paypal, paddle or lemonsqueezy")
	flags.StringVar(&o.since, "since", "", "what was sold or changed at this `time` or later: a date, RFC 3339, or how long ago (24h, 30d)")
	flags.BoolVar(&o.dryRun, "dry-run", false, "only count")
	flags.BoolVar(&o.asJSON, "json", false, "write JSON")
	completes(c, "provider", provider.Backfillable()...)
	return c
}

// look makes a reading of what was typed. Its errors are usage errors.
func (o paymentsBackfillOptions) look(cfg *config.Config, now time.Time, site string) (entitlement.Look, error) {
	s, of, err := seller(cfg, site, o.provider)
	if err != nil {
		return entitlement.Look{}, err
	}
	look := entitlement.Look{Site: s.Name, Provider: of.Name, DryRun: o.dryRun, Who: reader()}
	switch {
	case !provider.CanBackfill(of.Name):
		return look, usageError(of.Name + " has no way to ask what was sold; those that have one are " + listed(provider.Backfillable()))
	case !of.APIKey.IsSet():
		return look, usageError(fmt.Sprintf("%s has no API key of %s: set %s", s.Name, of.Name, config.APIKeySetting(s.N, of.Name)))
	case o.since == "":
		return look, usageError("say from when on with --since: a date, or how long ago (30d)")
	}
	look.Since, err = moment("since", o.since, now, false)
	return look, err
}

// reader names this process for others who want to read the same books.
func reader() string {
	host, err := os.Hostname()
	if err != nil {
		host = "a host"
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}

func (a *app) backfill(ctx context.Context, o paymentsBackfillOptions, site string) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	look, err := o.look(cfg, a.now(), site)
	if err != nil {
		return err
	}
	if keeps := provider.Keeps(look.Provider); keeps > 0 && a.now().Sub(look.Since) > keeps {
		a.notef("%s keeps events for %s: older ones are not to be had.", look.Provider, config.FormatDuration(keeps))
	}
	opened, err := a.look(ctx)
	if err != nil {
		return err
	}
	defer opened.Close() //nolint:errcheck // the process ends
	if a.logsToTerminal {
		look.Tell = func(f entitlement.Found) { a.notef("%d read, %d new …", f.Read, f.Fresh) }
	}
	found, err := opened.Backfill().Read(ctx, look)
	if err := a.tellBackfill(o, look, found, err); err != nil {
		return err
	}
	return backfillVerdict(ctx, look, err)
}

// tellBackfill tells what was found, unless nothing was even begun.
func (a *app) tellBackfill(o paymentsBackfillOptions, l entitlement.Look, f entitlement.Found, err error) error {
	v := backfillView{
		Site: l.Site, Provider: l.Provider, Since: l.Since.UTC(), DryRun: l.DryRun,
		Read: f.Read, Fresh: f.Fresh, Known: f.Read - f.Fresh, Test: f.Test, Ignored: f.Ignored,
	}
	switch {
	case err != nil && f == (entitlement.Found{}):
		return nil
	case o.asJSON:
		return a.writeJSON(v)
	case o.dryRun:
		a.notef("DRY RUN: nothing was taken in.")
	}
	return a.table([]string{"Outcome", "Records"}, [][]string{
		{"read", count(v.Read)}, {"new", count(v.Fresh)}, {"known", count(v.Known)},
		{"test", count(v.Test)}, {"nothing of access", count(v.Ignored)},
	})
}

// backfillVerdict is the error that makes the exit code.
func backfillVerdict(ctx context.Context, l entitlement.Look, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, entitlement.ErrBusy):
		return exitWith(codeLocked, fmt.Errorf("another process is reading the books of %s for %s; wait for it", l.Provider, l.Site))
	case provider.KindOf(err) == provider.Credentials:
		return exitWith(codeCredentials, fmt.Errorf("%s refused the API key: %w", l.Provider, err))
	case provider.KindOf(err) != provider.None:
		return err
	}
	return unanswered(ctx, err)
}
