package campaignmonitor

import (
	"context"
	"net/http"
	"net/url"
)

// Webhook is a list's webhook. The API signs nothing it sends, so the URL holds
// a secret: it must not be logged.
type Webhook struct {
	ID     string
	URL    string
	Events []string // Subscribe, Deactivate, Update
	Active bool     // the vendor switches one off that errs for over a week
}

// Webhooks reads the webhooks of a list.
func (c *Client) Webhooks(ctx context.Context, list string) ([]Webhook, error) {
	var js elements[struct {
		WebhookID, URL, Status text
		Events                 elements[string]
	}]
	if err := c.do(ctx, request{op: OpWebhooksRead, method: http.MethodGet, path: webhooksPath(list)}, &js); err != nil {
		return nil, err
	}
	var hooks []Webhook
	for _, j := range js {
		hooks = append(hooks, Webhook{ID: string(j.WebhookID), URL: string(j.URL), Events: j.Events, Active: j.Status == "Active"})
	}
	return hooks, nil
}

// CreateWebhook registers target for the events of a list and returns its id.
func (c *Client) CreateWebhook(ctx context.Context, list, target string, events []string) (id string, err error) {
	body := struct {
		Events        []string
		URL           string `json:"Url"`
		PayloadFormat string
	}{events, target, "json"}
	err = c.do(ctx, request{op: OpWebhookCreate, method: http.MethodPost, path: webhooksPath(list), body: body}, &id)
	if err == nil && id == "" {
		err = unreadable(OpWebhookCreate, http.StatusCreated)
	}
	return id, err
}

// ActivateWebhook switches a webhook on again.
func (c *Client) ActivateWebhook(ctx context.Context, list, id string) error {
	path := webhooksPath(list) + "/" + url.PathEscape(id) + "/activate"
	return c.do(ctx, request{op: OpWebhookActivate, method: http.MethodPut, path: path}, nil)
}

// DeleteWebhook removes a webhook.
func (c *Client) DeleteWebhook(ctx context.Context, list, id string) error {
	path := webhooksPath(list) + "/" + url.PathEscape(id)
	return c.do(ctx, request{op: OpWebhookDelete, method: http.MethodDelete, path: path}, nil)
}

func webhooksPath(list string) string { return listPath(list) + "/webhooks" }
