package ghost

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/ghostcm/ghostcm/internal/member"
)

// What Ghost stores of a webhook, in characters.
const (
	maxTargetURL   = 2000
	maxWebhookText = 191 // of a name, or a secret
)

// ErrInvalidWebhook says that a webhook was not sent to Ghost, because it would
// never fire, or never be believed. Ghost itself would take nearly anything.
var ErrInvalidWebhook = errors.New("webhook needs an event of members, an absolute target URL, and a secret")

// Webhook is what Ghost calls a webhook: the wish to be told of an event.
type Webhook struct {
	Event     member.EventType // Ghost takes other words too, and never fires them
	TargetURL string           // absolute, of http or https; 2000 characters at most
	Name      string           // for people, in Ghost's integration; may be empty
	Secret    string           // signs what Ghost sends; 191 characters at most
}

// AddWebhook registers a webhook with the integration of the Admin API key, and
// returns its id: keep it, Ghost has no list of webhooks for integrations.
//
// The error is ErrWebhookExists if any integration has one with this event and
// target URL, and ErrInvalidWebhook for one that is not worth sending.
func (c *Client) AddWebhook(ctx context.Context, w Webhook) (id string, err error) {
	return c.writeWebhook(ctx, w, call{
		op: "add_webhook", method: http.MethodPost, path: "webhooks/", want: http.StatusCreated, bytes: maxSingle,
	})
}

// EditWebhook makes a webhook of the key's own integration what w says. The
// error is ErrNotFound if it is gone, and of the kind Credentials if it belongs
// to another integration. Doing it twice is doing it once.
func (c *Client) EditWebhook(ctx context.Context, id string, w Webhook) error {
	path, err := webhookPath(id)
	if err != nil {
		return err
	}
	_, err = c.writeWebhook(ctx, w, call{op: "edit_webhook", method: http.MethodPut, path: path, bytes: maxSingle})
	return err
}

// DeleteWebhook deletes a webhook of the key's own integration, with the errors
// of EditWebhook.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	path, err := webhookPath(id)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, call{op: "delete_webhook", method: http.MethodDelete, path: path, want: http.StatusNoContent}, nil)
	return err
}

// writeWebhook reads of the answer no more than the id: Ghost echoes the secret.
func (c *Client) writeWebhook(ctx context.Context, w Webhook, call call) (id string, err error) {
	if !w.valid() {
		return "", ErrInvalidWebhook
	}
	type webhookJSON struct {
		Event     member.EventType `json:"event"`
		TargetURL string           `json:"target_url"`
		Name      string           `json:"name"`
		Secret    string           `json:"secret"`
	}
	call.send = map[string][]webhookJSON{"webhooks": {webhookJSON(w)}}
	var body struct {
		Webhooks [1]struct {
			ID string `json:"id"`
		} `json:"webhooks"`
	}
	if _, err := c.do(ctx, call, into(&body)); err != nil {
		return "", err
	}
	if id = body.Webhooks[0].ID; !ValidID(id) {
		return "", call.unreadable(errNoID)
	}
	return id, nil
}

func (w Webhook) valid() bool {
	target, err := url.Parse(w.TargetURL)
	return err == nil && (target.Scheme == "https" || target.Scheme == "http") && target.Host != "" &&
		utf8.RuneCountInString(w.TargetURL) <= maxTargetURL &&
		utf8.RuneCountInString(w.Name) <= maxWebhookText &&
		w.Secret != "" && utf8.RuneCountInString(w.Secret) <= maxWebhookText &&
		(w.Event == member.Added || w.Event == member.Edited || w.Event == member.Deleted)
}

func webhookPath(id string) (string, error) {
	if !ValidID(id) {
		return "", ErrInvalidWebhook
	}
	return "webhooks/" + id + "/", nil
}
