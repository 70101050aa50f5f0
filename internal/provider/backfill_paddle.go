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
// first: developer.paddle.com/api-reference/events/list-events.
func paddleSince(ctx context.Context, h *History, since time.Time, give func(Record) bool) error {
	query := url.Values{"per_page": {"200"}, "order_by": {"id[DESC]"}}
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
			var event struct {
				ID string    `json:"event_id"`
				At time.Time `json:"occurred_at"`
			}
			if json.Unmarshal(raw, &event) != nil || event.ID == "" {
				return h.unexpected("events")
			}
			last, old = event.ID, event.At.Before(since.Add(-paddleSkew))
			if !event.At.Before(since) && !give(Record{Body: raw, At: event.At}) {
				return nil
			}
		}
		if !page.Meta.Pagination.HasMore || last == "" || old {
			return nil
		}
		query.Set("after", last)
	}
}

func byPaddleKey(ctx context.Context, h *History) (http.Header, error) {
	header, err := byKey(ctx, h)
	header.Set("Paddle-Version", "1")
	return header, err
}
