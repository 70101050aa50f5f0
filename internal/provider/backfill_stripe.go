package provider

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"
)

// stripeTypes are the events that say something of access; Stripe takes 20 at most.
func stripeTypes() []string {
	return []string{
		"checkout.session.completed", "checkout.session.async_payment_succeeded",
		"customer.created", "customer.updated",
		"customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
		"customer.subscription.paused", "customer.subscription.resumed",
		"invoice.paid", "invoice.payment_succeeded", "invoice.payment_failed", "invoice_payment.paid",
		"charge.refunded", "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
		"charge.dispute.funds_reinstated",
	}
}

// stripeSince reads the very events of which the webhooks told, ids and all, the
// newest first: docs.stripe.com/api/events/list.
func stripeSince(ctx context.Context, h *History, since time.Time, give func(Record) bool) error {
	query := url.Values{"limit": {"100"}, "created[gte]": {strconv.FormatInt(since.Unix(), 10)}, "types[]": stripeTypes()}
	for {
		var page struct {
			Data    []json.RawMessage `json:"data"`
			HasMore bool              `json:"has_more"`
		}
		if err := h.read(ctx, "events", "/v1/events", query, &page); err != nil {
			return err
		}
		last := ""
		for _, raw := range page.Data {
			var event struct {
				ID      string `json:"id"`
				Created int64  `json:"created"`
			}
			if json.Unmarshal(raw, &event) != nil || event.ID == "" {
				return h.unexpected("events")
			}
			last = event.ID
			if !give(Record{Body: raw, At: time.Unix(event.Created, 0).UTC()}) {
				return nil
			}
		}
		if !page.HasMore || last == "" {
			return nil
		}
		query.Set("starting_after", last)
	}
}
