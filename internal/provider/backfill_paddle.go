package provider

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// paddleSkew is how far Paddle's order, by ids, may be off that by times.
const paddleSkew = time.Hour

// paddleSince reads the very events of which the notifications told, the newest
// first: developer.paddle.com/api-reference/events/list-events. They name a customer
// by id; who that is, is asked for and told as customer.updated would.
func paddleSince(ctx context.Context, h *History, since time.Time, give func(Record) bool) error {
	query := url.Values{"per_page": {"200"}, "order_by": {"id[DESC]"}}
	customers := map[string]bool{} // whether they were asked for
	for {
		var page struct {
			Data []json.RawMessage `json:"data"`
			Meta struct {
				Pagination struct {
					HasMore bool `json:"has_more"`
				} `json:"pagination"`
			} `json:"meta"`
		}
		if err := h.read(ctx, "events", "/events", query, &page); err != nil {
			return err
		}
		last, old := "", false
		for _, raw := range page.Data {
			var event paddleEvent
			if json.Unmarshal(raw, &event) != nil || event.ID == "" {
				return h.unexpected("events")
			}
			last, old = event.ID, event.At.Before(since.Add(-paddleSkew))
			if event.At.Before(since) {
				continue
			}
			if !give(Record{Body: raw, At: event.At}) {
				return nil
			}
			if id := event.Data.Customer; id != "" && !customers[id] {
				customers[id] = false
			}
		}
		if more, err := paddleCustomers(ctx, h, customers, give); err != nil || !more {
			return err
		}
		if !page.Meta.Pagination.HasMore || last == "" || old {
			return nil
		}
		query.Set("after", last)
	}
}

// paddleEvent is what matters here of an event.
type paddleEvent struct {
	ID   string    `json:"event_id"`
	At   time.Time `json:"occurred_at"`
	Data struct {
		Customer string `json:"customer_id"`
	} `json:"data"`
}

// paddleCustomers tells who those customers are who were not asked for yet. It
// returns whether more is wanted.
func paddleCustomers(ctx context.Context, h *History, all map[string]bool, give func(Record) bool) (bool, error) {
	for id, asked := range all {
		if asked {
			continue
		}
		all[id] = true
		var answer struct {
			Data json.RawMessage `json:"data"`
		}
		err := h.read(ctx, "customer", "/customers/"+url.PathEscape(id), nil, &answer)
		if KindOf(err) == NotFound {
			continue
		}
		var customer struct {
			UpdatedAt time.Time `json:"updated_at"`
		}
		switch {
		case err != nil:
			return false, err
		case json.Unmarshal(answer.Data, &customer) != nil:
			return false, h.unexpected("customer")
		}
		record, err := h.enveloped("customer", map[string]any{
			"event_type": "customer.updated", "occurred_at": customer.UpdatedAt, "data": answer.Data,
		}, customer.UpdatedAt)
		if err != nil || !give(record) {
			return false, err
		}
	}
	return true, nil
}

func byPaddleKey(ctx context.Context, h *History) (http.Header, error) {
	header, err := byKey(ctx, h)
	header.Set("Paddle-Version", "1")
	return header, err
}
