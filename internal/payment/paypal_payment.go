package payment

import "strings"

// paypalPayment reads money that came: a sale (v1) or a capture (v2). A sale with a
// billing agreement is a subscription's; it tells neither payer, plan nor period.
func (e Event) paypalPayment(r node) ([]Event, error) {
	id := r.text("id")
	switch {
	case !strings.EqualFold(e.Status, "completed"):
		return []Event{e}, nil // an e-check that is yet to clear
	case id == "":
		return nil, noSubject("the payment's id")
	}
	e.Key, e.Aliases = e.Type+":"+id, []string{alias("txn", id)}
	e.Amount = payPalAmount(r.at("amount"))
	e.Customer = Customer{Email: r.text("payer.email_address", "payer.payer_info.email"), ID: r.text("payer.payer_id")}
	text := readCustom(r.text("custom_id", "custom"))
	text.name(&e.Customer)
	if agreement := r.text("billing_agreement_id"); agreement != "" {
		e.Action, e.Subject, e.Renews, e.Paid = ActionExtend, Subject{Subscription, agreement}, true, true
		e.Products = text.Products
		return []Event{e}, nil
	}
	e.Action, e.Subject, e.Paid = ActionGrant, Subject{Order, id}, true
	e.Products = appendNew(payPalInvoice(r.text("invoice_id", "invoice_number")), text.Products...)
	return []Event{e}, nil
}

// payPalInvoice names products by an invoice number. PayPal wants each to be new, so
// shops count: "gold-lifetime-0001" is also "gold-lifetime".
func payPalInvoice(number string) []string {
	product, count, ok := cutLast(number, "-")
	if !ok || count == "" || strings.Trim(count, "0123456789") != "" {
		product = ""
	}
	return appendNew(nil, number, product)
}

// paypalRefund reads money that went back. The event names the payment by its id or
// its address only.
func (e Event) paypalRefund(r node) ([]Event, error) {
	if e.Status != "" && !strings.EqualFold(e.Status, "completed") {
		return []Event{e}, nil // announced, or failed
	}
	e.Action, e.Key = ActionRefund, e.Type+":"+r.text("id")
	e.Aliases = payPalParents(r)
	return e.ofPayPalMoney(r)
}

// ofPayPalMoney completes a refund or a reversal.
func (e Event) ofPayPalMoney(r node) ([]Event, error) {
	if id := r.text("billing_agreement_id"); id != "" {
		e.Subject = Subject{Subscription, id}
	}
	if len(e.Aliases) == 0 && e.Subject.ID == "" {
		return nil, noSubject("the payment that went back")
	}
	e.Amount = payPalAmount(r.at("amount"))
	e.Amount.Minor = magnitude(e.Amount.Minor)
	all := payPalAmount(r.at("seller_payable_breakdown.total_refunded_amount"))
	if all.Minor == 0 {
		all = payPalAmount(r.at("total_refunded_amount"))
	}
	e.Refunded = max(magnitude(all.Minor), e.Amount.Minor)
	return []Event{e}, nil
}

// payPalParents finds the payments that a resource belongs to. Sales and captures have
// one kind of alias: a dispute does not say which of them it is about.
func payPalParents(r node) []string {
	all := appendNew(nil, alias("txn", r.text("sale_id")), alias("txn", r.text("capture_id")))
	for _, link := range r.list("links") {
		href := link.text("href")
		for _, kind := range []string{"/sale/", "/captures/"} {
			if _, id, ok := strings.Cut(href, kind); ok {
				id, _, _ = strings.Cut(id, "/")
				all = appendNew(all, alias("txn", id))
			}
		}
	}
	return all
}

// paypalDispute reads a case. It can be about several payments.
func (e Event) paypalDispute(r node, happened string) ([]Event, error) {
	switch happened {
	case "CREATED":
		e.Action = ActionDispute
	case "RESOLVED":
		e.Action = payPalOutcome(r.text("dispute_outcome.outcome_code"))
	default:
		return []Event{e}, nil
	}
	var events []Event
	for _, t := range r.list("disputed_transactions") {
		e := e
		if e.Aliases = appendNew(nil, alias("txn", t.text("seller_transaction_id"))); len(e.Aliases) == 0 {
			continue
		}
		e.Key = strings.Join([]string{e.Type, r.text("dispute_id"), e.Aliases[0]}, ":")
		e.Amount = payPalAmount(r.at("dispute_amount"))
		events = append(events, e)
	}
	if len(events) == 0 {
		return nil, noSubject("the payment that is disputed")
	}
	return events, nil
}

// payPalOutcome says who keeps the money. Where the case gives it to the buyer without
// saying so, a refund or a reversal says it.
// (developer.paypal.com/docs/api/customer-disputes/v1, dispute_outcome)
func payPalOutcome(code string) Action {
	switch code {
	case "RESOLVED_BUYER_FAVOUR", "ACCEPTED":
		return ActionDisputeLost
	}
	return ActionDisputeWon
}
