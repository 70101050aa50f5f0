package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/payment"
)

type paymentsListOptions struct {
	ledgerFilter
	asJSON, reveal bool
}

func newPaymentsListCommand(a *app) *cobra.Command {
	var o paymentsListOptions
	c := &cobra.Command{
		Use:   "list [ID]",
		Short: "List purchases with the access they give, the last that came first",
		Long: "List entitlements, one for each subscription and order, the last that came first: what was bought,\n" +
			"the tier it gives, whose it is, its state, and why. E-mail addresses are shown by their hash; --email\n" +
			"finds what an address paid for.\n\n" + statesInWords +
			"--json writes one document:\n\n" + entitlementShape,
		Example: "  ghostcm payments list --state needs_attention\n  ghostcm payments list --site blog --email jo@example.org --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.argument(args)
			return a.listPurchases(c.Context(), o)
		},
	}
	o.flags(a, c)
	c.Flags().BoolVar(&o.asJSON, "json", false, "write JSON")
	c.Flags().BoolVar(&o.reveal, "reveal", false, "show e-mail addresses; on a terminal only")
	return c
}

const statesInWords = "States: granted; ends_at (granted, and ends by itself); pending (not paid, or not looked at yet);\n" +
	"needs_attention and failed (with the reason and the remedy); unmapped (its product gives no tier);\n" +
	"covered_by_native, manual (other access stands, and is left alone); revoked.\n\n"

const entitlementShape = `  {"entitlements": [{"id", "site", "provider", "product", "tier", "member_id", "email_hash", "state",` + "\n" +
	`    "reason", "remedy", "ends_at", "amount", "currency", "test", "heard_at", "updated_at"}]}`

func (a *app) listPurchases(ctx context.Context, o paymentsListOptions) error {
	if err := a.mayReveal(o.reveal); err != nil {
		return err
	}
	ledger, err := a.openPurchases(ctx, &o.ledgerFilter)
	if err != nil {
		return err
	}
	defer ledger.close()
	list, page := newJSONList(a.stdout, "entitlements"), &entitlementPage{app: a}
	found, err := ledger.each(ctx, func(e payment.Entitlement) error {
		view := viewEntitlement(e, o.reveal)
		if o.asJSON {
			return list.add(view)
		}
		return page.add(view)
	})
	switch {
	case err != nil:
		return err
	case found == 0 && (!o.asJSON || o.id != ""):
		return a.noPurchases(&o.ledgerFilter)
	case o.asJSON:
		return list.end()
	}
	return page.end()
}

// entitlementPage draws a table for so many entitlements at a time, as letterPage does.
type entitlementPage struct {
	*app
	rows [][]string
}

func (p *entitlementPage) add(v entitlementView) error {
	p.rows = append(p.rows, []string{
		v.ID, v.Site, dash(v.Product), dash(v.Tier), v.State, p.moment(v.EndsAt), dash(v.MemberID), v.payer(), dash(v.Reason),
	})
	if len(p.rows) < rowsAtOnce {
		return nil
	}
	return p.end()
}

func (p *entitlementPage) end() error {
	if len(p.rows) == 0 {
		return nil
	}
	rows := p.rows
	p.rows = nil
	return p.table([]string{"ID", "Site", "Product", "Tier", "State", "Ends", "Member", "Email hash", "Reason"}, rows)
}
