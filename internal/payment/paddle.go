package payment

import (
	"cmp"
	"strings"
	"time"
)

// normalisePaddle reads Paddle Billing's notifications: {"event_id", "event_type",
// "occurred_at", "data"}, where data is the object as the API shows it. None but
// "customer.…" has an address: the others name a customer by id, who may be known by
// an event of his own, or has to be asked for. (developer.paddle.com/webhooks)
func normalisePaddle(d delivery) ([]Event, error) {
	n, err := parseJSON(Paddle, d.body)
	if err != nil {
		return nil, err
	}
	if n.has("alert_name") {
		return nil, &Unreadable{
			Provider: Paddle, What: "this is an alert of Paddle Classic, which ghostcm does not know",
			Remedy: "move the product to Paddle Billing, and let a notification destination of Paddle Billing call this address",
		}
	}
	kind, data := n.text("event_type"), n.at("data")
	if kind == "" {
		return nil, unreadable(Paddle, "an event", "type")
	}
	e := Event{
		ID: n.text("event_id"), Type: kind, Action: ActionIgnore, Status: data.text("status"),
		OccurredAt: n.time("occurred_at"), Test: paddleSimulated(n.text("event_id"), n.text("notification_id")),
		Customer: Customer{ID: data.text("customer_id", "customer"), Email: data.text("customer.email"), Name: data.text("customer.name")},
	}
	family, what, _ := strings.Cut(kind, ".")
	switch family {
	case "subscription":
		err = e.paddleSubscription(data, what)
	case "transaction":
		err = e.paddleTransaction(data, what)
	case "adjustment":
		err = e.paddleAdjustment(data)
	case "customer":
		e.Action = ActionContact
		e.Customer = Customer{ID: data.text("id"), Email: data.text("email"), Name: data.text("name")}
		e.Customer.nameMember(data, "custom_data")
	}
	return []Event{e}, err
}

// paddleSimulated is true of what Paddle's simulator made up: its ids show it.
// (developer.paddle.com/webhooks/test-webhooks)
func paddleSimulated(ids ...string) bool {
	for _, id := range ids {
		if strings.HasPrefix(id, "ntfsim") {
			return true
		}
	}
	return false
}

// paddleSubscription reads a subscription by its status, whatever the type.
func (e *Event) paddleSubscription(data node, what string) error {
	id := data.text("id")
	if id == "" {
		return unreadable(Paddle, e.Type, "subscription")
	}
	e.Subject, e.Snapshot = Subject{Subscription, id}, true
	e.Aliases = aliases(alias("txn", data.text("transaction_id")))
	e.bought(paddleThings(data)...)
	e.Customer.nameMember(data, "custom_data")
	change, at := data.text("scheduled_change.action"), data.time("scheduled_change.effective_at")
	e.Key = keyOf("subscription", id, e.Status, change, stamp(at),
		stamp(data.time("current_billing_period.ends_at")), data.text("updated_at"))
	switch cmp.Or(e.Status, what) {
	case "active", "activated", "trialing":
		e.Action, e.Renews, e.PeriodEnd = ActionGrant, true, data.time("current_billing_period.ends_at", "next_billed_at")
		switch {
		case change == "cancel":
			e.Action, e.Renews, e.PeriodEnd = ActionKeepUntil, false, cmp.Or(at, e.PeriodEnd)
		case what == "resumed":
			e.Action = ActionResume
		}
	case "past_due":
		e.Action, e.Renews, e.PeriodEnd = ActionPastDue, change != "cancel", data.time("current_billing_period.starts_at")
	case "paused":
		e.Action, e.Renews = ActionSuspend, change != "cancel"
	case "canceled":
		e.Action = ActionRevoke
	default:
		return unknownStatus(Paddle, e.Type)
	}
	return nil
}

// paddleTransaction reads a transaction. It is paid first and completed moments later,
// with all that was reckoned; only the second is taken.
func (e *Event) paddleTransaction(data node, what string) error {
	id, subscription, origin := data.text("id"), data.text("subscription_id", "subscription"), data.text("origin")
	switch {
	case what != "completed", origin == "subscription_payment_method_change":
		return nil // a failed payment of a subscription makes it past due; a new card buys nothing
	case id == "":
		return unreadable(Paddle, e.Type, "transaction")
	}
	e.Action, e.Paid, e.Key = ActionGrant, true, keyOf("paid", id)
	e.Subject = Subject{Order, id}
	e.Aliases = aliases(alias("txn", id), alias("invoice", data.text("invoice_id")))
	e.bought(paddleThings(data)...)
	e.Customer.nameMember(data, "custom_data")
	e.Amount = Amount{data.number("details.totals.grand_total", "details.totals.total"), data.text("currency_code")}
	switch {
	case subscription == "":
		// The subscription may not exist yet, but what is billed by the month is no
		// purchase for ever.
		e.PeriodEnd, e.Period = data.time("billing_period.ends_at"), paddleCycle(data)
	case origin != "subscription_charge": // one of these is something bought besides
		e.Subject, e.Renews, e.PeriodEnd = Subject{Subscription, subscription}, true, data.time("billing_period.ends_at")
	}
	if origin == "subscription_recurring" {
		e.Action = ActionExtend
	}
	return nil
}

// paddleCycle is how long the longest billing cycle among the items is.
func paddleCycle(data node) time.Duration {
	const day = 24 * time.Hour
	days := map[string]time.Duration{"day": day, "week": 7 * day, "month": 31 * day, "year": 366 * day}
	var longest time.Duration
	for _, item := range data.list("items") {
		cycle := item.at("price.billing_cycle")
		if n := cycle.number("frequency"); n > 0 && n <= 1000 {
			longest = max(longest, time.Duration(n)*days[cycle.text("interval")])
		}
	}
	return longest
}

// paddleThings is by what each item can be mapped.
func paddleThings(data node) [][]string {
	var things [][]string
	for _, item := range data.list("items") {
		if item.text("status") == "inactive" {
			continue
		}
		things = append(things, []string{item.text("price.id", "price_id"), item.text("price.product_id", "product.id")})
	}
	return things
}

// paddleAdjustment reads what changes a transaction afterwards. A refund waits for
// Paddle's approval; only then does money move.
func (e *Event) paddleAdjustment(data node) error {
	id, transaction, what := data.text("id"), data.text("transaction_id"), data.text("action")
	if transaction == "" {
		return unreadable(Paddle, e.Type, "transaction")
	}
	e.Aliases = aliases(alias("txn", transaction))
	e.Subject = Subject{Order, transaction}
	if subscription := data.text("subscription_id"); subscription != "" {
		e.Subject = Subject{Subscription, subscription}
	}
	e.Key = keyOf("adjustment", id, what, e.Status)
	switch {
	case what == "refund" && e.Status == "approved" && paddlePartly(data):
		e.Action = ActionPartialRefund
	case what == "refund" && e.Status == "approved":
		e.Action = ActionRefund
	case what == "chargeback" && e.Status == "reversed", what == "chargeback_reverse" && e.Status == "approved":
		e.Action = ActionDisputeWon
	case what == "chargeback" && e.Status == "approved":
		e.Action = ActionDispute
	}
	// A credit lowers what is owed next time, a warning comes before a chargeback:
	// neither moves money.
	return nil
}

// paddlePartly goes by the items where an adjustment has no type (until 2024-12).
func paddlePartly(data node) bool {
	if kind := data.text("type"); kind != "" {
		return kind == "partial"
	}
	for _, item := range data.list("items") {
		if kind := item.text("type"); kind != "full" && kind != "tax" {
			return true
		}
	}
	return false
}
