package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// refundable is how old an order or invoice may be whose refund is still noticed:
// Lemon Squeezy lists by when they were made only.
const refundable = 100 * 24 * time.Hour

// lemonSqueezySince makes events of what the books show: there is no list of the
// webhooks' events. docs.lemonsqueezy.com/api: everything comes the newest first, by
// when it was made. All subscriptions are walked, since they change for years.
func lemonSqueezySince(ctx context.Context, h *History, since time.Time, give func(Record) bool) error {
	for _, list := range []squeezedList{
		{"subscriptions", func(squeezed) []string { return []string{"subscription_updated"} }, 0},
		{"orders", func(s squeezed) []string { return s.events("order_created", "order_refunded") }, refundable},
		{"subscription-invoices", func(s squeezed) []string {
			return s.events("subscription_payment_success", "subscription_payment_refunded")
		}, refundable},
	} {
		if more, err := list.read(ctx, h, since, give); err != nil || !more {
			return err
		}
	}
	return nil
}

// squeezedList is one list of Lemon Squeezy's.
type squeezedList struct {
	name    string
	events  func(squeezed) []string // what its webhooks would be called
	changes time.Duration           // how long after it was made a record changes; 0 is always
}

// squeezed is what Lemon Squeezy's records have that matters here.
type squeezed struct {
	ID         string `json:"id"`
	Attributes struct {
		Status     string     `json:"status"`
		CreatedAt  *time.Time `json:"created_at"`
		UpdatedAt  *time.Time `json:"updated_at"`
		RefundedAt *time.Time `json:"refunded_at"`
		TestMode   bool       `json:"test_mode"`
	} `json:"attributes"`
}

// events are those of money that came, and perhaps went back. What failed or is
// pending has none: it says nothing of access.
func (s squeezed) events(paid, refunded string) []string {
	switch s.Attributes.Status {
	case "refunded", "partial_refund":
		return []string{paid, refunded}
	case "paid", "fraudulent":
		return []string{paid}
	}
	return nil
}

// asPaid is a record as it was before money went back.
func asPaid(raw json.RawMessage) (json.RawMessage, error) {
	var record map[string]json.RawMessage
	var attributes map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(raw, &record), json.Unmarshal(record["attributes"], &attributes)); err != nil {
		return nil, err
	}
	attributes["status"] = json.RawMessage(`"paid"`)
	var err error
	if record["attributes"], err = json.Marshal(attributes); err != nil {
		return nil, err
	}
	return json.Marshal(record)
}

// squeezedEvent is what Lemon Squeezy's webhooks look like. What the buy link
// carried (meta.custom_data) is not in the books.
type squeezedEvent struct {
	Meta struct {
		TestMode bool   `json:"test_mode"`
		Event    string `json:"event_name"`
	} `json:"meta"`
	Data json.RawMessage `json:"data"`
}

func (l squeezedList) read(ctx context.Context, h *History, since time.Time, give func(Record) bool) (bool, error) {
	for number := 1; ; number++ {
		var page struct {
			Data []json.RawMessage `json:"data"`
			Meta struct {
				Page struct {
					Last int `json:"lastPage"`
				} `json:"page"`
			} `json:"meta"`
		}
		query := url.Values{"page[size]": {"100"}, "page[number]": {strconv.Itoa(number)}}
		if err := h.read(ctx, l.name, "/v1/"+l.name, query, &page); err != nil {
			return false, err
		}
		for _, raw := range page.Data {
			var s squeezed
			if json.Unmarshal(raw, &s) != nil || s.ID == "" {
				return false, h.unexpected(l.name)
			}
			if l.changes > 0 && newest(s.Attributes.CreatedAt).Before(since.Add(-l.changes)) {
				return true, nil
			}
			if more, err := l.give(h, s, raw, since, give); err != nil || !more {
				return false, err
			}
		}
		if number >= page.Meta.Page.Last || len(page.Data) == 0 {
			return true, nil
		}
	}
}

func (l squeezedList) give(
	h *History, s squeezed, raw json.RawMessage, since time.Time, give func(Record) bool,
) (more bool, err error) {
	changed := newest(s.Attributes.CreatedAt, s.Attributes.UpdatedAt, s.Attributes.RefundedAt)
	if changed.Before(since) {
		return true, nil
	}
	events := l.events(s)
	for i, name := range events {
		event := squeezedEvent{Data: raw}
		event.Meta.Event, event.Meta.TestMode = name, s.Attributes.TestMode
		if i+1 < len(events) {
			if event.Data, err = asPaid(raw); err != nil {
				return false, h.unexpected(l.name)
			}
		}
		record, err := h.enveloped(l.name, event, changed)
		if err != nil || !give(record) {
			return false, err
		}
	}
	return true, nil
}

func byJSONAPI(ctx context.Context, h *History) (http.Header, error) {
	header, err := byKey(ctx, h)
	header.Set("Accept", "application/vnd.api+json")
	header.Set("Content-Type", "application/vnd.api+json")
	return header, err
}
