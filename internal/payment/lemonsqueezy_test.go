package payment

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestLemonSqueezyInLayoutsThatNoFixtureShows(t *testing.T) {
	t.Parallel()
	const created, payment = "lemonsqueezy/subscription_created.json", "lemonsqueezy/subscription_payment_recovered.json"
	const order, refund = "lemonsqueezy/order_created.json", "lemonsqueezy/subscription_payment_refunded.json"
	const what = " test for price:1,1,variant:1,product:1 by dan@example.test as subscription:1"
	const bought = " for 1,variant:1,product:1 by dan@lemonsqueezy.com as order:1"
	checkVariants(t, LemonSqueezy, []variant{
		{
			"live", created, map[string]any{"data.attributes.test_mode": false, "meta.test_mode": gone{}},
			"grant order order-1 until 2026-12-01T12:00:00Z renews snapshot for price:1,1,variant:1,product:1" +
				" by dan@example.test as subscription:1",
		},
		{"a test, as only the object says", created, map[string]any{"meta.test_mode": gone{}},
			"grant order order-1 until 2026-12-01T12:00:00Z renews snapshot" + what},
		{"a test, as only the envelope says", created, map[string]any{"data.attributes.test_mode": gone{}},
			"grant order order-1 until 2026-12-01T12:00:00Z renews snapshot" + what},
		{"a trial", created, map[string]any{"data.attributes.status": "on_trial"}, "grant order order-1 until 2026-12-01T12:00:00Z renews snapshot" + what},
		{
			"the catch-all type shows a cancellation", created,
			map[string]any{
				"meta.event_name": "subscription_updated", "data.attributes.status": "cancelled", "data.attributes.cancelled": true,
				"data.attributes.ends_at": "2026-12-01T12:00:00Z",
			},
			"keep_until order order-1 until 2026-12-01T12:00:00Z snapshot" + what,
		},
		{
			"the catch-all type shows an end", created,
			map[string]any{"meta.event_name": "subscription_updated", "data.attributes.status": "expired"}, "revoke order order-1 snapshot" + what,
		},
		{"payments given up", created, map[string]any{"data.attributes.status": "unpaid"}, "revoke order order-1 snapshot" + what},
		{
			"past due: renews_at is the next attempt, and no end of anything paid", created, map[string]any{"data.attributes.status": "past_due"},
			"past_due order order-1 renews snapshot" + what,
		},
		{
			"2022: no item, no price", created, map[string]any{"data.attributes.first_subscription_item": gone{}},
			"grant order order-1 until 2026-12-01T12:00:00Z renews snapshot test for 1,variant:1,product:1 by dan@example.test as subscription:1",
		},
		{
			"no order", created, map[string]any{"data.attributes.order_id": nil},
			"grant order subscription-1 until 2026-12-01T12:00:00Z renews snapshot" + what,
		},
		{
			"the link named a member", created, map[string]any{"meta.custom_data": map[string]any{"ghost_member_id": "6512f0a1b2c3d4e5f6a7b8c9"}},
			"grant order order-1 until 2026-12-01T12:00:00Z renews snapshot test for price:1,1,variant:1,product:1" +
				" by 6512f0a1b2c3d4e5f6a7b8c9 as subscription:1",
		},
		{
			"the first payment", payment, map[string]any{"data.attributes.billing_reason": "initial"},
			"grant paid renews test 999 USD by dan@example.test as subscription:1,invoice:7",
		},
		{"a payment that waits", payment, map[string]any{"data.attributes.status": "pending"}, "ignore test by dan@example.test as subscription:1,invoice:7"},
		{"some of it went back", refund, map[string]any{"data.attributes.status": "partial_refund", "data.attributes.refunded_amount": 300},
			"partial_refund test refunded 300 of 999 USD by dan@example.test as subscription:1,invoice:7"},
		{"some of it, and the status does not say so", refund, map[string]any{"data.attributes.refunded_amount": 300},
			"partial_refund test refunded 300 of 999 USD by dan@example.test as subscription:1,invoice:7"},
		{"an order that waits", order, map[string]any{"data.attributes.status": "pending"}, "ignore order order-1 1859 EUR" + bought},
		{"an order that failed", order, map[string]any{"data.attributes.status": "failed"}, "ignore order order-1 1859 EUR" + bought},
		{"fraud", order, map[string]any{"data.attributes.status": "fraudulent"}, "dispute order order-1 1859 EUR" + bought},
		{"yen have no cents", order, map[string]any{"data.attributes.currency": "JPY"}, "grant order order-1 paid 1859 JPY" + bought},
		{
			"no address", order, map[string]any{"data.attributes.user_email": nil},
			"grant order order-1 paid 1859 EUR for 1,variant:1,product:1 by 1 as order:1",
		},
	})
}

func TestTheNameOfALemonSqueezyEventMayStandInItsHeader(t *testing.T) {
	t.Parallel()
	header := headerOf(map[string]string{"X-Event-Name": "order_created"})
	events, err := Normalise(LemonSqueezy, varied(t, "lemonsqueezy/order_created.json", map[string]any{"meta": gone{}}), header, receipt)
	if err != nil || len(events) != 1 || events[0].Type != "order_created" || events[0].Action != ActionGrant {
		t.Errorf("%v, %v", events, err)
	}
}

func TestARefundOfLemonSqueezysHappenedWhenItSays(t *testing.T) {
	t.Parallel()
	e := one(t, LemonSqueezy, fixture(t, "lemonsqueezy/subscription_payment_refunded.json"))
	if want := time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC); !e.OccurredAt.Equal(want) {
		t.Errorf("at %v, want %v", e.OccurredAt, want)
	}
}

func TestALemonSqueezyEventAsAWhole(t *testing.T) {
	t.Parallel()
	e := one(t, LemonSqueezy, fixture(t, "lemonsqueezy/subscription_created.json"))
	want := Event{
		Provider: LemonSqueezy, ID: e.ID,
		Key: "subscription:1:active:2026-11-01T12:00:05.000000Z", Type: "subscription_created", Action: ActionGrant,
		Subject: Subject{Order, "order-1"}, Aliases: []string{"subscription:1"},
		Products:  []string{"price:1", "1", "variant:1", "product:1"},
		Customer:  Customer{ID: "1", Email: "dan@example.test", Name: "Dan R", MemberEmail: "dan@example.test"},
		PeriodEnd: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC), Renews: true, Snapshot: true,
		OccurredAt: time.Date(2026, 11, 1, 12, 0, 5, 0, time.UTC), Test: true, Status: "active",
	}
	if len(e.ID) != 64 {
		t.Errorf("the id %q is no hash of the body", e.ID)
	}
	if diff := gocmp.Diff(want, e); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
