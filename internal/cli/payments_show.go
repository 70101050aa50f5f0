package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/program"
)

// entitlementDetail is an entitlement in show --json: what list shows, and more.
type entitlementDetail struct {
	entitlementView
	Products  []string    `json:"products"`
	Aliases   []string    `json:"aliases"`
	Linked    string      `json:"linked"`
	LinkedBy  string      `json:"linked_by"`
	NextLook  *time.Time  `json:"next_look"`
	WhoBought string      `json:"customer"` // the provider's id
	Name      string      `json:"name,omitempty"`
	History   []eventLine `json:"history"`
}

// eventLine is what was heard of an entitlement at one time.
type eventLine struct {
	At      time.Time `json:"at"`
	EventID string    `json:"event_id"`
	Type    string    `json:"type"`
	Action  string    `json:"action"`
}

func newPaymentsShowCommand(a *app) *cobra.Command {
	var o paymentsListOptions
	c := &cobra.Command{
		Use:   "show [ID]",
		Short: "Show purchases in full, with all that was heard of them",
		Long: "Show an entitlement, or those that a filter chooses: what was bought and by whom, which tier it gives\n" +
			"and until when, its state with the reason and what to do about it, and what the provider said of it,\n" +
			"at most the last 50 events. E-mail addresses are shown by their hash.\n\n" +
			"In a pipe each line starts with entitlement or event. --json writes one document:\n\n" +
			`  {"entitlements": [{… as in payments list …, "products", "aliases", "linked", "linked_by",` + "\n" +
			`    "next_look", "customer", "history": [{"at", "event_id", "type", "action"}]}]}` + "\n\n" +
			`linked_by is "operator" after payments link, "match" where the address or the purchase named the member.`,
		Example: "  ghostcm payments show stripe:sub_1MowQVLkdIwHu7ixeRlqHVzs\n  ghostcm payments show --email jo@example.org",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.argument(args)
			return a.showPurchases(c.Context(), o)
		},
	}
	o.flags(a, c)
	c.Flags().BoolVar(&o.asJSON, "json", false, "write JSON")
	c.Flags().BoolVar(&o.reveal, "reveal", false, "show e-mail addresses and names; on a terminal only")
	return c
}

func (a *app) showPurchases(ctx context.Context, o paymentsListOptions) error {
	if o.empty() {
		return usageError("say which: an id, or a filter such as --email or --state")
	}
	if err := a.mayReveal(o.reveal); err != nil {
		return err
	}
	ledger, err := a.openPurchases(ctx, &o.ledgerFilter)
	if err != nil {
		return err
	}
	defer ledger.close()
	list := newJSONList(a.stdout, "entitlements")
	found, err := ledger.each(ctx, func(e payment.Entitlement) error {
		detail := detailEntitlement(e, o.reveal)
		if o.asJSON {
			return list.add(detail)
		}
		return a.entitlementTables(detail)
	})
	switch {
	case err != nil:
		return err
	case found == 0 && (!o.asJSON || o.id != ""):
		return a.noPurchases(&o.ledgerFilter)
	case o.asJSON:
		return list.end()
	}
	return nil
}

func detailEntitlement(e payment.Entitlement, reveal bool) entitlementDetail {
	d := entitlementDetail{
		entitlementView: viewEntitlement(e, reveal), Products: append([]string{}, e.Products...), Aliases: append([]string{}, e.Aliases...),
		Linked: e.Linked, LinkedBy: string(e.LinkedBy), NextLook: known(e.Due), WhoBought: e.Customer.ID, History: []eventLine{},
	}
	if reveal {
		d.Name = e.Customer.Name
	}
	for _, h := range e.History {
		d.History = append(d.History, eventLine{At: h.At.UTC(), EventID: h.EventID, Type: h.Type, Action: string(h.Action)})
	}
	return d
}

// lifetime is longer than any period that renews: what was bought once without a
// length is for a hundred years.
const lifetime = 50 * 365 * 24 * time.Hour

// farMoment is a time of a purchase, in words where nobody now lives to see it.
func (a *app) farMoment(at *time.Time) string {
	if at != nil && at.Sub(a.now()) > lifetime {
		return "never (one-time)"
	}
	return a.moment(at)
}

func (a *app) entitlementTables(d entitlementDetail) error {
	facts := [][]string{
		{"id", d.ID}, {"site", d.Site}, {"provider", d.Provider}, {"product", dash(strings.Join(d.Products, ", "))},
		{"tier", dash(d.Tier)}, {"state", d.State}, {"reason", dash(d.Reason)}, {"remedy", dash(d.Remedy)}, {"ends", a.farMoment(d.EndsAt)},
		{"member", dash(d.MemberID)}, {"linked by", dash(d.LinkedBy)}, {"email", d.payer()}, {"customer", dash(d.WhoBought)},
		{"paid", dash(program.Price(payment.Amount{Minor: d.Amount, Currency: d.Currency}))},
		{"other ids", dash(strings.Join(d.Aliases, ", "))},
		{"looked at", a.moment(d.UpdatedAt)}, {"next look", a.farMoment(d.NextLook)},
	}
	if d.Name != "" {
		facts = append(facts, []string{"name", d.Name})
	}
	if d.Test {
		facts = append(facts, []string{"test", "yes, of the provider's sandbox"})
	}
	if err := a.section("entitlement", []string{"Purchase", ""}, facts); err != nil {
		return err
	}
	var events [][]string
	for _, h := range d.History {
		events = append(events, []string{a.moment(known(h.At)), dash(h.Type), dash(h.Action), dash(h.EventID)})
	}
	return a.section("event", []string{"At", "Event", "Means", "Event ID"}, events)
}
