package payment

import "strings"

// paypalSubscription reads a subscription (resource version 2.0) or, of older
// integrations, a billing agreement.
func (e Event) paypalSubscription(r node, happened string) ([]Event, error) {
	e.Action = payPalLife(r, happened)
	if e.Action == ActionIgnore {
		return []Event{e}, nil
	}
	id := r.text("id")
	if id == "" {
		return nil, noSubject("the subscription's id")
	}
	e.Subject = Subject{Subscription, id}
	e.Key = strings.Join([]string{e.Type, id, r.text("update_time", "status_update_time")}, ":")
	if strings.HasSuffix(e.Key, ":") {
		e.Key = "" // an older resource, which does not tell one change from the next
	}
	e.Customer = payPalSubscriber(r)
	text := readCustom(r.text("custom_id", "custom"))
	text.name(&e.Customer)
	e.Products = appendNew(nil, append([]string{r.text("plan_id", "plan.id")}, text.Products...)...)
	e.Amount = payPalAmount(r.at("billing_info.last_payment.amount"))
	e.payPalPeriod(r)
	return []Event{e}, nil
}

// payPalLife says what happened to a subscription. An update tells by its status.
func payPalLife(r node, happened string) Action {
	if happened == "UPDATED" {
		happened = strings.ToUpper(r.text("status", "state"))
	}
	switch happened {
	case "ACTIVATED", "ACTIVE":
		return ActionGrant
	case "RE-ACTIVATED":
		return ActionUncancel
	case "CANCELLED", "CANCELED":
		return ActionKeepUntil
	case "PAYMENT.FAILED":
		return ActionPastDue
	case "EXPIRED":
		return ActionRevoke
	case "SUSPENDED":
		if payPalFailures(r) > 0 {
			return ActionRevoke // by PayPal, which has tried often enough
		}
		return ActionSuspend // by the merchant
	}
	return ActionIgnore // created or approved: nobody has paid
}

// payPalPeriod reads until when it is paid. The next billing time says so only while
// nothing is owed: after a failure it may be the one that failed or the one after it.
func (e *Event) payPalPeriod(r node) {
	owed, _ := readAmount(r.text("billing_info.outstanding_balance.value", "agreement_details.outstanding_balance.value"), "USD")
	failed := payPalFailures(r)
	next := r.time("billing_info.next_billing_time", "agreement_details.next_billing_date")
	switch e.Action {
	case ActionGrant, ActionUncancel:
		e.Snapshot, e.Renews = true, payPalRenews(r)
		if failed == 0 && owed.Minor <= 0 {
			// Later changes only show the period: that its payment was not given back since
			// is not said.
			e.PeriodEnd, e.Paid = next, e.Type == "BILLING.SUBSCRIPTION.ACTIVATED"
		}
	case ActionKeepUntil:
		if failed == 0 && owed.Minor <= 0 {
			e.PeriodEnd = next // mostly missing: PayPal bills a cancelled one no more
		}
	case ActionPastDue:
		e.Renews = true
		if failed <= 1 { // each further try moves the time on
			e.PeriodEnd = r.time("billing_info.last_failed_payment.time")
		}
	}
}

// payPalFailures is how many payments failed in a row.
func payPalFailures(r node) int64 {
	return r.number("billing_info.failed_payments_count", "agreement_details.failed_payment_count")
}

// payPalRenews is false of a subscription with a last cycle that has begun.
func payPalRenews(r node) bool {
	cycles := r.list("billing_info.cycle_executions")
	for _, c := range cycles {
		if c.number("total_cycles") == 0 || c.number("cycles_remaining") > 0 {
			return true
		}
	}
	return len(cycles) == 0
}

func payPalSubscriber(r node) Customer {
	who := Customer{
		ID:    r.text("subscriber.payer_id", "payer.payer_info.payer_id"),
		Email: r.text("subscriber.email_address", "payer.payer_info.email"),
		Name:  r.text("subscriber.name.full_name"),
	}
	if who.Name == "" {
		who.Name = strings.TrimSpace(r.text("subscriber.name.given_name", "payer.payer_info.first_name") + " " +
			r.text("subscriber.name.surname", "payer.payer_info.last_name"))
	}
	return who
}

// payPalAmount reads an amount of either generation.
func payPalAmount(n node) Amount {
	a, _ := readAmount(n.text("value", "total"), n.text("currency_code", "currency"))
	return a
}
