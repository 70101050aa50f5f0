package payment

import (
	"net/url"
	"strconv"
	"strings"
)

// normaliseIPN reads a message of PayPal's Instant Payment Notification: a form whose
// fields depend on what happened. Money tells by its payment_status, whatever the
// txn_type, which a refund does not even have; all else by its txn_type.
// (developer.paypal.com/api/nvp-soap/ipn/IPNandPDTVariables)
func normaliseIPN(d delivery) ([]Event, error) {
	f, ok := readIPN(d.body)
	kind, status := f.get("txn_type"), f.get("payment_status")
	if !ok || kind == "" && status == "" {
		return nil, &Unreadable{
			Provider: PayPalIPN, What: "txn_type and payment_status are missing",
			Remedy: "set this address as notification URL of PayPal's IPN, and as nothing else",
		}
	}
	e := Event{
		ID: ipnID(f, d.body), Type: strings.TrimSpace(kind + " " + status), Action: ActionIgnore,
		OccurredAt: ipnTime(f), Test: f.get("test_ipn") == "1",
		Status: f.first("payment_status", "profile_status"),
	}
	if ipnIsOther(kind) {
		return []Event{e}, nil
	}
	if id := f.first("recurring_payment_id", "subscr_id"); id != "" {
		e.Subject = Subject{Subscription, id}
	}
	e.Customer = ipnCustomer(f)
	err := e.ipnProducts(f).readIPN(f, kind, status)
	return []Event{e}, err
}

// ipnIsOther is true of what buys nothing: money between friends, payouts, and the
// life of billing agreements.
func ipnIsOther(kind string) bool {
	switch kind {
	case "send_money", "masspay", "payout", "adjustment", "mp_signup", "mp_cancel", "mp_notification":
		return true
	}
	return false
}

func (e *Event) readIPN(f form, kind, status string) error {
	switch status {
	case "":
		return e.ipnLife(f, kind)
	case "Completed":
		return e.ipnPayment(f, kind)
	case "Refunded", "Partially_Refunded":
		return e.ipnMoneyBack(f, ActionRefund)
	case "Reversed":
		return e.ipnMoneyBack(f, ActionDispute)
	case "Canceled_Reversal":
		return e.ipnMoneyBack(f, ActionDisputeWon)
	}
	return nil // Pending (an e-check), Denied, Failed, Voided: no money came
}

// ipnPayment reads money that came. Of subscriptions it tells no period: their sign-up
// did. The amount of a button that is not encrypted is the buyer's to choose.
func (e *Event) ipnPayment(f form, kind string) error {
	txn := f.get("txn_id")
	if txn == "" {
		return ipnLacks("txn_id")
	}
	e.Action, e.Paid, e.Amount = ActionGrant, true, ipnAmount(f)
	e.Aliases = aliases(alias("txn", txn))
	if e.Subject.ID == "" || !strings.HasPrefix(kind, "subscr_") && !strings.HasPrefix(kind, "recurring_") {
		e.Subject = Subject{Order, txn}
		return nil
	}
	e.Action, e.Renews = ActionExtend, true
	if strings.HasPrefix(kind, "recurring_") {
		e.PeriodEnd = readIPNTime(f.get("next_payment_date"))
	}
	return nil
}

// ipnMoneyBack reads a refund or a reversal, which names the payment as its parent.
func (e *Event) ipnMoneyBack(f form, what Action) error {
	parent := f.get("parent_txn_id")
	if parent == "" && e.Subject.ID == "" {
		return ipnLacks("parent_txn_id")
	}
	e.Action, e.Aliases, e.Amount = what, aliases(alias("txn", parent)), ipnAmount(f)
	e.Amount.Minor = magnitude(e.Amount.Minor)
	if what == ActionRefund {
		e.Refunded = e.Amount.Minor
	}
	return nil
}

// ipnLife reads what happened to a subscription ("subscr_…", of buttons) or a recurring
// payment ("recurring_…", of Express Checkout), and cases.
func (e *Event) ipnLife(f form, kind string) error {
	switch kind {
	case "new_case":
		e.Action, e.Aliases = ActionDispute, aliases(alias("txn", f.get("txn_id")))
		if len(e.Aliases) == 0 && e.Subject.ID == "" {
			return ipnLacks("txn_id")
		}
		return nil
	case "web_accept", "cart", "express_checkout", "subscr_payment", "recurring_payment":
		return ipnLacks("payment_status")
	}
	e.Action = ipnLifeAction(kind)
	if e.Action != ActionIgnore && e.Subject.ID == "" {
		return ipnLacks("subscr_id and recurring_payment_id")
	}
	switch e.Action {
	case ActionUncancel:
		e.ipnSignup(f)
	case ActionKeepUntil:
		if balance, _ := readAmount(f.get("outstanding_balance"), f.get("currency_code")); balance.Minor <= 0 {
			e.PeriodEnd = readIPNTime(f.get("next_payment_date")) // of a profile; N/A once it is over
		}
	case ActionPastDue:
		e.Renews = true
	}
	return nil
}

func ipnLifeAction(kind string) Action {
	switch kind {
	case "subscr_signup", "subscr_modify":
		return ActionUncancel
	case "subscr_cancel", "recurring_payment_profile_cancel":
		return ActionKeepUntil
	case "subscr_failed", "recurring_payment_skipped", "recurring_payment_failed", "recurring_payment_outstanding_payment_failed":
		return ActionPastDue
	case "subscr_eot", "recurring_payment_expired", "recurring_payment_suspended_due_to_max_failed_payment":
		return ActionRevoke
	case "recurring_payment_suspended":
		return ActionSuspend
	}
	return ActionIgnore // also recurring_payment_profile_created: nobody has paid yet
}

// ipnSignup reads the terms of a subscription. It is no payment, unless it begins with
// a time that costs nothing: no payment comes for that.
func (e *Event) ipnSignup(f form) {
	e.Renews, e.Snapshot = f.get("recurring") == "1", true
	end := e.OccurredAt
	for _, n := range []string{"1", "2"} {
		price, isPrice := readAmount(f.first("mc_amount"+n, "amount"+n), f.get("mc_currency"))
		if after, ok := addPeriod(end, f.get("period"+n)); ok && isPrice && price.Minor == 0 {
			end, e.Action = after, ActionGrant
		} else {
			break
		}
	}
	if e.Action == ActionGrant && !e.OccurredAt.IsZero() {
		e.PeriodEnd, e.Paid = end, true
		return
	}
	e.Action, e.Period = ActionUncancel, periodLength(f.get("period3"))
}

// ipnProducts collects what may be mapped: of a cart for each thing in it.
func (e *Event) ipnProducts(f form) *Event {
	text := readCustom(f.get("custom"))
	text.name(&e.Customer)
	general := append(f.present("product_name", "option_selection1"), text.Products...)
	things := [][]string{append(f.present("item_number", "btn_id", "item_name"), general...)}
	n, _ := strconv.Atoi(f.get("num_cart_items"))
	for i := range min(n, 100) {
		count := strconv.Itoa(i + 1)
		things = append(things, f.present("item_number"+count, "item_name"+count))
	}
	e.bought(things...)
	return e
}

func ipnCustomer(f form) Customer {
	name := strings.TrimSpace(f.get("first_name") + " " + f.get("last_name"))
	if name == "" {
		name = f.get("payer_business_name")
	}
	return Customer{ID: f.get("payer_id"), Email: f.get("payer_email"), Name: name}
}

func ipnAmount(f form) Amount {
	a, _ := readAmount(f.get("mc_gross"), f.first("mc_currency", "currency_code"))
	return a
}

func ipnLacks(field string) error {
	return &Unreadable{
		Provider: PayPalIPN, What: field + " is missing",
		Remedy: "look the message up in PayPal's IPN history, and correct the member by hand",
	}
}

func (t rehearsal) ipn() []byte {
	return []byte(url.Values{
		"txn_type": {"web_accept"}, "payment_status": {"Completed"}, "txn_id": {t.named("")}, "test_ipn": {"1"},
		"payment_date": {t.at.Format("15:04:05 Jan 02, 2006") + " UTC"}, "charset": {"UTF-8"},
		"item_number": {t.product}, "payer_email": {t.email}, "mc_gross": {"1.00"}, "mc_currency": {"USD"},
	}.Encode())
}
