package payment

import (
	"cmp"
	"strconv"
	"time"
)

// stripeSubscription reads a subscription by its status. (docs.stripe.com/billing/
// subscriptions/overview#subscription-statuses)
func (e *Event) stripeSubscription(object, before node, what string) error {
	id := object.text("id")
	if id == "" {
		return unreadable(Stripe, e.Type, "subscription")
	}
	e.Subject, e.Snapshot = Subject{Subscription, id}, true
	items := object.list("items.data")
	if len(items) == 0 {
		items = []node{object} // until 2018 it had one plan and no items
	}
	e.bought(stripeThings(items)...)
	e.Amount = stripePrice(items, object.text("currency"))
	e.Customer.nameMember(object, "metadata")
	if what == "deleted" {
		e.Action = ActionRevoke
		return nil
	}
	return e.stripeState(object, before, stripePeriod(object, items), what)
}

func (e *Event) stripeState(object, before node, paid period, what string) error {
	ends := object.time("cancel_at")
	if object.truth("cancel_at_period_end") {
		ends = cmp.Or(ends, paid.end)
	}
	// A subscription for a year can end at a date and yet be paid by the month: it is
	// cancelled in its last month.
	cancelled := !ends.IsZero() && (paid.end.IsZero() || !ends.After(paid.end))
	switch e.Status {
	case "active", "trialing":
		e.Action, e.Renews, e.PeriodEnd = ActionGrant, true, paid.end
		switch {
		case object.text("pause_collection.behavior") == "void":
			// The seller's word for "I cannot deliver at present"; other pauses give it away.
			// (docs.stripe.com/billing/subscriptions/pause-payment)
			e.Action, e.PeriodEnd = ActionSuspend, time.Time{}
		case cancelled:
			e.Action, e.Renews, e.PeriodEnd = ActionKeepUntil, false, ends
		case before.truth("cancel_at_period_end"), before.number("cancel_at") > 0:
			e.Action = ActionUncancel
		case what == "resumed":
			e.Action = ActionResume
		}
	case "past_due":
		e.Action, e.Renews, e.PeriodEnd = ActionPastDue, !cancelled, paid.begin
	case "paused":
		e.Action, e.Renews = ActionSuspend, !cancelled
	case "canceled", "unpaid", "incomplete_expired":
		e.Action = ActionRevoke
	case "incomplete":
		e.Snapshot = false
	default:
		return unknownStatus(Stripe, e.Type)
	}
	return nil
}

// period is a span of time; either end may be unknown.
type period struct{ begin, end time.Time }

// cover widens the period to hold another.
func (p *period) cover(begin, end time.Time) {
	if p.begin.IsZero() || !begin.IsZero() && begin.Before(p.begin) {
		p.begin = begin
	}
	if end.After(p.end) {
		p.end = end
	}
}

func stripePeriod(object node, items []node) period {
	var p period
	for _, item := range items {
		p.cover(item.time("current_period_start"), item.time("current_period_end"))
	}
	if p.end.IsZero() {
		p.cover(object.time("current_period_start"), object.time("current_period_end"))
	}
	return p
}

// stripeThings is by what the items of a subscription, an invoice or a session can be
// mapped. A negative line takes back what an upgrade replaced.
func stripeThings(items []node) [][]string {
	var things [][]string
	for _, item := range items {
		if item.number("amount") < 0 {
			continue
		}
		things = append(things, []string{
			item.text("pricing.price_details.price", "price", "plan"),
			item.text("pricing.price_details.product", "price.product", "plan.product"),
		})
	}
	return things
}

// stripePrice is what a period of these items costs.
func stripePrice(items []node, currency string) Amount {
	a := Amount{Currency: currency}
	for _, item := range items {
		quantity := max(item.number("quantity"), 1)
		a.Minor += item.number("price.unit_amount", "plan.amount") * quantity
	}
	return a
}

// stripePaid reads an invoice that was paid, or owed nothing. "payment_succeeded"
// comes with every part of what was owed.
func (e *Event) stripePaid(object node) error {
	invoice, subscription, err := e.stripeInvoice(object)
	switch {
	case err != nil:
		return err
	case e.Status != "" && e.Status != "paid":
		return nil
	}
	e.Action, e.Paid, e.Key = ActionGrant, true, keyOf("paid", invoice)
	e.Amount = Amount{object.number("amount_paid", "total"), object.text("currency")}
	if subscription == "" {
		return nil
	}
	if object.text("billing_reason") == "subscription_cycle" {
		e.Action = ActionExtend
	}
	e.Renews, e.PeriodEnd = true, stripeCovered(object).end
	return nil
}

// stripeFailed reads an invoice that could not be collected. Without the first one
// nothing was bought yet; one in the middle of a period leaves what is paid as it is.
func (e *Event) stripeFailed(object node) error {
	invoice, subscription, err := e.stripeInvoice(object)
	reason := object.text("billing_reason")
	if err != nil || subscription == "" || reason == "subscription_create" {
		return err
	}
	e.Action, e.Renews = ActionPastDue, true
	e.Key = keyOf("failed", invoice, strconv.FormatInt(object.number("attempt_count"), 10))
	if reason == "subscription_cycle" {
		e.PeriodEnd = stripeCovered(object).begin
	}
	return nil
}

// stripeInvoice reads what all invoices have.
func (e *Event) stripeInvoice(object node) (invoice, subscription string, err error) {
	invoice = object.text("id")
	if invoice == "" {
		return "", "", unreadable(Stripe, e.Type, "invoice")
	}
	lines := object.list("lines.data")
	subscription = object.text("parent.subscription_details.subscription", "subscription")
	for _, line := range lines {
		subscription = cmp.Or(subscription, line.text("parent.subscription_item_details.subscription", "subscription"))
	}
	e.Subject = Subject{Order, invoice}
	if subscription != "" {
		e.Subject = Subject{Subscription, subscription}
	}
	e.Aliases = aliases(
		alias("invoice", invoice), alias("intent", object.text("payment_intent")), alias("charge", object.text("charge")),
	)
	for _, p := range object.list("payments.data") {
		e.Aliases = aliases(append(e.Aliases,
			alias("intent", p.text("payment.payment_intent")), alias("charge", p.text("payment.charge")))...)
	}
	e.bought(stripeThings(lines)...)
	e.Customer.Email = object.text("customer_email", "customer.email")
	e.Customer.Name = object.text("customer_name", "customer.name")
	e.Customer.nameMember(object, "parent.subscription_details.metadata", "subscription_details.metadata", "metadata")
	return invoice, subscription, nil
}

// stripeCovered is the period that an invoice's lines are for.
func stripeCovered(object node) period {
	var p period
	for _, line := range object.list("lines.data") {
		if line.number("amount") >= 0 {
			p.cover(line.time("period.start"), line.time("period.end"))
		}
	}
	return p
}
