package payment

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestPolarInLayoutsThatNoFixtureShows(t *testing.T) {
	t.Parallel()
	const active, paid, refunded = "polar/subscription.active.json", "polar/order.paid.subscription.json", "polar/order.refunded.json"
	const what = " 1000 USD for PRICE,PRODUCT by customer@example.com as checkout:CHECKOUT"
	const order = " as order:ORDER,checkout:CHECKOUT"
	checkVariants(t, Polar, []variant{
		{
			"a trial is access", active, map[string]any{"data.status": "trialing"},
			"grant subscription SUB until 2026-12-01T12:00:00Z renews snapshot" + what,
		},
		{
			"the type says it where the status is missing", "polar/subscription.revoked.json", map[string]any{"data.status": gone{}},
			"revoke subscription SUB snapshot" + what,
		},
		{
			"revoked at once: every type of it says so", active,
			map[string]any{"type": "subscription.canceled", "data.status": "canceled", "data.ended_at": "2026-11-05T00:00:00Z"},
			"revoke subscription SUB snapshot" + what,
		},
		{
			"payments given up", active, map[string]any{"type": "subscription.updated", "data.status": "unpaid"},
			"revoke subscription SUB snapshot" + what,
		},
		{
			"paused", active, map[string]any{"type": "subscription.paused", "data.status": "paused"},
			"suspend subscription SUB renews snapshot" + what,
		},
		{
			"cancelled without a date ends with its period", "polar/subscription.canceled.at_period_end.json", map[string]any{"data.ends_at": nil},
			"keep_until subscription SUB until 2026-12-01T12:00:00Z snapshot" + what,
		},
		{
			"past due and cancelled", "polar/subscription.past_due.json", map[string]any{"data.cancel_at_period_end": true},
			"past_due subscription SUB until 2026-11-01T12:00:00Z snapshot" + what,
		},
		{
			"no address: a member of a team", active, map[string]any{"data.customer.email": nil, "data.customer.name": nil},
			"grant subscription SUB until 2026-12-01T12:00:00Z renews snapshot 1000 USD for PRICE,PRODUCT" +
				" by 992fae2a-2a17-4b7a-8d9e-e287cf90131b as checkout:CHECKOUT",
		},
		{
			"2024: a user, one price and no customer", active,
			map[string]any{
				"data.customer": gone{}, "data.customer_id": gone{}, "data.user_id": "u1", "data.user": map[string]any{"email": "Old@Example.COM"},
				"data.prices": gone{}, "data.price_id": "price-1",
			},
			"grant subscription SUB until 2026-12-01T12:00:00Z renews snapshot 1000 USD for price-1,PRODUCT by old@example.com as checkout:CHECKOUT",
		},
		{
			"the checkout named a member", active, map[string]any{"data.metadata": map[string]any{"ghost_email": "Jo@Example.org", "x": 7}},
			"grant subscription SUB until 2026-12-01T12:00:00Z renews snapshot 1000 USD for PRICE,PRODUCT by jo@example.org as checkout:CHECKOUT",
		},
		{
			"the customer's external id is a member's", active, map[string]any{"data.customer.external_id": "6512f0a1b2c3d4e5f6a7b8c9"},
			"grant subscription SUB until 2026-12-01T12:00:00Z renews snapshot 1000 USD for PRICE,PRODUCT" +
				" by 6512f0a1b2c3d4e5f6a7b8c9 as checkout:CHECKOUT",
		},
		{
			"the customer's external id is anything", active, map[string]any{"data.customer.external_id": "user-17"},
			"grant subscription SUB until 2026-12-01T12:00:00Z renews snapshot" + what,
		},
		{
			"a renewal that was paid", paid, map[string]any{"data.billing_reason": "subscription_cycle"},
			"extend subscription SUB until 2026-11-01T12:00:00Z paid renews 1000 USD for PRICE,PRODUCT by customer@example.com" + order,
		},
		{
			"an old order, read again in a later period, says nothing of that period", paid,
			map[string]any{
				"data.subscription.current_period_start": "2026-12-01T12:00:00Z", "data.subscription.current_period_end": "2027-01-01T12:00:00Z",
			},
			"grant subscription SUB paid renews 1000 USD for PRICE,PRODUCT by customer@example.com" + order,
		},
		{
			"an order that waits for its money", paid,
			map[string]any{"type": "order.created", "data.status": "pending", "data.paid": false}, "ignore",
		},
		{
			"some of it went back", refunded,
			map[string]any{"data.status": "partially_refunded", "data.refunded_amount": 400, "data.refunded_tax_amount": 76},
			"partial_refund subscription SUB refunded 476 of 1000 USD for PRICE,PRODUCT by customer@example.com" + order,
		},
		{
			"all went back in two parts", refunded, map[string]any{"data.status": "partially_refunded"},
			"refund subscription SUB refunded 1000 of 1000 USD for PRICE,PRODUCT by customer@example.com" + order,
		},
		{
			"yen have no cents", paid, map[string]any{"data.currency": "jpy", "data.total_amount": 1200},
			"grant subscription SUB until 2026-11-01T12:00:00Z paid renews 1200 JPY for PRICE,PRODUCT by customer@example.com" + order,
		},
	})
}

func TestARefundOfPolarsSaysWhatTheOrderDoesNot(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"id":"r1","status":"succeeded","amount":500,"order_id":"o1","customer_id":"c1","revoke_benefits":true}`:  "refund order o1 by c1 as order:o1",
		`{"id":"r1","status":"succeeded","amount":500,"order_id":"o1","revoke_benefits":false}`:                    "partial_refund order o1 as order:o1",
		`{"id":"r1","status":"pending","amount":500,"order_id":"o1","revoke_benefits":true}`:                       "ignore order o1 as order:o1",
		`{"id":"r1","status":"failed","order_id":"o1","subscription_id":"s1","revoke_benefits":true}`:              "ignore subscription s1 as order:o1",
		`{"id":"r1","status":"succeeded","order_id":"o1","subscription_id":"s1","dispute":{"status":"prevented"}}`: "dispute_lost subscription s1 as order:o1",
		`{"id":"r1","status":"pending","order_id":"o1","dispute":{"status":"needs_response"}}`:                     "dispute order o1 as order:o1",
		`{"id":"r1","status":"failed","order_id":"o1","dispute":{"status":"won"}}`:                                 "dispute_won order o1 as order:o1",
		`{"id":"r1","status":"succeeded","order_id":"o1","dispute":{"status":"lost"}}`:                             "dispute_lost order o1 as order:o1",
	} {
		got := read(t, Polar, []byte(`{"type":"refund.updated","timestamp":"2026-11-01T12:00:00Z","data":`+body+`}`))
		if diff := gocmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", body, diff)
		}
	}
	checkUnreadable(t, Polar, []byte(`{"type":"refund.created","data":{"id":"r1"}}`), "order")
}

func TestTheStateOfAPolarCustomerTellsOfEachSubscription(t *testing.T) {
	t.Parallel()
	body := `{"type":"customer.state_changed","timestamp":"2026-11-01T12:00:05Z","data":{"id":"c1","email":"Jo@Example.org","name":"Jo",
		"active_subscriptions":[
			{"id":"s1","status":"active","product_id":"p1","amount":900,"currency":"eur","current_period_end":"2026-12-01T00:00:00Z"},
			{"id":"s2","status":"active","product_id":"p2","cancel_at_period_end":true,"ends_at":"2026-11-20T00:00:00Z",
			 "metadata":{"ghost_email":"ann@example.org"}}]}}`
	want := []string{
		"contact by jo@example.org",
		"grant subscription s1 until 2026-12-01T00:00:00Z renews snapshot 900 EUR for p1 by jo@example.org",
		"keep_until subscription s2 until 2026-11-20T00:00:00Z snapshot for p2 by ann@example.org",
	}
	if diff := gocmp.Diff(want, read(t, Polar, []byte(body))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	deleted := `{"type":"customer.deleted","data":{"id":"c1","email":"jo@example.org"}}`
	if diff := gocmp.Diff([]string{"ignore"}, read(t, Polar, []byte(deleted))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAPolarEventAsAWhole(t *testing.T) {
	t.Parallel()
	header := func(name string) string {
		if name == "webhook-id" {
			return "b3f1c2d4"
		}
		return ""
	}
	got, err := Normalise(Polar, fixture(t, "polar/order.paid.subscription.json"), header, receipt)
	want := []Event{{
		Provider: Polar, ID: "b3f1c2d4", Key: "paid:57107b74-8400-4d80-a2fc-54c2b4239cb3", Type: "order.paid", Action: ActionGrant,
		Subject:   Subject{Subscription, "e5149aae-e521-42b9-b24c-abb3d71eea2e"},
		Aliases:   []string{"order:57107b74-8400-4d80-a2fc-54c2b4239cb3", "checkout:5ba5a6b2-9d3e-4f0c-8a0c-0c7a6f4b1f10"},
		Products:  []string{"2f6b1f36-29bb-4f0a-8d06-6f0a8f4b7c11", "d8dd2de1-21b7-4a41-8bc3-ce909c0cfe23"},
		Customer:  Customer{ID: "992fae2a-2a17-4b7a-8d9e-e287cf90131b", Email: "customer@example.com", Name: "John Doe"},
		PeriodEnd: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), Paid: true, Renews: true, Amount: Amount{1000, "USD"},
		OccurredAt: time.Date(2026, 11, 1, 12, 0, 5, 123456000, time.UTC), Status: "paid",
	}}
	if diff := gocmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}
