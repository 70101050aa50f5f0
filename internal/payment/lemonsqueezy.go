package payment

import (
	"cmp"
	"strconv"
)

// normaliseLemonSqueezy reads Lemon Squeezy's webhooks: {"meta": {"event_name",
// "custom_data"}, "data": a JSON:API object}. There is no event id, and payments of
// a subscription are objects of another type, which name neither product nor period:
// "data.id" is the invoice's then. (docs.lemonsqueezy.com/help/webhooks)
//
// Every purchase is an order first, and its event does not say whether it begins a
// subscription. So the order is what an entitlement is about, also of a subscription:
// else the order alone would be a purchase for ever.
func normaliseLemonSqueezy(d delivery) ([]Event, error) {
	n, err := parseJSON(LemonSqueezy, d.body)
	if err != nil {
		return nil, err
	}
	data, facts := n.at("data"), n.at("data.attributes")
	e := Event{
		Type: cmp.Or(n.text("meta.event_name"), d.header("X-Event-Name")), Action: ActionIgnore,
		Status: facts.text("status"), OccurredAt: facts.time("updated_at", "created_at"),
		Test: facts.truth("test_mode") || n.truth("meta.test_mode"),
		Customer: Customer{
			ID: facts.text("customer_id"), Email: facts.text("user_email"), Name: facts.text("user_name"),
		},
	}
	if e.Type == "" {
		return nil, unreadable(LemonSqueezy, "an event", "type")
	}
	e.Customer.nameMember(n, "meta.custom_data")
	id := data.text("id")
	switch kind := data.text("type"); {
	case kind != "subscriptions" && kind != "subscription-invoices" && kind != "orders":
		return []Event{e}, nil // licence keys, affiliates
	case id == "":
		return nil, unreadable(LemonSqueezy, e.Type, "id")
	case kind == "subscriptions":
		err = e.squeezeSubscription(id, facts)
	case kind == "subscription-invoices":
		err = e.squeezePayment(id, facts)
	default:
		e.squeezeOrder(id, facts)
	}
	return []Event{e}, err
}

// squeezeSubscription reads a subscription by its status, whatever the event.
// (docs.lemonsqueezy.com/api/subscriptions/the-subscription-object)
func (e *Event) squeezeSubscription(id string, facts node) error {
	e.Subject, e.Snapshot = Subject{Order, "subscription-" + id}, true
	if order := facts.text("order_id"); order != "" {
		e.Subject.ID = "order-" + order
	}
	e.Aliases = aliases(alias("subscription", id))
	e.bought(squeezedThing(facts, facts.text("first_subscription_item.price_id")))
	e.Key = keyOf("subscription", id, e.Status, facts.text("updated_at"))
	switch e.Status {
	case "on_trial", "active":
		e.Action, e.Renews, e.PeriodEnd = ActionGrant, true, facts.time("renews_at", "trial_ends_at")
		switch {
		case facts.truth("cancelled"):
			e.Action, e.Renews, e.PeriodEnd = ActionKeepUntil, false, facts.time("ends_at", "renews_at")
		case e.Type == "subscription_resumed":
			e.Action = ActionUncancel
		case e.Type == "subscription_unpaused":
			e.Action = ActionResume
		}
	case "cancelled":
		e.Action, e.PeriodEnd = ActionKeepUntil, facts.time("ends_at", "renews_at")
	case "paused":
		e.Action, e.Renews = ActionSuspend, true
	case "past_due":
		e.Action, e.Renews = ActionPastDue, true
	case "unpaid", "expired":
		e.Action = ActionRevoke
	default:
		return unknownStatus(LemonSqueezy, e.Type)
	}
	return nil
}

// squeezePayment reads one payment of a subscription, which it names by an alias only.
func (e *Event) squeezePayment(id string, facts node) error {
	subscription := facts.text("subscription_id")
	if subscription == "" {
		return unreadable(LemonSqueezy, e.Type, "subscription")
	}
	e.Aliases = aliases(alias("subscription", subscription), alias("invoice", id))
	switch e.Status {
	case "paid":
		e.Action, e.Paid, e.Renews, e.Key = ActionExtend, true, true, keyOf("paid", "invoice", id)
		e.Amount = Amount{facts.number("total"), facts.text("currency")}
		if facts.text("billing_reason") == "initial" {
			e.Action = ActionGrant
		}
	case "pending":
		if e.Type == "subscription_payment_failed" {
			e.Action, e.Renews, e.Key = ActionPastDue, true, keyOf("failed", "invoice", id, facts.text("updated_at"))
		}
	case "refunded", "partial_refund":
		e.squeezeRefund("invoice", id, facts)
	}
	return nil
}

// squeezeOrder reads an order. It is dated when it was made: an order does not know
// that it renews, so it must not be newer than the subscription that it began.
func (e *Event) squeezeOrder(id string, facts node) {
	e.Subject = Subject{Order, "order-" + id}
	e.Aliases = aliases(alias("order", id))
	e.OccurredAt = facts.time("created_at", "updated_at")
	e.bought(squeezedThing(facts.at("first_order_item"), facts.text("first_order_item.price_id")))
	e.Amount = Amount{facts.number("total"), facts.text("currency")}
	switch e.Status {
	case "paid":
		e.Action, e.Paid, e.Key = ActionGrant, true, keyOf("paid", "order", id)
	case "refunded", "partial_refund":
		e.squeezeRefund("order", id, facts)
	case "fraudulent":
		e.Action, e.Key = ActionDispute, keyOf("fraudulent", "order", id)
	}
}

// squeezedThing is by what one thing can be mapped. Variants, products and prices are
// each numbered from 1, so a bare number is the variant's, as in the shop's links.
func squeezedThing(item node, price string) []string {
	variant := item.text("variant_id")
	return aliases(alias("price", price), variant, alias("variant", variant), alias("product", item.text("product_id")))
}

// squeezeRefund: what went back is told since 2024; before, only that it did.
func (e *Event) squeezeRefund(kind, id string, facts node) {
	e.Amount = Amount{facts.number("total"), facts.text("currency")}
	e.Action, e.Refunded = ActionRefund, facts.number("refunded_amount")
	if e.Status == "partial_refund" || e.Refunded > 0 && e.Refunded < e.Amount.Minor {
		e.Action = ActionPartialRefund
	}
	e.OccurredAt = cmp.Or(facts.time("refunded_at"), e.OccurredAt)
	e.Key = keyOf("refunded", kind, id, strconv.FormatInt(e.Refunded, 10))
}
