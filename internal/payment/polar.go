package payment

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// normalisePolar reads Polar's webhooks: {"type", "timestamp", "data"}, where data is
// what the API shows of the same object. (polarsource/polar, openapi 2026-04)
//
// Polar tells of one change by several types at once, and "updated" is all of them. So
// a subscription is read by its state, whatever the type; only money goes by types.
func normalisePolar(d delivery) ([]Event, error) {
	n, err := parseJSON(Polar, d.body)
	if err != nil {
		return nil, err
	}
	kind, data := n.text("type"), n.at("data")
	if kind == "" {
		return nil, unreadable(Polar, "an event", "type")
	}
	e := Event{
		ID: d.header("webhook-id"), Type: kind, Action: ActionIgnore,
		Status: data.text("status"), OccurredAt: n.time("timestamp"),
	}
	family, what, _ := strings.Cut(kind, ".")
	switch family {
	case "subscription":
		err = e.polarSubscription(data, what)
	case "order":
		err = e.polarOrder(data, what)
	case "refund":
		err = e.polarRefund(data)
	case "customer":
		return e.polarContact(data, what)
	}
	return []Event{e}, err
}

// polarSubscription reads a subscription. That a period began ("cycled") says nothing
// yet: whether anybody pays for it comes later.
func (e *Event) polarSubscription(data node, what string) error {
	id := data.text("id")
	if id == "" {
		return unreadable(Polar, e.Type, "subscription")
	}
	if what == "cycled" {
		return nil
	}
	e.Subject = Subject{Subscription, id}
	e.Aliases = aliases(alias("checkout", data.text("checkout_id")))
	e.polarPurchase(data)
	e.Amount = Amount{data.number("amount"), data.text("currency")}
	e.Key = keyOf("subscription", id, e.Status, strconv.FormatBool(data.truth("cancel_at_period_end")),
		stamp(data.time("current_period_end")), data.text("modified_at"))
	return e.polarState(data, what)
}

// polarState goes through a subscription's life: incomplete, trialing, active,
// past_due, paused, then canceled or unpaid for good.
func (e *Event) polarState(data node, what string) error {
	cancelled := data.truth("cancel_at_period_end")
	e.Snapshot = true
	switch cmp.Or(e.Status, what) {
	case "active", "trialing":
		e.Action, e.Renews, e.PeriodEnd = ActionGrant, true, data.time("current_period_end", "trial_end")
		switch {
		case cancelled:
			e.Action, e.Renews, e.PeriodEnd = ActionKeepUntil, false, cmp.Or(data.time("ends_at"), e.PeriodEnd)
		case what == "uncanceled":
			e.Action = ActionUncancel
		case what == "resumed":
			e.Action = ActionResume
		}
	case "past_due":
		e.Action, e.Renews, e.PeriodEnd = ActionPastDue, !cancelled, data.time("current_period_start")
	case "paused":
		e.Action, e.Renews = ActionSuspend, !cancelled
	case "canceled", "unpaid", "revoked":
		e.Action = ActionRevoke
	case "incomplete", "incomplete_expired":
		e.Snapshot = false
	default:
		return unknownStatus(Polar, e.Type)
	}
	return nil
}

// polarOrder reads an order. It is made before it is paid, so only "paid" is money;
// "updated" says what the others say.
func (e *Event) polarOrder(data node, what string) error {
	order, subscription := data.text("id"), data.text("subscription_id", "subscription")
	switch {
	case what != "paid" && what != "refunded":
		return nil
	case order == "":
		return unreadable(Polar, e.Type, "order")
	}
	e.Subject = Subject{Order, order}
	if subscription != "" {
		e.Subject = Subject{Subscription, subscription}
	}
	e.Aliases = aliases(alias("order", order), alias("checkout", data.text("checkout_id")))
	e.polarPurchase(data)
	e.Amount = Amount{data.number("total_amount", "amount"), data.text("currency")}
	if what == "refunded" {
		e.Refunded = data.number("refunded_amount") + data.number("refunded_tax_amount")
		e.Action, e.Key = polarRefunded(data), keyOf("refunded", order, strconv.FormatInt(e.Refunded, 10))
		return nil
	}
	e.Action, e.Paid, e.Renews, e.Key = ActionGrant, true, subscription != "", keyOf("paid", order)
	if data.text("billing_reason") == "subscription_cycle" {
		e.Action = ActionExtend
	}
	e.PeriodEnd = polarPaidUntil(data)
	return nil
}

// polarPaidUntil takes the end of the period from the subscription inside an order. Of
// an order that is sent or read again later, that may be a later period, and nothing
// is said then.
func polarPaidUntil(data node) time.Time {
	made, sub := data.time("created_at"), data.at("subscription")
	begin, end := sub.time("current_period_start"), sub.time("current_period_end")
	if made.Before(begin.Add(-time.Hour)) || !made.Before(end) {
		return time.Time{}
	}
	return end
}

// polarRefunded compares without the tax, which is counted apart.
func polarRefunded(data node) Action {
	refunded := data.number("refunded_amount")
	if data.text("status") == "refunded" || refunded > 0 && refunded >= data.number("net_amount", "total_amount", "amount") {
		return ActionRefund
	}
	return ActionPartialRefund
}

// polarRefund reads one refund. How much of the order it is, "order.refunded" tells;
// only a refund that takes the benefits with it, or a dispute, says more.
func (e *Event) polarRefund(data node) error {
	order, refund := data.text("order_id", "order"), data.text("id")
	if order == "" {
		return unreadable(Polar, e.Type, "order")
	}
	e.Action = polarRefundAction(e.Status, data)
	e.Subject = Subject{Order, order}
	if id := data.text("subscription_id", "subscription"); id != "" {
		e.Subject = Subject{Subscription, id}
	}
	e.Aliases = aliases(alias("order", order))
	e.Customer.ID = data.text("customer_id", "customer")
	e.Key = keyOf("refund", refund, e.Status, data.text("dispute.status"))
	return nil
}

func polarRefundAction(status string, data node) Action {
	done := status == "succeeded"
	switch dispute := data.text("dispute.status"); {
	case dispute == "won":
		return ActionDisputeWon
	case dispute == "lost", dispute == "prevented" && done:
		return ActionDisputeLost
	case dispute == "needs_response", dispute == "under_review":
		return ActionDispute
	case done && data.truth("revoke_benefits"):
		return ActionRefund
	case done:
		return ActionPartialRefund
	}
	return ActionIgnore
}

// polarContact reads a customer; "state_changed" shows all that is active, too.
func (e Event) polarContact(data node, what string) ([]Event, error) {
	if data.text("id") == "" || what == "deleted" {
		return []Event{e}, nil
	}
	e.Action, e.Customer = ActionContact, polarCustomer(node{map[string]any{"customer": data.v}})
	events := []Event{e}
	for _, sub := range data.list("active_subscriptions") {
		active := Event{ID: e.ID, Type: e.Type, Action: ActionIgnore, Status: sub.text("status"), OccurredAt: e.OccurredAt}
		if err := active.polarSubscription(sub, what); err != nil {
			return nil, err
		}
		member := active.Customer
		active.Customer = e.Customer
		active.Customer.MemberID = cmp.Or(member.MemberID, e.Customer.MemberID)
		active.Customer.MemberEmail = cmp.Or(member.MemberEmail, e.Customer.MemberEmail)
		events = append(events, active)
	}
	return events, nil
}

// polarPurchase is what subscriptions and orders have in common: one product, in a
// subscription with its prices, in an order with its lines.
func (e *Event) polarPurchase(data node) {
	var thing []string
	for _, price := range data.list("prices") {
		thing = append(thing, price.text("id"))
	}
	for _, line := range data.list("items") {
		thing = append(thing, line.text("product_price_id"))
	}
	e.bought(append(thing, data.text("price_id", "price", "product_price_id"), data.text("product_id", "product")))
	e.Customer = polarCustomer(data)
}

// polarCustomer is who pays. The address is null for members of a team; until the end
// of 2024, a customer was a user.
func polarCustomer(data node) Customer {
	c := Customer{
		ID:    data.text("customer_id", "customer", "user_id"),
		Email: data.text("customer.email", "user.email"),
		Name:  data.text("customer.name", "customer.billing_name", "user.public_name"),
	}
	c.nameMember(data, "metadata", "custom_field_data", "customer.metadata")
	c.nameReference(data.text("customer.external_id"))
	return c
}
