package doctor

import (
	"context"
	"errors"
	"strings"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/store"
)

// webhooks registers the three webhooks of members in Ghost. One that is
// remembered is edited, which also tells whether it is still there.
func (m *mending) webhooks(ctx context.Context) {
	const what = "registered the webhooks in Ghost"
	if m.Ghost == nil || m.PublicURL == "" {
		return
	}
	if _, err := m.config(); err != nil {
		return // the check of the key says why
	}
	hooks, err := m.hooks()
	if err != nil {
		return // an id that cannot be kept is better not made
	}
	base, may := m.reachable(what)
	if !may {
		return
	}
	digest := m.digest()
	for _, event := range events() {
		wish := ghost.Webhook{
			Event: event, TargetURL: m.target(base, event), Name: "ghostcm " + m.Name + " " + string(event), Secret: m.Secret,
		}
		m.register(ctx, wish, hooks[string(event)], digest)
	}
}

// register makes one webhook what is wished, and remembers it.
func (m *mending) register(ctx context.Context, wish ghost.Webhook, old store.Hook, digest string) {
	id, err := m.place(ctx, wish, old)
	what := "registered the webhook of " + string(wish.Event) + " in Ghost"
	if id != "" && id == old.ID {
		what = "changed the webhook of " + string(wish.Event) + " in Ghost"
	}
	next := store.Hook{ID: id, URL: wish.TargetURL, Digest: digest, At: m.Now().UTC()}
	switch {
	case errors.Is(err, ghost.ErrWebhookExists):
		m.did(what, "Ghost has one with this address already, which was not registered from here, or whose id is forgotten. "+
			"In Ghost, Settings, Integrations, see that its secret is the configured one; or delete it, and run this again")
		return
	case err != nil:
		m.did(what, err.Error())
		return
	case id == old.ID && next.URL == old.URL && next.Digest == old.Digest:
		return // nothing was changed, and nothing is said
	}
	m.did(what, "")
	if err := m.Store.KeepHook(ctx, m.Name, string(wish.Event), next); err != nil {
		m.did("remembered the webhook of "+string(wish.Event), m.Reason(err))
	}
}

// place edits the old webhook, or adds one where there is none any more, or
// where it belongs to an integration whose key is no longer used.
func (m *mending) place(ctx context.Context, wish ghost.Webhook, old store.Hook) (id string, err error) {
	if old.ID != "" {
		_, err := ask(ctx, m.turns, questionWithin, func(ctx context.Context) (string, error) {
			return "", m.Ghost.EditWebhook(ctx, old.ID, wish)
		})
		if err == nil || !isGone(err) {
			return old.ID, err
		}
	}
	return ask(ctx, m.turns, questionWithin, func(ctx context.Context) (string, error) { return m.Ghost.AddWebhook(ctx, wish) })
}

func isGone(err error) bool {
	var e *ghost.Error
	return errors.Is(err, ghost.ErrNotFound) || errors.As(err, &e) && e.Kind() == ghost.Credentials
}

// listWebhook registers the list's webhook, switches it on again, and removes
// those that an earlier token or address has left.
func (m *mending) listWebhook(ctx context.Context) {
	if m.ListToken == "" {
		return
	}
	hooks, err := m.listHook()
	if err != nil {
		return
	}
	ours, found := m.ourListHook(hooks)
	base := m.PublicURL
	if base == "" || found && ours.URL == strings.TrimRight(base, "/")+m.listPath() && m.hasEvent(ours) {
		if found && !ours.Active {
			m.try(ctx, "switched the list's webhook on again", func(ctx context.Context) error {
				return m.List.ActivateWebhook(ctx, m.ListID, ours.ID)
			})
		}
		return
	}
	const what = "registered the list's webhook in Campaign Monitor"
	base, may := m.reachable(what)
	if !may {
		return
	}
	made := m.try(ctx, what, func(ctx context.Context) error {
		_, err := m.List.CreateWebhook(ctx, m.ListID, base+m.listPath(), []string{deactivate})
		return err
	})
	if made {
		m.removeOld(ctx, hooks)
	}
}

func (m *mending) removeOld(ctx context.Context, hooks []campaignmonitor.Webhook) {
	for _, h := range hooks {
		if strings.Contains(h.URL, "/webhook/campaignmonitor/"+m.Name+"/") {
			m.try(ctx, "removed an older webhook of the list, to "+hostOf(h.URL), func(ctx context.Context) error {
				return m.List.DeleteWebhook(ctx, m.ListID, h.ID)
			})
		}
	}
}

func (m *mending) hasEvent(h campaignmonitor.Webhook) bool {
	for _, e := range h.Events {
		if e == deactivate {
			return true
		}
	}
	return false
}
