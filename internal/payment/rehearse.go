package payment

import (
	"encoding/json"
	"strconv"
	"time"
)

// object is JSON in the making.
type object = map[string]any

// named makes an id of a provider's kind that is marked as a test, and new each moment.
func (t rehearsal) named(prefix string) string {
	return prefix + testMark + "-" + strconv.FormatInt(t.at.UnixNano(), 36)
}

// ends is when the rehearsed period is over.
func (t rehearsal) ends() time.Time { return t.at.AddDate(0, 1, 0).Truncate(time.Second) }

func (t rehearsal) json(body object) []byte {
	b, err := json.Marshal(body)
	if err != nil {
		return nil // of texts, numbers and times there is none
	}
	return b
}

// polar tells of a new subscription.
func (t rehearsal) polar() []byte {
	begin, end := t.at.Format(time.RFC3339Nano), t.ends().Format(time.RFC3339)
	return t.json(object{
		"type": "subscription.active", "timestamp": begin,
		"data": object{
			"id": t.named(""), "created_at": begin, "modified_at": nil, "started_at": begin, "status": "active",
			"amount": 1000, "currency": "usd", "recurring_interval": "month", "recurring_interval_count": 1,
			"current_period_start": begin, "current_period_end": end, "cancel_at_period_end": false,
			"canceled_at": nil, "ends_at": nil, "ended_at": nil, "metadata": object{},
			"product_id": t.product, "prices": []object{}, "customer_id": t.named("customer-"),
			"customer": object{"id": t.named("customer-"), "email": t.email, "name": nil, "external_id": nil, "metadata": object{}},
		},
	})
}

// stripe tells of the paid first invoice of a subscription.
func (t rehearsal) stripe() []byte {
	subscription := t.named("sub_")
	line := object{
		"id": t.named("il_"), "object": "line_item", "amount": 1000, "currency": "usd",
		"period":  object{"start": t.at.Unix(), "end": t.ends().Unix()},
		"parent":  object{"type": "subscription_item_details", "subscription_item_details": object{"subscription": subscription}},
		"pricing": object{"type": "price_details", "price_details": object{"price": t.product, "product": t.product}},
	}
	return t.json(object{
		"id": t.named("evt_"), "object": "event", "type": "invoice.paid", "created": t.at.Unix(), "livemode": false,
		"data": object{"object": object{
			"id": t.named("in_"), "object": "invoice", "status": "paid", "billing_reason": "subscription_create",
			"amount_paid": 1000, "currency": "usd", "customer": t.named("cus_"), "customer_email": t.email, "customer_name": nil,
			"lines":  object{"object": "list", "data": []object{line}},
			"parent": object{"type": "subscription_details", "subscription_details": object{"subscription": subscription}},
		}},
	})
}

// paddle tells of the paid first transaction of a subscription, in which the link that
// was followed names the member: nothing else of Paddle's has an address.
func (t rehearsal) paddle() []byte {
	begin, end := t.at.Format(time.RFC3339Nano), t.ends().Format(time.RFC3339)
	return t.json(object{
		"event_id": t.named("evt_"), "notification_id": t.named("ntf_"), "event_type": "transaction.completed", "occurred_at": begin,
		"data": object{
			"id": t.named("txn_"), "status": "completed", "origin": "web",
			"customer_id": t.named("ctm_"), "subscription_id": t.named("sub_"),
			"currency_code": "USD", "custom_data": object{"ghost_email": t.email},
			"billing_period": object{"starts_at": begin, "ends_at": end},
			"items":          []object{{"quantity": 1, "price": object{"id": t.product, "product_id": t.product}}},
			"details":        object{"totals": object{"grand_total": "1000", "currency_code": "USD"}},
			"created_at":     begin, "updated_at": begin,
		},
	})
}

// lemonSqueezy tells of a new subscription.
func (t rehearsal) lemonSqueezy() []byte {
	begin, end := t.at.Format(time.RFC3339Nano), t.ends().Format(time.RFC3339)
	return t.json(object{
		"meta": object{"test_mode": true, "event_name": "subscription_created", "custom_data": object{}},
		"data": object{"type": "subscriptions", "id": t.named(""), "attributes": object{
			"store_id": 1, "customer_id": 1, "order_id": t.named(""), "product_id": t.product, "variant_id": t.product,
			"user_email": t.email, "user_name": nil, "status": "active", "cancelled": false, "pause": nil,
			"renews_at": end, "ends_at": nil, "created_at": begin, "updated_at": begin, "test_mode": true,
		}},
	})
}
