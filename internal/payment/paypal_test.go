package payment

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

const (
	activated = "paypal-webhook/BILLING.SUBSCRIPTION.ACTIVATED.json"
	suspended = "BILLING.SUBSCRIPTION.SUSPENDED"
	capture   = "paypal-webhook/PAYMENT.CAPTURE.COMPLETED.json"
	sale      = "paypal-webhook/PAYMENT.SALE.COMPLETED.subscription.json"
	saleBack  = "paypal-webhook/PAYMENT.SALE.REFUNDED.json"
	disputed  = "paypal-webhook/CUSTOMER.DISPUTE.CREATED.json"
)

func TestAPayPalSubscriptionInOtherStates(t *testing.T) {
	t.Parallel()
	const of = " test 1490 USD for P-5ML4271244454362WXNWU5NQ by customer@example.com"
	const sub = " subscription I-BW452GLLEP1G"
	updated := func(status string) map[string]any {
		return map[string]any{"event_type": "BILLING.SUBSCRIPTION.UPDATED", "resource.status": status}
	}
	checkVariants(t, PayPal, []variant{
		{"paused by the merchant", activated, map[string]any{"event_type": suspended}, "suspend" + sub + of},
		{"stopped by PayPal after failures", activated,
			map[string]any{"event_type": suspended, "resource.billing_info.failed_payments_count": 3}, "revoke" + sub + of},
		{"back again", activated, map[string]any{"event_type": "BILLING.SUBSCRIPTION.RE-ACTIVATED"},
			"uncancel" + sub + " until 2026-12-01T10:00:00Z renews snapshot" + of},
		{"active, as an update", activated, updated("ACTIVE"), "grant" + sub + " until 2026-12-01T10:00:00Z renews snapshot" + of},
		{"cancelled, as an update", activated, updated("CANCELLED"), "keep_until" + sub + " until 2026-12-01T10:00:00Z" + of},
		{"suspended, as an update", activated, updated("SUSPENDED"), "suspend" + sub + of},
		{"expired, as an update", activated, updated("EXPIRED"), "revoke" + sub + of},
		{"approved only", activated, updated("APPROVED"), "ignore test"},
		// The next billing time is then no end of what is paid.
		{"active with a failed payment", activated, map[string]any{"resource.billing_info.failed_payments_count": 1},
			"grant" + sub + " renews snapshot" + of},
		{"active with something owed", activated, map[string]any{"resource.billing_info.outstanding_balance.value": "14.90"},
			"grant" + sub + " renews snapshot" + of},
		{"failed again", "paypal-webhook/BILLING.SUBSCRIPTION.PAYMENT.FAILED.json",
			map[string]any{"resource.billing_info.failed_payments_count": 2}, "past_due" + sub + " renews" + of},
		{"in its last period", activated, map[string]any{"resource.billing_info.cycle_executions": []any{
			map[string]any{"tenure_type": "REGULAR", "total_cycles": 12, "cycles_remaining": 0, "cycles_completed": 12}}},
			"grant" + sub + " until 2026-12-01T10:00:00Z paid snapshot" + of},
	})
}

func TestAnOldBillingAgreementIsASubscription(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"WH-2","event_version":"1.0","create_time":"2016-05-18T15:45:13Z","resource_type":"Agreement",
		"event_type":"BILLING.SUBSCRIPTION.ACTIVATED","resource":{"id":"I-OLD","state":"Active","plan":{"id":"P-OLD"},
		"payer":{"payer_info":{"email":"Old@Example.com","first_name":"Ada","last_name":"Old","payer_id":"X1"}},
		"agreement_details":{"outstanding_balance":{"value":"0.00"},"next_billing_date":"2016-06-18T10:00:00Z","failed_payment_count":"0"},
		"links":[{"href":"https://api.paypal.com/v1/payments/billing-agreements/I-OLD","rel":"self"}]}}`)
	want := []string{"grant subscription I-OLD until 2016-06-18T10:00:00Z paid renews snapshot for P-OLD by old@example.com"}
	if diff := gocmp.Diff(want, read(t, PayPal, body)); diff != "" {
		t.Error(diff)
	}
}

func TestPayPalsMoneyInOtherStates(t *testing.T) {
	t.Parallel()
	checkVariants(t, PayPal, []variant{
		{"an e-check that is yet to clear", capture, map[string]any{"resource.status": "PENDING"}, "ignore test"},
		{"a sale of no subscription", sale, map[string]any{"resource.billing_agreement_id": gone{}, "resource.invoice_number": "gold-17"},
			"grant order 5CS38179PL895402Y paid test 1490 USD for gold-17,gold by customer@example.com as txn:5CS38179PL895402Y"},
		{"whole yen", capture, map[string]any{"resource.amount.value": "4900", "resource.amount.currency_code": "JPY"},
			"grant order 42311647XV020574X paid test 4900 JPY for gold-lifetime-0001,gold-lifetime by customer@example.com as txn:42311647XV020574X"},
		{"the product in the shop's own text", capture, map[string]any{"resource.custom_id": "gold|ghost:6512f0a1b2c3d4e5f6a7b8c9", "resource.invoice_id": gone{}},
			"grant order 42311647XV020574X paid test 4900 USD for gold by 6512f0a1b2c3d4e5f6a7b8c9 as txn:42311647XV020574X"},
		{"a declined one", capture, map[string]any{"event_type": "PAYMENT.CAPTURE.DECLINED"}, "ignore test"},
		{"an approved order, not paid", capture, map[string]any{"event_type": "CHECKOUT.ORDER.APPROVED"}, "ignore test"},
		{"the second of two refunds", saleBack, map[string]any{"resource.amount.total": "-5.00", "resource.total_refunded_amount.value": "14.90",
			"resource.total_refunded_amount.currency": "USD"}, "refund test refunded 1490 of 500 USD as txn:5CS38179PL895402Y"},
		{"the second of two refunds, newer", "paypal-webhook/PAYMENT.CAPTURE.REFUNDED.json",
			map[string]any{"resource.amount.value": "9.00", "resource.seller_payable_breakdown": map[string]any{
				"total_refunded_amount": map[string]any{"value": "49.00", "currency_code": "USD"}}},
			"refund test refunded 4900 of 900 USD as txn:42311647XV020574X"},
		{"a refund that is announced", saleBack, map[string]any{"resource.state": "pending"}, "ignore test"},
		{"taken back by PayPal", saleBack, map[string]any{"event_type": "PAYMENT.SALE.REVERSED"},
			"dispute test refunded 1490 of 1490 USD as txn:5CS38179PL895402Y,txn:2MU78835H4515710F"},
		{"a type of tomorrow", sale, map[string]any{"event_type": "PAYMENT.SALE.HUGGED"}, "ignore test"},
		{"something else", sale, map[string]any{"event_type": "VAULT.PAYMENT-TOKEN.CREATED"}, "ignore test"},
	})
}

func TestADisputeAtPayPalEndsAsItsOutcomeSays(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"RESOLVED_BUYER_FAVOUR": "dispute_lost", "ACCEPTED": "dispute_lost", "RESOLVED_SELLER_FAVOUR": "dispute_won",
		"CANCELED_BY_BUYER": "dispute_won", "DENIED": "dispute_won", "RESOLVED_WITH_PAYOUT": "dispute_won", "NONE": "dispute_won",
	} {
		body := varied(t, disputed, map[string]any{"event_type": "CUSTOMER.DISPUTE.RESOLVED", "resource.dispute_outcome.outcome_code": code})
		if diff := gocmp.Diff([]string{want + " test 1490 USD as txn:5CS38179PL895402Y"}, read(t, PayPal, body)); diff != "" {
			t.Errorf("%s\n%s", code, diff)
		}
	}
	if diff := gocmp.Diff([]string{"ignore test"}, read(t, PayPal, varied(t, disputed, map[string]any{"event_type": "CUSTOMER.DISPUTE.UPDATED"}))); diff != "" {
		t.Error(diff)
	}
}

func TestADisputeOfSeveralPaymentsIsAnEventForEach(t *testing.T) {
	t.Parallel()
	body := varied(t, disputed, map[string]any{"resource.disputed_transactions": []any{
		map[string]any{"seller_transaction_id": "A1"}, map[string]any{"seller_transaction_id": ""}, map[string]any{"seller_transaction_id": "B2"}}})
	if diff := gocmp.Diff([]string{"dispute test 1490 USD as txn:A1", "dispute test 1490 USD as txn:B2"}, read(t, PayPal, body)); diff != "" {
		t.Error(diff)
	}
	events, _ := Normalise(PayPal, body, noHeader, receipt)
	if events[0].Key == events[1].Key {
		t.Errorf("both have the key %q", events[0].Key)
	}
}

func TestAPayPalEventWithoutItsPurchaseIsUnreadable(t *testing.T) {
	t.Parallel()
	for about, body := range map[string][]byte{
		"no JSON object":            []byte("txn_type=web_accept"),
		"event_type is missing":     varied(t, sale, map[string]any{"event_type": gone{}}),
		"subscription's id":         varied(t, activated, map[string]any{"resource.id": gone{}}),
		"payment's id":              varied(t, capture, map[string]any{"resource.id": gone{}}),
		"payment that went back":    varied(t, saleBack, map[string]any{"resource.sale_id": gone{}}),
		"payment that is disputed":  varied(t, disputed, map[string]any{"resource.disputed_transactions": []any{}}),
		"subscription's id is miss": varied(t, activated, map[string]any{"resource": "I-BW452GLLEP1G"}),
	} {
		checkUnreadable(t, PayPal, body, about)
	}
}

func TestPayPalsSandboxIsToldByItsAddresses(t *testing.T) {
	t.Parallel()
	live := varied(t, sale, map[string]any{"links.0.href": "https://api.paypal.com/v1/notifications/webhooks-events/WH-1"})
	for certURL, want := range map[string]bool{
		"": false, "https://api.paypal.com/v1/notifications/certs/CERT-1": false,
		"https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1": true,
	} {
		header := headerOf(map[string]string{"PAYPAL-CERT-URL": certURL})
		events, err := Normalise(PayPal, live, header, receipt)
		if err != nil || events[0].Test != want {
			t.Errorf("signed with %q: %+v, %v", certURL, events, err)
		}
	}
}

func TestOneFactOfPayPalsHasOneKey(t *testing.T) {
	t.Parallel()
	for _, file := range fixturesOf(t, "paypal-webhook") {
		first, err := Normalise(PayPal, fixture(t, file), noHeader, receipt)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Normalise(PayPal, varied(t, file, map[string]any{"id": "WH-ANOTHER"}), noHeader, receipt)
		if err != nil {
			t.Fatal(err)
		}
		if same := first[0].Key == again[0].Key; same != (first[0].Action != ActionIgnore) {
			t.Errorf("%s: keys %q and %q", file, first[0].Key, again[0].Key)
		}
	}
}
