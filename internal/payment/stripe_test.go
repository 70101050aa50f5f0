package payment

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestStripesSubscriptionsInLayoutsThatNoFixtureShows(t *testing.T) {
	t.Parallel()
	const active = "stripe/customer.subscription.updated.active.json"
	const preBasil = "stripe/customer.subscription.updated.active.pre-basil.json"
	const what = " test 2000 USD for price_1,prod_1 by cus_1"
	const granted = "grant subscription sub_1 until 2026-12-01T12:00:00Z renews snapshot" + what
	checkVariants(t, Stripe, []variant{
		{"live", active, map[string]any{"livemode": true}, strings.ReplaceAll(granted, " test", "")},
		{"a trial", active, map[string]any{"data.object.status": "trialing"}, granted},
		{"only the end moved", active, map[string]any{"data.previous_attributes": map[string]any{"latest_invoice": "in_0"}}, granted},
		{
			"the customer as a whole object", preBasil,
			map[string]any{"data.object.customer": map[string]any{"id": "cus_1", "email": "Jo@Example.org", "name": "Jo"}},
			"grant subscription sub_1 until 2026-12-01T12:00:00Z renews snapshot test 2000 USD for price_1,prod_1 by jo@example.org",
		},
		{
			"2018: one plan, no items", preBasil,
			map[string]any{"data.object.items": gone{}, "data.object.plan": map[string]any{"id": "gold-monthly", "product": "prod_9", "amount": 900}},
			"grant subscription sub_1 until 2026-12-01T12:00:00Z renews snapshot test 900 USD for gold-monthly,prod_9 by cus_1",
		},
		{
			"cancelled, in the old layout", preBasil, map[string]any{"data.object.cancel_at_period_end": true},
			"keep_until subscription sub_1 until 2026-12-01T12:00:00Z snapshot" + what,
		},
		{
			"cancelled to a date within the period", active, map[string]any{"data.object.cancel_at": 1795000000},
			"keep_until subscription sub_1 until 2026-11-18T11:06:40Z snapshot" + what,
		},
		{"for a fixed term that is longer than the period: not in its last month yet", active, map[string]any{"data.object.cancel_at": 1825000000}, granted},
		{
			"cancellation taken back", active, map[string]any{"data.previous_attributes": map[string]any{"cancel_at_period_end": true}},
			"uncancel subscription sub_1 until 2026-12-01T12:00:00Z renews snapshot" + what,
		},
		{
			"cancellation to a date taken back", active, map[string]any{"data.previous_attributes": map[string]any{"cancel_at": 1795000000}},
			"uncancel subscription sub_1 until 2026-12-01T12:00:00Z renews snapshot" + what,
		},
		{"paused", active, map[string]any{"data.object.status": "paused"}, "suspend subscription sub_1 renews snapshot" + what},
		{
			"resumed", active, map[string]any{"type": "customer.subscription.resumed"},
			"resume subscription sub_1 until 2026-12-01T12:00:00Z renews snapshot" + what,
		},
		{
			"the seller cannot deliver", active, map[string]any{"data.object.pause_collection": map[string]any{"behavior": "void"}},
			"suspend subscription sub_1 renews snapshot" + what,
		},
		{"the seller gives it away", active, map[string]any{"data.object.pause_collection": map[string]any{"behavior": "keep_as_draft"}}, granted},
		{"unpaid", active, map[string]any{"data.object.status": "unpaid"}, "revoke subscription sub_1 snapshot" + what},
		{"never paid", active, map[string]any{"data.object.status": "incomplete_expired"}, "revoke subscription sub_1 snapshot" + what},
		{"a status of the end is believed whatever the type", active, map[string]any{"data.object.status": "canceled"}, "revoke subscription sub_1 snapshot" + what},
		{"deleted is the end whatever the status", active, map[string]any{"type": "customer.subscription.deleted"}, "revoke subscription sub_1 snapshot" + what},
		{
			"who it is for", active, map[string]any{"data.object.metadata": map[string]any{"ghost_member_id": "6512f0a1b2c3d4e5f6a7b8c9"}},
			"grant subscription sub_1 until 2026-12-01T12:00:00Z renews snapshot test 2000 USD for price_1,prod_1 by 6512f0a1b2c3d4e5f6a7b8c9",
		},
	})
}

func TestASubscriptionOfSeveralThingsKeepsThemApart(t *testing.T) {
	t.Parallel()
	item := func(price, product string, end int64) map[string]any {
		return map[string]any{
			"quantity": 2, "current_period_start": 1793534400, "current_period_end": end,
			"price": map[string]any{"id": price, "product": product, "unit_amount": 500},
		}
	}
	e := one(t, Stripe, varied(t, "stripe/customer.subscription.updated.active.json", map[string]any{
		"data.object.items.data": []any{item("price_silver", "prod_silver", 1796126400), item("price_gold", "prod_gold", 1796126500)},
	}))
	want := [][]string{{"price_silver", "prod_silver"}, {"price_gold", "prod_gold"}}
	if diff := gocmp.Diff(want, e.Items); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	line := "grant subscription sub_1 until 2026-12-01T12:01:40Z renews snapshot test 2000 USD" +
		" for price_silver,prod_silver,price_gold,prod_gold by cus_1"
	if got := tell(e); got != line {
		t.Errorf("got  %s\nwant %s", got, line)
	}
}

func TestStripesInvoicesInLayoutsThatNoFixtureShows(t *testing.T) {
	t.Parallel()
	const paid, failed = "stripe/invoice.paid.json", "stripe/invoice.payment_failed.json"
	const what = " for price_1,prod_1 by customer@example.com as invoice:in_1"
	old := map[string]any{
		"data.object.parent": gone{}, "data.object.subscription": "sub_1", "data.object.charge": "ch_1", "data.object.payment_intent": "pi_1",
		"data.object.subscription_details": map[string]any{"metadata": map[string]any{"ghost_email": "jo@example.org"}},
		"data.object.lines.data": []any{map[string]any{
			"amount": 2000, "subscription": "sub_1", "period": map[string]any{"start": 1793534400, "end": 1796126400},
			"price": map[string]any{"id": "price_1", "product": "prod_1"}, "plan": map[string]any{"id": "price_1", "product": "prod_1"},
		}},
	}
	line := func(amount int, price string) map[string]any {
		return map[string]any{
			"amount": amount, "period": map[string]any{"start": 1794000000, "end": 1796126400},
			"pricing": map[string]any{"price_details": map[string]any{"price": price, "product": "prod_" + price}},
		}
	}
	checkVariants(t, Stripe, []variant{
		{
			"before 2025", paid, old,
			"extend subscription sub_1 until 2026-12-01T12:00:00Z paid renews test 2000 USD for price_1,prod_1 by jo@example.org" +
				" as invoice:in_1,intent:pi_1,charge:ch_1",
		},
		{
			"only a line names the subscription", paid, map[string]any{"data.object.parent": nil},
			"extend subscription sub_1 until 2026-12-01T12:00:00Z paid renews test 2000 USD" + what,
		},
		{
			"the first one", paid, map[string]any{"data.object.billing_reason": "subscription_create"},
			"grant subscription sub_1 until 2026-12-01T12:00:00Z paid renews test 2000 USD" + what,
		},
		{
			"nothing was due", paid, map[string]any{"data.object.amount_paid": 0, "data.object.billing_reason": "subscription_create"},
			"grant subscription sub_1 until 2026-12-01T12:00:00Z paid renews test 0 USD" + what,
		},
		{
			"an upgrade takes the old price back", paid,
			map[string]any{"data.object.billing_reason": "subscription_update", "data.object.lines.data": []any{line(-700, "old"), line(1500, "new")}},
			"grant subscription sub_1 until 2026-12-01T12:00:00Z paid renews test 2000 USD for new,prod_new by customer@example.com as invoice:in_1",
		},
		{
			"a part of what is owed", paid,
			map[string]any{"type": "invoice.payment_succeeded", "data.object.status": "open"},
			"ignore subscription sub_1 test" + what,
		},
		{
			"of no subscription", paid,
			map[string]any{"data.object.parent": nil, "data.object.lines.data": []any{line(4900, "book")}, "data.object.billing_reason": "manual"},
			"grant order in_1 paid test 2000 USD for book,prod_book by customer@example.com as invoice:in_1",
		},
		{
			"with its payments", paid,
			map[string]any{"data.object.payments": map[string]any{"data": []any{
				map[string]any{"payment": map[string]any{"type": "payment_intent", "payment_intent": "pi_1"}},
			}}},
			"extend subscription sub_1 until 2026-12-01T12:00:00Z paid renews test 2000 USD" + what + ",intent:pi_1",
		},
		{
			"no address", paid, map[string]any{"data.object.customer_email": nil},
			"extend subscription sub_1 until 2026-12-01T12:00:00Z paid renews test 2000 USD for price_1,prod_1 by cus_1 as invoice:in_1",
		},
		{"yen have no cents", paid, map[string]any{"data.object.currency": "jpy", "data.object.amount_paid": 1200},
			"extend subscription sub_1 until 2026-12-01T12:00:00Z paid renews test 1200 JPY" + what},
		{
			"the first payment failed: nothing was bought yet", failed, map[string]any{"data.object.billing_reason": "subscription_create"},
			"ignore subscription sub_1 test" + what,
		},
		{
			"a payment in the middle of a period failed", failed, map[string]any{"data.object.billing_reason": "subscription_update"},
			"past_due subscription sub_1 renews test" + what,
		},
	})
}

func TestStripesCheckoutsInLayoutsThatNoFixtureShows(t *testing.T) {
	t.Parallel()
	const payment, subscription = "stripe/checkout.session.completed.payment.json", "stripe/checkout.session.completed.subscription.json"
	const rest = " for plink_1,gold by customer@example.com as checkout:cs_1,intent:pi_1"
	checkVariants(t, Stripe, []variant{
		{"a bank takes its time", payment, map[string]any{"data.object.payment_status": "unpaid"}, "ignore order cs_1 test 2000 USD" + rest},
		{"a coupon paid it all", payment, map[string]any{"data.object.payment_status": "no_payment_required", "data.object.amount_total": 0},
			"grant order cs_1 paid test 0 USD" + rest},
		{
			"with an invoice, as which it is told of a second time", payment, map[string]any{"data.object.invoice": "in_1"},
			"grant order in_1 paid test 2000 USD" + rest + ",invoice:in_1",
		},
		{
			"with its lines, as the books show it", payment,
			map[string]any{"data.object.line_items": map[string]any{"data": []any{
				map[string]any{"price": map[string]any{"id": "price_1", "product": "prod_1"}},
			}}},
			"grant order cs_1 paid test 2000 USD for price_1,prod_1,plink_1,gold by customer@example.com as checkout:cs_1,intent:pi_1",
		},
		{
			"the link named a member's id", payment, map[string]any{"data.object.client_reference_id": "6512f0a1b2c3d4e5f6a7b8c9"},
			"grant order cs_1 paid test 2000 USD for plink_1,gold by 6512f0a1b2c3d4e5f6a7b8c9 as checkout:cs_1,intent:pi_1",
		},
		{
			"2020: only the address", payment, map[string]any{"data.object.customer_details": gone{}, "data.object.customer_email": "jo@example.org"},
			"grant order cs_1 paid test 2000 USD for plink_1,gold by jo@example.org as checkout:cs_1,intent:pi_1",
		},
		{"a card for later", payment, map[string]any{"data.object.mode": "setup"},
			"ignore test by customer@example.com as checkout:cs_1,intent:pi_1"},
		{"a tip that Ghost took", payment, map[string]any{"data.object.metadata": map[string]any{"ghost_donation": "true"}},
			"ignore test by customer@example.com as checkout:cs_1,intent:pi_1"},
		{
			"of a subscription, for a member", subscription,
			map[string]any{"data.object.invoice": "in_1", "data.object.metadata": map[string]any{"ghost_email": "jo@example.org"}},
			"link subscription sub_1 test by jo@example.org as checkout:cs_1,intent:pi_2,invoice:in_1",
		},
	})
}

func TestStripesMoneyThatGoesBack(t *testing.T) {
	t.Parallel()
	const refund, dispute = "stripe/charge.refunded.full.json", "stripe/charge.dispute.created.json"
	const as = " as charge:ch_1,intent:pi_1"
	checkVariants(t, Stripe, []variant{
		{"an invoice's, before 2025", refund, map[string]any{"data.object.invoice": "in_1"},
			"refund test refunded 2000 of 2000 USD by cus_1" + as + ",invoice:in_1"},
		{"all of it, without the flag", refund, map[string]any{"data.object.refunded": gone{}}, "refund test refunded 2000 of 2000 USD by cus_1" + as},
		{"all of it, of an unknown amount", refund, map[string]any{"data.object.amount": gone{}, "data.object.amount_refunded": gone{}},
			"refund test 0 USD by cus_1" + as},
		{"none of it", refund, map[string]any{"data.object.refunded": false, "data.object.amount_refunded": 0}, "ignore test 2000 USD by cus_1" + as},
		{"a bank only asks", dispute, map[string]any{"data.object.status": "warning_needs_response"}, "ignore test" + as},
		{"the bank asked, and was content", dispute, map[string]any{"data.object.status": "warning_closed"}, "dispute_won test" + as},
		{"won", dispute, map[string]any{"type": "charge.dispute.closed", "data.object.status": "won"}, "dispute_won test" + as},
		{"money back", dispute, map[string]any{"type": "charge.dispute.funds_reinstated", "data.object.status": "won"}, "dispute_won test" + as},
		{
			"the charge as a whole object", dispute, map[string]any{"data.object.charge": map[string]any{"id": "ch_1", "invoice": "in_1"}},
			"dispute test" + as + ",invoice:in_1",
		},
		{"only the payment", dispute, map[string]any{"data.object.charge": nil}, "dispute test as intent:pi_1"},
	})
	checkUnreadable(t, Stripe, varied(t, dispute, map[string]any{"data.object.charge": nil, "data.object.payment_intent": nil}), "charge")
}

func TestAStripePaymentOfAnInvoiceLinksTheTwo(t *testing.T) {
	t.Parallel()
	body := `{"id":"evt_1","type":"invoice_payment.paid","created":1793534405,"livemode":true,"data":{"object":{
		"id":"inpay_1","object":"invoice_payment","invoice":"in_1","status":"paid","payment":{"type":"payment_intent","payment_intent":"pi_1"}}}}`
	if diff := gocmp.Diff([]string{"link as invoice:in_1,intent:pi_1"}, read(t, Stripe, []byte(body))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAStripeCustomerIsAContact(t *testing.T) {
	t.Parallel()
	body := `{"id":"evt_1","type":"customer.updated","created":1793534405,"livemode":true,"data":{"object":{
		"id":"cus_1","object":"customer","email":" Jo@Example.org ","name":"Jo"}}}`
	want := Customer{ID: "cus_1", Email: "jo@example.org", Name: "Jo"}
	e := one(t, Stripe, []byte(body))
	if e.Action != ActionContact || e.Customer != want {
		t.Errorf("%s %+v", e.Action, e.Customer)
	}
}

func TestAThinEventOfStripesSaysHowToGetWholeOnes(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"id":"evt_test_1","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","livemode":false,
			"created":"2026-11-01T12:00:00.000Z","related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/billing/meters/mtr_1"}}`,
		`{"id":"evt_1","object":"v2.core.event","type":"v2.core.account.updated"}`,
		`{"id":"evt_1","type":"v1.customer.subscription.updated","related_object":{"id":"sub_1"}}`,
	} {
		checkUnreadable(t, Stripe, []byte(body), "thin events")
	}
}

// What Ghost sells itself through the same account is read like everything else: that
// it is Ghost's shows only in Ghost, and by its product being mapped to nothing.
func TestASubscriptionThatGhostSoldItselfIsReadableAndNamesGhostsProduct(t *testing.T) {
	t.Parallel()
	e := one(t, Stripe, varied(t, "stripe/customer.subscription.updated.active.json", map[string]any{
		"data.object.metadata": map[string]any{"attribution_id": nil, "attribution_url": "/", "attribution_type": "url"},
		"data.object.items.data.0.price": map[string]any{
			"id": "price_ghost", "nickname": "Monthly", "product": "prod_ghost", "unit_amount": 500,
		},
	}))
	if diff := gocmp.Diff([]string{"price_ghost", "prod_ghost"}, e.Products); diff != "" || e.Action != ActionGrant {
		t.Errorf("%s (-want +got)\n%s", e.Action, diff)
	}
}
