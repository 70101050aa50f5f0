package provider

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const paypalEvents = "/v1/notifications/webhooks-events"

// paypalSince reads the very events of which the webhooks told, the newest first:
// developer.paypal.com/docs/api/webhooks/v1/#webhooks-events_list. PayPal has events
// of an app only since that has a webhook.
func paypalSince(ctx context.Context, h *History, since time.Time, give func(Record) bool) error {
	query := url.Values{
		"page_size": {"100"}, "start_time": {since.Format(time.RFC3339)}, // without fractions, or PayPal refuses it
		"end_time": {h.opt.Now().UTC().Format(time.RFC3339)},
	}
	for {
		var page struct {
			Events []json.RawMessage `json:"events"`
			Links  []struct {
				Rel  string `json:"rel"`
				Href string `json:"href"`
			} `json:"links"`
		}
		if err := h.read(ctx, "webhooks_events", paypalEvents, query, &page); err != nil {
			return err
		}
		for _, raw := range page.Events {
			var event struct {
				ID string    `json:"id"`
				At time.Time `json:"create_time"`
			}
			if json.Unmarshal(raw, &event) != nil || event.ID == "" {
				return h.unexpected("webhooks_events")
			}
			if !give(Record{Body: raw, At: event.At}) {
				return nil
			}
		}
		next := ""
		for _, l := range page.Links {
			if l.Rel == "next" {
				next = l.Href
			}
		}
		if next == "" || len(page.Events) == 0 {
			return nil
		}
		// Only what the link asks is taken from it, never where.
		link, err := url.Parse(next)
		if err != nil || link.Query().Encode() == query.Encode() {
			return h.unexpected("webhooks_events")
		}
		query = link.Query()
	}
}

// bearer is a token that PayPal gave for the key.
type bearer struct {
	text string
	ends time.Time
}

// byPayPalToken gets a token for the key where there is none that counts.
func byPayPalToken(ctx context.Context, h *History) (http.Header, error) {
	if h.token.text == "" || !h.opt.Now().Before(h.token.ends) {
		if err := h.renewToken(ctx); err != nil {
			return nil, err
		}
	}
	return http.Header{"Authorization": {"Bearer " + h.token.text}, "Accept": {"application/json"}}, nil
}

func (h *History) renewToken(ctx context.Context) error {
	if !strings.Contains(h.opt.Key, ":") {
		return &Error{Provider: h.books.name, Op: "token", Status: http.StatusUnauthorized, Hint: "the API key is not client:secret"}
	}
	var answer struct {
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
	}
	err := h.send(ctx, question{
		op: "token", method: http.MethodPost, url: h.books.bases[h.base] + "/v1/oauth2/token", limit: maxBooksAt,
		body: []byte("grant_type=client_credentials"), header: http.Header{
			"Content-Type":  {"application/x-www-form-urlencoded"},
			"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(h.opt.Key))},
		},
	}, &answer)
	switch {
	case err != nil:
		return err
	case answer.Token == "":
		return h.unexpected("token")
	}
	// A minute early, so that it does not end on the way.
	h.token = bearer{text: answer.Token, ends: h.opt.Now().Add(time.Duration(answer.Seconds)*time.Second - time.Minute)}
	return nil
}
