package payment

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// gone takes a key out of a fixture.
type gone struct{}

// varied is a fixture with some places changed, by their dotted paths.
func varied(t testing.TB, path string, changes map[string]any) []byte {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(fixture(t, path), &v); err != nil {
		t.Fatal(err)
	}
	for place, value := range changes {
		put(t, v, strings.Split(place, "."), value)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t testing.TB, in any, place []string, value any) {
	t.Helper()
	switch in := in.(type) {
	case map[string]any:
		_, remove := value.(gone)
		switch {
		case len(place) > 1:
			if in[place[0]] == nil {
				in[place[0]] = map[string]any{}
			}
			put(t, in[place[0]], place[1:], value)
		case remove:
			delete(in, place[0])
		default:
			in[place[0]] = value
		}
	case []any:
		i, err := strconv.Atoi(place[0])
		if err != nil || i >= len(in) {
			t.Fatalf("no place %v", place)
		}
		if len(place) == 1 {
			in[i] = value
			return
		}
		put(t, in[i], place[1:], value)
	default:
		t.Fatalf("no place %v in %T", place, in)
	}
}

// variant is a fixture with changes, and what it then means.
type variant struct {
	name    string
	from    string
	changes map[string]any
	want    string
}

func checkVariants(t *testing.T, provider string, variants []variant) {
	t.Helper()
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			got := read(t, provider, varied(t, v.from, v.changes))
			if diff := gocmp.Diff([]string{v.want}, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// checkUnreadable wants an error that says what to do and shows nothing of the body.
func checkUnreadable(t *testing.T, provider string, body []byte, about string) {
	t.Helper()
	_, err := Normalise(provider, body, noHeader, receipt)
	var unreadable *Unreadable
	if !errors.As(err, &unreadable) || !strings.Contains(err.Error(), about) || unreadable.Remedy == "" {
		t.Errorf("%s: got %v, want it unreadable for its %q", provider, err, about)
		return
	}
	if strings.Contains(err.Error(), "@") {
		t.Errorf("the error shows an address: %v", err)
	}
}

func TestABodyThatIsNoEventIsUnreadable(t *testing.T) {
	t.Parallel()
	for _, provider := range hmacProviders() {
		for _, body := range []string{"", "null", "[]", `"x"`, "{", "\xff", `payload=%7B%7D`} {
			checkUnreadable(t, provider, []byte(body), "no JSON object")
		}
		checkUnreadable(t, provider, []byte(`{"email":"jo@example.org"}`), "names no type")
	}
	checkUnreadable(t, "nobody", []byte(`{}`), "no such payment provider")
}

func TestATypeThatIsNotKnownHereIsIgnored(t *testing.T) {
	t.Parallel()
	for provider, body := range map[string]string{
		Polar:        `{"type":"benefit.created","timestamp":"2026-11-01T12:00:00Z","data":{"id":"b"}}`,
		Stripe:       `{"id":"evt_1","type":"payout.paid","created":1793534405,"livemode":true,"data":{"object":{"id":"po_1"}}}`,
		Paddle:       `{"event_id":"evt_1","event_type":"price.created","occurred_at":"2026-11-01T12:00:00Z","data":{"id":"pri_1"}}`,
		LemonSqueezy: `{"meta":{"event_name":"license_key_created"},"data":{"type":"license-keys","id":"1","attributes":{"status":"active"}}}`,
	} {
		if diff := gocmp.Diff([]string{"ignore"}, read(t, provider, []byte(body))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", provider, diff)
		}
	}
}

func TestASubscriptionInAStateOfTheFutureIsNotPassedOver(t *testing.T) {
	t.Parallel()
	for provider, body := range map[string][]byte{
		Polar:        varied(t, "polar/subscription.updated.json", map[string]any{"data.status": "hibernating"}),
		Stripe:       varied(t, "stripe/customer.subscription.updated.active.json", map[string]any{"data.object.status": "hibernating"}),
		Paddle:       varied(t, "paddle/subscription.activated.json", map[string]any{"data.status": "hibernating"}),
		LemonSqueezy: varied(t, "lemonsqueezy/subscription_created.json", map[string]any{"data.attributes.status": "hibernating"}),
	} {
		checkUnreadable(t, provider, body, "status")
	}
	checkUnreadable(t, Stripe, varied(t, "stripe/charge.dispute.created.json", map[string]any{"data.object.status": "x"}), "status")
}

func TestAnEventWithoutItsSubjectIsUnreadable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, place string }{
		{"polar/subscription.active.json", "data.id"},
		{"polar/order.paid.one_time.json", "data.id"},
		{"stripe/customer.subscription.deleted.json", "data.object.id"},
		{"stripe/invoice.paid.json", "data.object.id"},
		{"stripe/checkout.session.completed.subscription.json", "data.object.subscription"},
		{"stripe/charge.refunded.full.json", "data.object.id"},
		{"paddle/subscription.canceled.json", "data.id"},
		{"paddle/transaction.completed.json", "data.id"},
		{"paddle/adjustment.updated.refund.approved.json", "data.transaction_id"},
		{"lemonsqueezy/order_created.json", "data.id"},
		{"lemonsqueezy/subscription_payment_failed.json", "data.attributes.subscription_id"},
	} {
		provider, _, _ := strings.Cut(c.file, "/")
		for _, nothing := range []any{gone{}, nil, "", map[string]any{}} {
			checkUnreadable(t, provider, varied(t, c.file, map[string]any{c.place: nothing}), "names no")
		}
	}
}

// A record of the books is the same fact as the webhook that told of it, though it has
// neither its id nor its time.
func TestAWebhookAndARecordOfTheBooksAreOneFact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file  string
		books map[string]any // how package provider dresses up what the API shows
	}{
		{"polar/subscription.active.json", map[string]any{"type": "subscription.updated", "timestamp": "2026-11-01T12:00:05Z"}},
		{"polar/subscription.canceled.at_period_end.json", map[string]any{"type": "subscription.updated", "timestamp": "2026-11-01T12:00:05Z"}},
		{"polar/subscription.uncanceled.json", map[string]any{"type": "subscription.updated", "timestamp": "2026-11-01T12:00:05Z"}},
		{"polar/order.paid.one_time.json", map[string]any{"timestamp": "2026-10-01T12:00:02Z"}},
		{"polar/order.paid.subscription.json", map[string]any{"timestamp": "2026-10-01T12:00:02Z"}},
		{"polar/order.refunded.json", map[string]any{"timestamp": "2026-10-01T12:00:04Z"}},
		{"stripe/invoice.paid.json", map[string]any{"type": "invoice.payment_succeeded", "id": "evt_another"}},
		{"paddle/subscription.activated.json", map[string]any{"event_id": "evt_another", "event_type": "subscription.updated"}},
		{"paddle/transaction.completed.json", map[string]any{"event_id": "evt_another"}},
		{"lemonsqueezy/subscription_created.json", map[string]any{"meta": map[string]any{"event_name": "subscription_updated"}}},
		{"lemonsqueezy/subscription_resumed.json", map[string]any{"meta": map[string]any{"event_name": "subscription_updated"}}},
		{"lemonsqueezy/subscription_payment_recovered.json", map[string]any{"meta": map[string]any{"event_name": "subscription_payment_success"}}},
		{"lemonsqueezy/order_created.json", map[string]any{"meta": map[string]any{"event_name": "order_created"}}},
	} {
		provider, _, _ := strings.Cut(c.file, "/")
		told := one(t, provider, fixture(t, c.file))
		found := one(t, provider, varied(t, c.file, c.books))
		if told.Key != found.Key || told.Key == told.ID {
			t.Errorf("%s: %q is told, %q found", c.file, told.Key, found.Key)
		}
		if told.ID == found.ID {
			t.Errorf("%s: both have the id %q", c.file, told.ID)
		}
		if told.Subject != found.Subject || !told.PeriodEnd.Equal(found.PeriodEnd) || told.Paid != found.Paid {
			t.Errorf("%s:\n%s is told\n%s found", c.file, tell(told), tell(found))
		}
	}
}

func TestAnotherStateIsAnotherFact(t *testing.T) {
	t.Parallel()
	for file, changes := range map[string][]map[string]any{
		"polar/subscription.active.json": {
			{"data.status": "past_due"}, {"data.cancel_at_period_end": true}, {"data.current_period_end": "2027-01-01T12:00:00Z"},
			{"data.modified_at": "2026-11-02T00:00:00Z"}, {"data.id": "another"},
		},
		"polar/order.refunded.json":                        {{"data.refunded_amount": 500}, {"data.id": "another"}, {"type": "order.paid"}},
		"stripe/invoice.paid.json":                         {{"data.object.id": "in_2"}, {"type": "invoice.payment_failed"}},
		"stripe/charge.refunded.full.json":                 {{"data.object.amount_refunded": 500}, {"data.object.id": "ch_2"}},
		"stripe/charge.dispute.created.json":               {{"data.object.status": "won"}, {"data.object.id": "dp_2"}},
		"stripe/customer.subscription.updated.active.json": {{"id": "evt_2"}},
		"paddle/subscription.activated.json": {
			{"data.status": "paused"}, {"data.scheduled_change": map[string]any{"action": "cancel"}}, {"data.updated_at": "2027-01-01T00:00:00Z"},
		},
		"paddle/adjustment.updated.refund.approved.json": {{"data.status": "rejected"}, {"data.id": "adj_2"}},
		"lemonsqueezy/subscription_created.json":         {{"data.attributes.status": "expired"}, {"data.attributes.updated_at": "2027-01-01T00:00:00Z"}},
		"lemonsqueezy/order_refunded.json":               {{"data.attributes.status": "paid"}, {"data.attributes.refunded_amount": 7}, {"data.id": "2"}},
		"lemonsqueezy/subscription_payment_failed.json":  {{"data.attributes.status": "paid"}, {"data.id": "8"}},
	} {
		provider, _, _ := strings.Cut(file, "/")
		key := one(t, provider, fixture(t, file)).Key
		for _, change := range changes {
			if other := one(t, provider, varied(t, file, change)).Key; other == key {
				t.Errorf("%s with %v has the same key, %q", file, change, key)
			}
		}
	}
}

// one is the only event of a body.
func one(t *testing.T, provider string, body []byte) Event {
	t.Helper()
	events, err := Normalise(provider, body, noHeader, receipt)
	if err != nil || len(events) != 1 {
		t.Fatalf("%v, %v", events, err)
	}
	return events[0]
}
