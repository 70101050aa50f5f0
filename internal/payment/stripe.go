package payment

import "strings"

// normaliseStripe reads Stripe's events: {"id", "type", "created", "livemode", "data":
// {"object"}}. The object has the layout of the endpoint's API version: since
// 2025-03-31 ("basil") periods are on the items of a subscription, and an invoice
// names neither its subscription nor its payment where it did. Both are read.
// (docs.stripe.com/changelog/basil)
func normaliseStripe(d delivery) ([]Event, error) {
	n, err := parseJSON(Stripe, d.body)
	if err != nil {
		return nil, err
	}
	kind, object := n.text("type"), n.at("data.object")
	switch {
	case n.text("object") == "v2.core.event", n.has("related_object"):
		return nil, &Unreadable{
			Provider: Stripe, What: "the endpoint sends thin events, which say that something happened and not what",
			Remedy: `add an event destination with the payload style "snapshot" in Stripe's workbench, and remove this one`,
		}
	case kind == "":
		return nil, unreadable(Stripe, "an event", "type")
	}
	e := Event{
		ID: n.text("id"), Type: kind, Action: ActionIgnore, Status: object.text("status"),
		OccurredAt: n.time("created"), Test: n.has("livemode") && !n.truth("livemode"),
		Customer: Customer{ID: object.text("customer"), Email: object.text("customer.email"), Name: object.text("customer.name")},
	}
	err = e.stripe(n.at("data"))
	return []Event{e}, err
}

// stripe goes by the type as far as the object, and by the object's state from there.
func (e *Event) stripe(data node) error {
	object := data.at("object")
	if what, ok := strings.CutPrefix(e.Type, "customer.subscription."); ok {
		return e.stripeSubscription(object, data.at("previous_attributes"), what)
	}
	if strings.HasPrefix(e.Type, "charge.dispute.") {
		return e.stripeDispute(object)
	}
	switch e.Type {
	case "customer.created", "customer.updated":
		e.Action = ActionContact
		e.Customer = Customer{ID: object.text("id"), Email: object.text("email"), Name: object.text("name")}
		e.Customer.nameMember(object, "metadata")
	case "invoice.paid", "invoice.payment_succeeded":
		return e.stripePaid(object)
	case "invoice.payment_failed":
		return e.stripeFailed(object)
	case "invoice_payment.paid":
		e.stripeLink(object)
	case "checkout.session.completed", "checkout.session.async_payment_succeeded":
		return e.stripeCheckout(object)
	case "charge.refunded":
		return e.stripeRefund(object)
	}
	return nil
}

// stripeLink tells which payment an invoice was paid by: since "basil" a refund names
// the payment and not the invoice.
func (e *Event) stripeLink(object node) {
	all := aliases(
		alias("invoice", object.text("invoice")),
		alias("intent", object.text("payment.payment_intent")),
		alias("charge", object.text("payment.charge")),
	)
	if len(all) > 1 {
		e.Action, e.Aliases = ActionLink, all
	}
}

// stripeCheckout reads a checkout session. It does not say what was bought, only by
// which link, and what the seller wrote into its metadata. Of a subscription it says
// who it is for; what was paid, the invoice tells. A single payment may have an invoice
// too, and is known by that then: "invoice.paid" tells of the same purchase.
func (e *Event) stripeCheckout(object node) error {
	session, subscription, mode := object.text("id"), object.text("subscription"), object.text("mode")
	if session == "" || mode == "subscription" && subscription == "" {
		return unreadable(Stripe, e.Type, "session or subscription")
	}
	e.stripeBuyer(object)
	e.Aliases = aliases(
		alias("checkout", session), alias("intent", object.text("payment_intent")), alias("invoice", object.text("invoice")),
	)
	e.Status = object.text("payment_status")
	switch {
	case mode == "setup", stripeNative(object):
		return nil
	case subscription != "":
		e.Action, e.Subject = ActionLink, Subject{Subscription, subscription}
		return nil
	}
	e.Subject = Subject{Order, object.text("invoice", "id")}
	e.bought(append(stripeThings(object.list("line_items.data")), stripeSold(object))...)
	e.Amount = Amount{object.number("amount_total"), object.text("currency")}
	if e.Status == "paid" || e.Status == "no_payment_required" { // else a bank takes its time
		e.Action, e.Paid, e.Key = ActionGrant, true, keyOf("paid", session)
	}
	return nil
}

func (e *Event) stripeBuyer(object node) {
	e.Customer.Email = object.text("customer_details.email", "customer_email", "customer.email")
	e.Customer.Name = object.text("customer_details.name", "customer.name")
	e.Customer.nameMember(object, "metadata")
	e.Customer.nameReference(object.text("client_reference_id"))
}

// stripeNative is true of what Ghost sells by itself with the same account: tips and
// gifts, which it marks. (TryGhost/Ghost, members-api, donations and gifts)
func stripeNative(object node) bool {
	return object.truth("metadata.ghost_donation") || object.truth("metadata.ghost_gift")
}

// stripeSold is what a session can be mapped by besides its lines. Metadata comes from
// the seller, a buyer cannot set it.
func stripeSold(object node) []string {
	sold := []string{object.text("payment_link")}
	for _, key := range [...]string{"product", "product_id", "price", "price_id", "ghost_tier", "tier"} {
		sold = append(sold, object.at("metadata").text(key))
	}
	return sold
}

// stripeRefund reads a charge, of which some or all went back.
func (e *Event) stripeRefund(object node) error {
	charge, amount := object.text("id"), object.number("amount")
	if charge == "" {
		return unreadable(Stripe, e.Type, "charge")
	}
	e.Refunded = object.number("amount_refunded")
	e.Amount = Amount{amount, object.text("currency")}
	e.Aliases = aliases(
		alias("charge", charge), alias("intent", object.text("payment_intent")), alias("invoice", object.text("invoice")),
	)
	e.Key = keyOf("refunded", charge, object.text("amount_refunded"))
	switch {
	case object.truth("refunded"), amount > 0 && e.Refunded >= amount:
		e.Action = ActionRefund
	case e.Refunded > 0:
		e.Action = ActionPartialRefund
	}
	return nil
}

// stripeDispute reads a dispute by its status. A warning is a bank's question: no
// money has moved. (docs.stripe.com/api/disputes/object)
func (e *Event) stripeDispute(object node) error {
	dispute := object.text("id")
	e.Aliases = aliases(
		alias("charge", object.text("charge")), alias("intent", object.text("payment_intent")),
		alias("invoice", object.at("charge").text("invoice")),
	)
	if len(e.Aliases) == 0 {
		return unreadable(Stripe, e.Type, "charge")
	}
	switch e.Status {
	case "needs_response", "under_review":
		e.Action = ActionDispute
	case "won", "warning_closed", "prevented":
		e.Action = ActionDisputeWon
	case "lost":
		e.Action = ActionDisputeLost
	case "warning_needs_response", "warning_under_review":
	default:
		return unknownStatus(Stripe, e.Type)
	}
	e.Key = keyOf("dispute", dispute, string(e.Action))
	return nil
}
