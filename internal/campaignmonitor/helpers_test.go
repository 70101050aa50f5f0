package campaignmonitor_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
)

// The marks must never be seen in an error.
const (
	markedKey   = "k3yk3yk3yk3yk3yk3yk3yk3yk3yk3y00"
	markedEmail = "marked.person+tag@secret-domain.example"
	markedValue = "marked-field-value"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// respond answers every request with the same status, header and body.
func respond(status int, header http.Header, body string) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		if header == nil {
			header = http.Header{}
		}
		return &http.Response{StatusCode: status, Header: header.Clone(), Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func newClient(t testing.TB, o cm.Options) *cm.Client {
	t.Helper()
	if o.APIKey == "" {
		o.APIKey = markedKey
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{}
	}
	c, err := cm.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func stubbed(t testing.TB, f roundTrip) *cm.Client {
	t.Helper()
	return newClient(t, cm.Options{BaseURL: "https://cm.example/api/v3.3", HTTP: &http.Client{Transport: f}})
}

// A method of the client, called with marked arguments.
type method struct {
	op   string
	call func(context.Context, *cm.Client) error
}

func methods() []method {
	w := cm.Write{Email: markedEmail, Name: markedValue, Fields: []cm.Field{{Key: "[f]", Value: markedValue}}}
	return []method{
		{cm.OpSystemDate, func(ctx context.Context, c *cm.Client) error { _, err := c.SystemDate(ctx); return err }},
		{cm.OpSubscriberRead, func(ctx context.Context, c *cm.Client) error {
			_, err := c.Subscriber(ctx, "l", markedEmail)
			return err
		}},
		{cm.OpUpdate, func(ctx context.Context, c *cm.Client) error { return c.Update(ctx, "l", markedEmail, w) }},
		{cm.OpImport, func(ctx context.Context, c *cm.Client) error {
			_, err := c.Import(ctx, "l", cm.Import{Subscribers: []cm.Write{w}})
			return err
		}},
		{cm.OpUnsubscribe, func(ctx context.Context, c *cm.Client) error { return c.Unsubscribe(ctx, "l", markedEmail) }},
		{cm.OpDelete, func(ctx context.Context, c *cm.Client) error { return c.Delete(ctx, "l", markedEmail) }},
		{cm.OpSubscribersRead, func(ctx context.Context, c *cm.Client) error {
			for _, err := range c.Subscribers(ctx, "l", cm.StateActive, cm.Query{}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{cm.OpListRead, func(ctx context.Context, c *cm.Client) error { _, err := c.List(ctx, "l"); return err }},
		{cm.OpFieldsRead, func(ctx context.Context, c *cm.Client) error { _, err := c.Fields(ctx, "l"); return err }},
		{cm.OpFieldCreate, func(ctx context.Context, c *cm.Client) error {
			_, err := c.CreateField(ctx, "l", markedValue, "Text")
			return err
		}},
		{cm.OpWebhooksRead, func(ctx context.Context, c *cm.Client) error { _, err := c.Webhooks(ctx, "l"); return err }},
		{cm.OpWebhookCreate, func(ctx context.Context, c *cm.Client) error {
			_, err := c.CreateWebhook(ctx, "l", "https://ghostcm.example/"+markedValue, []string{"Update"})
			return err
		}},
		{cm.OpWebhookActivate, func(ctx context.Context, c *cm.Client) error { return c.ActivateWebhook(ctx, "l", "h") }},
		{cm.OpWebhookDelete, func(ctx context.Context, c *cm.Client) error { return c.DeleteWebhook(ctx, "l", "h") }},
	}
}
