package payment

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// step is a delivery: a fixture with changes.
type step struct {
	from    string
	changes map[string]any
}

// journey is a purchase's life as its provider tells it, and what it gives on days.
type journey struct {
	name  string
	steps []step
	want  map[string]string // by day, at noon
}

func (j journey) events(t *testing.T) []Event {
	t.Helper()
	var all []Event
	for _, s := range j.steps {
		provider, _, _ := strings.Cut(s.from, "/")
		all = append(all, one(t, provider, varied(t, s.from, s.changes)))
	}
	return all
}

// given is what an entitlement gives on these days.
func given(t *testing.T, e Entitlement, days map[string]string) map[string]string {
	t.Helper()
	m := Mapping{Grace: 7 * 24 * time.Hour, Tiers: []string{"gold"}}
	for _, id := range []string{"prod_QXg1hqf4jFNsqG", "d8dd2de1-21b7-4a41-8bc3-ce909c0cfe23", "pro_01gsz4t5hdjse780zja8vvr7jg", "1"} {
		m.Products = append(m.Products, Product{ID: id, Tier: "gold"})
	}
	got := map[string]string{}
	for d := range days {
		now, err := time.Parse(time.DateOnly, d)
		if err != nil {
			t.Fatal(err)
		}
		a := e.Access(m, now.Add(12*time.Hour))
		got[d] = string(a.State)
		if a.Live() {
			got[d] = fmt.Sprintf("%s %s until %s", a.State, a.Tier, a.Until.Format(time.DateOnly))
		}
	}
	return got
}

// Every way in which a provider's deliveries can overtake each other comes to the same
// access; what is not paid is not given, and what is paid is not taken.
func TestALifeOfDeliveriesGivesTheSameAccessInEveryOrder(t *testing.T) {
	t.Parallel()
	for _, j := range journeys() {
		t.Run(j.name, func(t *testing.T) {
			t.Parallel()
			events := j.events(t)
			if diff := gocmp.Diff(j.want, given(t, merged(events...), j.want)); diff != "" {
				t.Fatalf("in their order (-want +got)\n%s", diff)
			}
			permute(events, func(order []Event) {
				if got := given(t, merged(order...), j.want); !maps.Equal(got, j.want) {
					var told []string
					for _, e := range order {
						told = append(told, tell(e))
					}
					t.Fatalf("%v after\n%s", got, strings.Join(told, "\n"))
				}
			})
		})
	}
}

func journeys() []journey {
	return []journey{stripeOverdue(), stripeRecovered(), polarCancelled(), paddleCancelled(), squeezedExpired(), squeezedRefunded(), squeezedOnce()}
}

const (
	nov1, dec1, jan1 = 1793534400, 1796126400, 1798804800 // noon
	hour             = 3600
)

func stripeSub(status string, at, begin, end int64) step {
	return step{"stripe/customer.subscription.updated.active.json", map[string]any{
		"id": fmt.Sprint("evt_", status, at), "created": at, "data.object.status": status,
		"data.object.items.data.0.current_period_start": begin, "data.object.items.data.0.current_period_end": end,
	}}
}

func stripeInvoice(kind, reason string, at, begin, end int64) step {
	return step{"stripe/invoice.paid.json", map[string]any{
		"id": fmt.Sprint("evt_", kind, at), "type": kind, "created": at, "data.object.id": fmt.Sprint("in_", begin),
		"data.object.billing_reason": reason, "data.object.status": map[bool]string{true: "paid", false: "open"}[kind == "invoice.paid"],
		"data.object.lines.data.0.period": map[string]any{"start": begin, "end": end},
	}}
}

// Stripe shows the next period an hour before it tries to collect for it. When that
// fails, grace counts from the end of what was paid.
func stripeOverdue() journey {
	return journey{"stripe: not renewed", []step{
		stripeSub("incomplete", nov1, nov1, dec1),
		stripeSub("active", nov1+5, nov1, dec1),
		stripeInvoice("invoice.paid", "subscription_create", nov1+5, nov1, dec1),
		stripeSub("active", dec1, dec1, jan1),
		stripeInvoice("invoice.payment_failed", "subscription_cycle", dec1+hour, dec1, jan1),
		stripeSub("past_due", dec1+hour, dec1, jan1),
	}, map[string]string{
		"2026-11-20": "granted gold until 2026-12-08", "2026-12-07": "granted gold until 2026-12-08",
		"2026-12-09": "revoked", "2026-12-20": "revoked",
	}}
}

func stripeRecovered() journey {
	return journey{"stripe: paid on the second try", []step{
		stripeInvoice("invoice.paid", "subscription_create", nov1+5, nov1, dec1),
		stripeSub("active", dec1, dec1, jan1),
		stripeSub("past_due", dec1+hour, dec1, jan1),
		stripeInvoice("invoice.payment_failed", "subscription_cycle", dec1+hour, dec1, jan1),
		stripeInvoice("invoice.paid", "subscription_cycle", dec1+100*hour, dec1, jan1),
		stripeSub("active", dec1+100*hour, dec1, jan1),
	}, map[string]string{"2026-12-20": "granted gold until 2027-01-08", "2027-01-07": "granted gold until 2027-01-08", "2027-01-09": "revoked"}}
}

// Cancelled, not after all, and then again: the last word counts, and what is paid is
// given to its end, without grace.
func polarCancelled() journey {
	return journey{"polar: cancelled, twice", []step{
		{"polar/subscription.active.json", nil},
		{"polar/subscription.cycled.json", nil},
		{"polar/order.paid.subscription.json", map[string]any{
			"data.created_at": "2026-11-01T12:00:02Z", "data.subscription.current_period_start": "2026-11-01T12:00:00Z",
			"data.subscription.current_period_end": "2026-12-01T12:00:00Z",
		}},
		{"polar/subscription.canceled.at_period_end.json", map[string]any{"timestamp": "2026-11-10T08:00:00Z"}},
		{"polar/subscription.uncanceled.json", map[string]any{"timestamp": "2026-11-11T08:00:00Z"}},
		{"polar/subscription.canceled.at_period_end.json", map[string]any{"timestamp": "2026-11-12T08:00:00Z"}},
	}, map[string]string{"2026-11-20": "ends_at gold until 2026-12-01", "2026-12-02": "revoked"}}
}

func paddleCancelled() journey {
	const ends = "2024-05-12T13:16:08.821891Z"
	return journey{"paddle: cancelled to the end of its period", []step{
		{"paddle/transaction.completed.json", map[string]any{
			"data.origin": "web", "data.subscription_id": "sub_01hv9770y40xzc823155s0z4zz", "occurred_at": "2024-04-12T13:16:12Z",
			"data.billing_period.ends_at": ends, "data.items.0.price.product_id": "pro_01gsz4t5hdjse780zja8vvr7jg",
		}},
		{"paddle/subscription.created.json", nil},
		{"paddle/subscription.updated.scheduled_cancel.json", map[string]any{
			"occurred_at": "2024-04-20T00:00:00Z", "data.scheduled_change.effective_at": ends,
		}},
		{"paddle/subscription.canceled.json", map[string]any{"occurred_at": "2024-05-12T13:16:20Z"}},
	}, map[string]string{"2024-05-14": "revoked", "2024-06-14": "revoked"}}
}

// Lemon Squeezy's first delivery is an order that looks like a purchase for ever.
func squeezedBegin() []step {
	return []step{
		{"lemonsqueezy/order_created.json", map[string]any{
			"data.attributes.created_at": "2026-11-01T12:00:01Z", "data.attributes.updated_at": "2026-11-01T12:00:09Z",
		}},
		{"lemonsqueezy/subscription_created.json", nil},
		{"lemonsqueezy/subscription_payment_recovered.json", map[string]any{
			"meta.event_name": "subscription_payment_success", "data.attributes.billing_reason": "initial", "data.id": "6",
			"data.attributes.created_at": "2026-11-01T12:00:03Z", "data.attributes.updated_at": "2026-11-01T12:00:04Z",
		}},
	}
}

func squeezedExpired() journey {
	return journey{"lemonsqueezy: not renewed", append(squeezedBegin(),
		step{"lemonsqueezy/subscription_cancelled.json", nil}, step{"lemonsqueezy/subscription_expired.json", nil},
	), map[string]string{"2026-12-02": "revoked", "2027-11-01": "revoked"}}
}

func squeezedRefunded() journey {
	return journey{"lemonsqueezy: the order refunded", append(squeezedBegin(),
		step{"lemonsqueezy/order_refunded.json", map[string]any{
			"data.attributes.created_at": "2026-11-01T12:00:01Z", "data.attributes.refunded_at": "2026-11-03T12:00:00Z",
		}},
	), map[string]string{"2026-11-20": "revoked", "2027-11-01": "revoked"}}
}

func squeezedOnce() journey {
	return journey{"lemonsqueezy: running, and nothing else heard", squeezedBegin(),
		map[string]string{"2026-11-20": "granted gold until 2026-12-08", "2026-12-09": "revoked"}}
}
