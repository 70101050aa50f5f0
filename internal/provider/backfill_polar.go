package provider

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"
)

// polarSince makes events of what Polar's books show: its API keeps no list of the
// webhooks' events. docs.polar.sh/api-reference: orders and refunds come the newest
// first; subscriptions cannot be had by when they changed, so all are walked.
func polarSince(ctx context.Context, h *History, since time.Time, give func(Record) bool) error {
	for _, read := range []func(context.Context, *History, time.Time, func(Record) bool) (bool, error){
		polarSubscriptions, polarOrders, polarRefunds,
	} {
		if more, err := read(ctx, h, since, give); err != nil || !more {
			return err
		}
	}
	return nil
}

// polarObject is what every record of Polar's has.
type polarObject struct {
	ID         string     `json:"id"`
	CreatedAt  *time.Time `json:"created_at"`
	ModifiedAt *time.Time `json:"modified_at"`
	OrderID    string     `json:"order_id"` // of a refund
	Paid       bool       `json:"paid"`     // of an order
}

// polarEvent is what Polar's webhooks look like.
type polarEvent struct {
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

func polarSubscriptions(ctx context.Context, h *History, since time.Time, give func(Record) bool) (bool, error) {
	return polarPages(ctx, h, "subscriptions", "-started_at", func(o polarObject, raw json.RawMessage) (more, stop bool, err error) {
		changed := newest(o.CreatedAt, o.ModifiedAt)
		if changed.Before(since) {
			return true, false, nil
		}
		more, err = givePolar(h, give, "subscription.updated", changed, raw)
		return more, false, err
	})
}

// polarOrders gives an order the time at which it was made, not that of its last
// change: what it says of its subscription was true then, and may be over since.
func polarOrders(ctx context.Context, h *History, since time.Time, give func(Record) bool) (bool, error) {
	return polarPages(ctx, h, "orders", "-created_at", func(o polarObject, raw json.RawMessage) (more, stop bool, err error) {
		made := newest(o.CreatedAt)
		if made.Before(since) {
			return true, true, nil
		}
		if !o.Paid {
			return true, false, nil
		}
		more, err = givePolar(h, give, "order.paid", made, raw)
		return more, false, err
	})
}

// polarRefunds tells of each order that was refunded, whenever it was made.
func polarRefunds(ctx context.Context, h *History, since time.Time, give func(Record) bool) (bool, error) {
	return polarPages(ctx, h, "refunds", "-created_at", func(o polarObject, raw json.RawMessage) (more, stop bool, err error) {
		made := newest(o.CreatedAt)
		if made.Before(since) {
			return true, true, nil
		}
		at := newest(o.CreatedAt, o.ModifiedAt)
		if o.OrderID == "" {
			return false, false, h.unexpected("refunds")
		}
		var order json.RawMessage
		if err := h.read(ctx, "order", "/v1/orders/"+url.PathEscape(o.OrderID), nil, &order); err != nil {
			return false, false, err
		}
		if more, err = givePolar(h, give, "refund.updated", at, raw); more && err == nil {
			more, err = givePolar(h, give, "order.refunded", at, order)
		}
		return more, false, err
	})
}

func givePolar(h *History, give func(Record) bool, kind string, at time.Time, data json.RawMessage) (more bool, err error) {
	record, err := h.enveloped(kind, polarEvent{Type: kind, Timestamp: at.UTC(), Data: data}, at)
	return err == nil && give(record), err
}

// polarPages walks a list until take says stop, or that no more is wanted. It
// returns whether more is wanted.
func polarPages(
	ctx context.Context, h *History, list, sorting string,
	take func(o polarObject, raw json.RawMessage) (more, stop bool, err error),
) (bool, error) {
	for number := 1; ; number++ {
		var page struct {
			Items      []json.RawMessage `json:"items"`
			Pagination struct {
				MaxPage int `json:"max_page"`
			} `json:"pagination"`
		}
		query := url.Values{"limit": {"100"}, "page": {strconv.Itoa(number)}, "sorting": {sorting}}
		if err := h.read(ctx, list, "/v1/"+list+"/", query, &page); err != nil {
			return false, err
		}
		for _, raw := range page.Items {
			var o polarObject
			if json.Unmarshal(raw, &o) != nil || o.ID == "" {
				return false, h.unexpected(list)
			}
			if more, stop, err := take(o, raw); err != nil || !more || stop {
				return more, err
			}
		}
		if number >= page.Pagination.MaxPage || len(page.Items) == 0 {
			return true, nil
		}
	}
}
