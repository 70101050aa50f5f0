package payment

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestPaddleInLayoutsThatNoFixtureShows(t *testing.T) {
	t.Parallel()
	const active, cancelling = "paddle/subscription.activated.json", "paddle/subscription.updated.scheduled_cancel.json"
	const completed, refund = "paddle/transaction.completed.json", "paddle/adjustment.updated.refund.approved.json"
	const things, paid = " for pri_1,pro_1,pri_2,pro_2 by ctm_1", " for pri_3,pro_3 by ctm_2 as txn:txn_2,invoice:inv_2"
	const granted = "grant subscription sub_1 until 2024-05-12T13:16:08Z renews snapshot" + things
	checkVariants(t, Paddle, []variant{
		{"a trial", active, map[string]any{"event_type": "subscription.trialing", "data.status": "trialing"}, granted},
		{"imported", active, map[string]any{"event_type": "subscription.imported"}, granted},
		{"the type says it where the status is missing", active, map[string]any{"data.status": gone{}}, granted},
		{
			"simulated", active, map[string]any{"event_id": "ntfsimevt_01hv9771tccgcm4y810d8zbceh", "notification_id": "ntfsimntf_01"},
			"grant subscription sub_1 until 2024-05-12T13:16:08Z renews snapshot test" + things,
		},
		{"a cancellation taken back shows as none", cancelling, map[string]any{"data.scheduled_change": nil}, granted},
		{
			"a pause to come", cancelling,
			map[string]any{"data.scheduled_change": map[string]any{"action": "pause", "effective_at": "2024-05-12T13:16:08Z"}}, granted,
		},
		{
			"resumed", active, map[string]any{"event_type": "subscription.resumed"},
			"resume subscription sub_1 until 2024-05-12T13:16:08Z renews snapshot" + things,
		},
		{
			"what was taken out of the subscription", active, map[string]any{"data.items.0.status": "inactive"},
			"grant subscription sub_1 until 2024-05-12T13:16:08Z renews snapshot for pri_2,pro_2 by ctm_1",
		},
		{
			"who it is for", active, map[string]any{"data.custom_data": map[string]any{"ghost_email": "Jo@Example.org"}},
			"grant subscription sub_1 until 2024-05-12T13:16:08Z renews snapshot for pri_1,pro_1,pri_2,pro_2 by jo@example.org",
		},
		{
			"with the customer", active, map[string]any{"data.customer": map[string]any{"id": "ctm_1", "email": "jo@example.org"}},
			"grant subscription sub_1 until 2024-05-12T13:16:08Z renews snapshot for pri_1,pro_1,pri_2,pro_2 by jo@example.org",
		},
		{
			"the first payment", completed, map[string]any{"data.origin": "web"},
			"grant subscription sub_2 until 2024-06-27T09:52:50Z paid renews 950 GBP" + paid,
		},
		{
			"bought once", completed,
			map[string]any{
				"data.origin": "web", "data.subscription_id": nil, "data.billing_period": nil, "data.items.0.price.billing_cycle": nil,
			},
			"grant order txn_2 paid 950 GBP" + paid,
		},
		{
			"bought besides a subscription", completed, map[string]any{"data.origin": "subscription_charge", "data.billing_period": nil},
			"grant order txn_2 paid 950 GBP" + paid,
		},
		{"a new card", completed, map[string]any{"data.origin": "subscription_payment_method_change"}, "ignore by ctm_2"},
		{"paid, not completed yet", completed, map[string]any{"event_type": "transaction.paid", "data.status": "paid"}, "ignore by ctm_2"},
		{"yen have no cents", completed, map[string]any{"data.currency_code": "JPY"},
			"extend subscription sub_2 until 2024-06-27T09:52:50Z paid renews 950 JPY" + paid},
		{"a refund that waits", refund, map[string]any{"data.status": "pending_approval"}, "ignore subscription sub_2 by ctm_2 as txn:txn_2"},
		{"a refund that was denied", refund, map[string]any{"data.status": "rejected"}, "ignore subscription sub_2 by ctm_2 as txn:txn_2"},
		{"some of it", refund, map[string]any{"data.type": "partial"}, "partial_refund subscription sub_2 by ctm_2 as txn:txn_2"},
		{
			"some of it, in 2023", refund,
			map[string]any{"data.type": gone{}, "data.items": []any{map[string]any{"type": "full"}, map[string]any{"type": "partial"}}},
			"partial_refund subscription sub_2 by ctm_2 as txn:txn_2",
		},
		{
			"all of it, in 2023", refund, map[string]any{"data.type": gone{}, "data.items": []any{map[string]any{"type": "full"}}},
			"refund subscription sub_2 by ctm_2 as txn:txn_2",
		},
		{"of what was bought once", refund, map[string]any{"data.subscription_id": nil}, "refund order txn_2 by ctm_2 as txn:txn_2"},
		{"a credit", refund, map[string]any{"data.action": "credit"}, "ignore subscription sub_2 by ctm_2 as txn:txn_2"},
		{"a warning", refund, map[string]any{"data.action": "chargeback_warning"}, "ignore subscription sub_2 by ctm_2 as txn:txn_2"},
		{"a chargeback won", refund, map[string]any{"data.action": "chargeback_reverse"}, "dispute_won subscription sub_2 by ctm_2 as txn:txn_2"},
		{
			"the chargeback that was won", refund, map[string]any{"data.action": "chargeback", "data.status": "reversed"},
			"dispute_won subscription sub_2 by ctm_2 as txn:txn_2",
		},
	})
}

// The money may come before the subscription exists: what is billed by the month must
// not pass for a purchase for ever until then.
func TestAPaddleTransactionOfAMonthIsWorthAMonthWithoutItsSubscription(t *testing.T) {
	t.Parallel()
	e := one(t, Paddle, varied(t, "paddle/transaction.completed.json", map[string]any{
		"data.subscription_id": nil, "data.billing_period": nil, "data.origin": "web",
	}))
	if want := 31 * 24 * time.Hour; e.Period != want || e.Subject.Kind != Order {
		t.Errorf("%v for %v, want %v", e.Period, e.Subject, want)
	}
}

func TestAnAlertOfPaddleClassicIsUnreadable(t *testing.T) {
	t.Parallel()
	checkUnreadable(t, Paddle, []byte(`{"alert_name":"subscription_created","email":"jo@example.org"}`), "Paddle Classic")
}

func TestAPaddleEventAsAWhole(t *testing.T) {
	t.Parallel()
	want := Event{
		Provider: Paddle, ID: "evt_01hywqk7y8qfzj69z3pdvz34qt", Key: "paid:txn_01hywqfe6yxhxcsfb4ays8mqt3",
		Type: "transaction.completed", Action: ActionExtend, Subject: Subject{Subscription, "sub_01hszn787vc5vkkdah3rtd4nft"},
		Aliases:   []string{"txn:txn_01hywqfe6yxhxcsfb4ays8mqt3", "invoice:inv_01hywqfhy0nvwg65mdzvc2c9vt"},
		Products:  []string{"pri_01hszn72dfz9mef1n7f9atmt14", "pro_01hszn726kxbk7y5mt6trc6at6"},
		Customer:  Customer{ID: "ctm_01hszn72m8kqyqm8g1jxwxc3t3"},
		PeriodEnd: time.Date(2024, 6, 27, 9, 52, 50, 189382000, time.UTC), Paid: true, Renews: true, Amount: Amount{950, "GBP"},
		OccurredAt: time.Date(2024, 5, 27, 9, 55, 6, 825325000, time.UTC), Status: "completed",
	}
	if diff := gocmp.Diff(want, one(t, Paddle, fixture(t, "paddle/transaction.completed.json"))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
