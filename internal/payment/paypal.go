package payment

import (
	"strings"
	"time"
)

// normalisePayPal reads a webhook of PayPal's REST API: an envelope around the
// resource that it is about. Of each resource there are two generations, which are
// both still sent. (developer.paypal.com/api/rest/webhooks/event-names)
func normalisePayPal(d delivery) ([]Event, error) {
	n, err := parseJSON(PayPal, d.body)
	if err != nil {
		return nil, err
	}
	e := Event{
		ID: n.text("id"), Type: n.text("event_type"), Action: ActionIgnore,
		OccurredAt: n.time("create_time"), Test: isPayPalSandbox(d, n),
		Status: n.text("resource.status", "resource.state"),
	}
	if e.Type == "" {
		return nil, &Unreadable{
			Provider: PayPal, What: "event_type is missing",
			Remedy: "point a webhook of a REST app at this address; for hosted buttons use paypal-ipn",
		}
	}
	return e.readPayPal(n.at("resource"))
}

// readPayPal reads the resource, as the type of the event says.
func (e Event) readPayPal(r node) ([]Event, error) {
	what, happened, _ := cutLast(e.Type, ".")
	switch {
	case strings.HasPrefix(e.Type, "BILLING.SUBSCRIPTION."):
		return e.paypalSubscription(r, strings.TrimPrefix(e.Type, "BILLING.SUBSCRIPTION."))
	case what == "CUSTOMER.DISPUTE":
		return e.paypalDispute(r, happened)
	case what != "PAYMENT.SALE" && what != "PAYMENT.CAPTURE":
		return []Event{e}, nil
	}
	switch happened {
	case "COMPLETED":
		return e.paypalPayment(r)
	case "REFUNDED":
		return e.paypalRefund(r)
	case "REVERSED":
		e.Action = ActionDispute
		e.Aliases = appendNew(payPalParents(r), alias("txn", r.text("id")))
		return e.ofPayPalMoney(r)
	}
	return []Event{e}, nil // pending, denied, declined: no money came
}

// isPayPalSandbox is true if the event or its signature comes from PayPal's sandbox:
// nothing in an event says so but the addresses in it.
func isPayPalSandbox(d delivery, n node) bool {
	addresses := []string{d.header(PayPalCertURLHeader)}
	for _, link := range append(n.list("links"), n.list("resource.links")...) {
		addresses = append(addresses, link.text("href"))
	}
	for _, address := range addresses {
		if strings.Contains(address, ".sandbox.paypal.com/") {
			return true
		}
	}
	return false
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// noSubject is of a resource without what names its purchase.
func noSubject(what string) error {
	return &Unreadable{
		Provider: PayPal, What: what + " is missing",
		Remedy: "look the transaction up at PayPal by the event's id, and correct the member by hand",
	}
}

func (t rehearsal) payPal() []byte {
	return t.json(object{
		"id": t.named(""), "event_type": "PAYMENT.CAPTURE.COMPLETED", "create_time": t.at.Format(time.RFC3339), "resource_type": "capture",
		"resource": object{
			"id": t.named(""), "status": "COMPLETED", "invoice_id": t.product, "custom_id": memberPrefix + t.email,
			"amount": object{"currency_code": "USD", "value": "1.00"},
		},
		"links": []object{{"rel": "self", "href": "https://api.sandbox.paypal.com/v1/notifications/webhooks-events/" + t.named("")}},
	})
}
