package ghosttest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// webhook is one that is registered by the API.
type webhook struct {
	id, event, target string
	name, secret      *string // nil is null
	integration       string
	created, updated  time.Time
	triggered         time.Time // when it was last sent; zero is never
	status            int       // of the last answer; 0 is none
	failure           string    // why there was none
}

// webhookBody is a webhook in a request. Whose it is, the key says.
type webhookBody struct {
	Event     *string `json:"event"`
	TargetURL *string `json:"target_url"`
	Name      *string `json:"name"`
	Secret    *string `json:"secret"`
}

// RegisteredWebhook is a webhook that was registered by the API.
type RegisteredWebhook struct{ ID, Event, TargetURL, Name, Secret string }

// RegisteredWebhooks returns the webhooks that the API registered, with the
// oldest first. Ghost itself shows them to no integration.
func (s *Server) RegisteredWebhooks() []RegisteredWebhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []RegisteredWebhook
	for _, h := range s.hooks.registered {
		out = append(out, RegisteredWebhook{
			ID: h.id, Event: h.event, TargetURL: h.target, Name: orEmpty(h.name), Secret: orEmpty(h.secret),
		})
	}
	return out
}

// RegisterElsewhere adds a webhook of another integration than the one that the
// key belongs to, and returns its id.
func (s *Server) RegisterElsewhere(event, target string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.register(webhookBody{Event: &event, TargetURL: &target}, "another").id
}

func (s *Server) addWebhook(r *http.Request, _ string) (int, any, *refusal) {
	b, refused := webhookOf(r)
	if refused != nil {
		return 0, nil, refused
	}
	if orEmpty(b.Event) == "" || orEmpty(b.TargetURL) == "" {
		return 0, nil, invalid("save", "Validation failed for webhooks[0].", "webhooks").about("webhook")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used(*b.Event, *b.TargetURL) {
		return 0, nil, invalid("save", "Target URL has already been used for this event.", "").about("webhook")
	}
	return http.StatusCreated, s.register(b, s.integration()).shown(s), nil
}

// used says whether any integration has a webhook with the event and target,
// whose case does not count. Callers hold the lock.
func (s *Server) used(event, target string) bool {
	return strings.EqualFold(s.staffTarget(event), target) || slices.ContainsFunc(s.hooks.registered, func(h *webhook) bool {
		return strings.EqualFold(h.event, event) && strings.EqualFold(h.target, target)
	})
}

func (s *Server) editWebhook(r *http.Request, id string) (int, any, *refusal) {
	b, refused := webhookOf(r)
	if refused != nil {
		return 0, nil, refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, refused := s.ownWebhook(id, "edit")
	if refused != nil {
		return 0, nil, refused
	}
	h := s.hooks.registered[at]
	if b.Event != nil {
		h.event = *b.Event
	}
	if b.TargetURL != nil {
		h.target = *b.TargetURL
	}
	if b.Name != nil {
		h.name = b.Name
	}
	if b.Secret != nil {
		h.secret = b.Secret
	}
	h.updated = s.now()
	return http.StatusOK, h.shown(s), nil
}

func (s *Server) deleteWebhook(_ *http.Request, id string) (int, any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, refused := s.ownWebhook(id, "delete")
	if refused != nil {
		return 0, nil, refused
	}
	s.hooks.registered = slices.Delete(s.hooks.registered, at, at+1)
	return http.StatusNoContent, nil, nil
}

// webhookOf reads the one webhook of a request, and refuses what the columns of
// the database do not hold. It does not look at what the words mean: neither
// does Ghost.
func webhookOf(r *http.Request) (webhookBody, *refusal) {
	verb := verbs()[r.Method]
	var body struct {
		Webhooks []webhookBody `json:"webhooks"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Webhooks) == 0 {
		return webhookBody{}, badRequest(verb, "No root key ('webhooks') provided.").about("webhook")
	}
	b := body.Webhooks[0]
	if len(body.Webhooks) > 1 || longer(b.TargetURL, 2000) || longer(b.Event, 50) || longer(b.Name, 191) || longer(b.Secret, 191) {
		return webhookBody{}, invalid(verb, "Validation failed for webhooks.", "webhooks").about("webhook")
	}
	return b, nil
}

// ownWebhook finds a webhook of the key's integration. Callers hold the lock.
func (s *Server) ownWebhook(id, verb string) (at int, refused *refusal) {
	at = slices.IndexFunc(s.hooks.registered, func(h *webhook) bool { return h.id == id })
	if at < 0 {
		return 0, notFound(verb, "Webhook not found.").about("webhook")
	}
	if s.hooks.registered[at].integration != s.integration() {
		return 0, noPermission("Permission error, cannot "+verb+" webhook.",
			"You do not have permission to "+verb+" this webhook. You may only "+verb+
				" webhooks that belong to the authenticated integration. Check the supplied Admin API Key.")
	}
	return at, nil
}

// register stores a webhook. Callers hold the lock.
func (s *Server) register(b webhookBody, integration string) *webhook {
	h := &webhook{
		id: s.site.ids.next(), event: *b.Event, target: *b.TargetURL, name: b.Name, secret: b.Secret,
		integration: integration, created: s.now(), updated: s.now(),
	}
	s.hooks.registered = append(s.hooks.registered, h)
	return h
}

// integration is the id of the integration that the key belongs to.
func (s *Server) integration() string { return s.key.id }

func (h *webhook) shown(s *Server) object {
	status, failure := any(nil), any(nil)
	if h.status != 0 {
		status = h.status
	}
	if h.failure != "" {
		failure = h.failure
	}
	return object{{"webhooks", []object{{
		{"id", h.id}, {"event", h.event}, {"target_url", h.target}, {"name", orNull(h.name)}, {"secret", orNull(h.secret)},
		{"api_version", "v" + s.opts.Version}, {"integration_id", h.integration},
		{"created_at", iso(h.created)}, {"updated_at", iso(h.updated)},
		{"last_triggered_at", isoOrNull(h.triggered)}, {"last_triggered_status", status}, {"last_triggered_error", failure},
	}}}}
}

func longer(p *string, most int) bool { return p != nil && utf8.RuneCountInString(*p) > most }

func orNull(p *string) any {
	if p == nil {
		return nil
	}
	return *p
}

func orEmpty(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
