package cmtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"
)

type webhook struct {
	id, url string
	events  []string
	active  bool
}

// outgoing is a delivery to make once the request that caused it is answered.
type outgoing struct {
	url    string
	list   string
	events []map[string]any
}

// maxEvents is how many events the vendor puts into one POST.
const maxEvents = 1000

func (s *Server) readWebhooks(_ *call, l *list) reply {
	out := []map[string]any{}
	for _, h := range l.hooks {
		status := "Inactive"
		if h.active {
			status = "Active"
		}
		out = append(out, map[string]any{"WebhookID": h.id, "Events": h.events, "Url": h.url, "Status": status, "PayloadFormat": "Json"})
	}
	return ok(out)
}

func (s *Server) createWebhook(c *call, l *list) reply {
	var b struct {
		Events             []string
		URL, PayloadFormat str
	}
	if json.Unmarshal(c.body, &b) != nil {
		return undecodable("webhook")
	}
	u, err := url.Parse(string(b.URL))
	unknown := func(e string) bool { return !slices.Contains([]string{"Subscribe", "Deactivate", "Update"}, e) }
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return bad(601, "Invalid webhook URL")
	case b.PayloadFormat != "json" && b.PayloadFormat != "Json" && b.PayloadFormat != "xml":
		return bad(602, "Invalid payload format")
	case len(b.Events) == 0 || slices.ContainsFunc(b.Events, unknown):
		return bad(603, "Invalid event")
	}
	h := &webhook{id: s.newID(16), url: string(b.URL), events: b.Events, active: true}
	l.hooks = append(l.hooks, h)
	return created(h.id)
}

func (s *Server) onWebhook(handle func(*list, *webhook) reply) func(*call, *list) reply {
	return func(c *call, l *list) reply {
		i := slices.IndexFunc(l.hooks, func(h *webhook) bool { return h.id == c.req.PathValue("hook") })
		if i < 0 {
			return notFound()
		}
		return handle(l, l.hooks[i])
	}
}

func (s *Server) deleteWebhook(l *list, h *webhook) reply {
	l.hooks = slices.DeleteFunc(l.hooks, func(other *webhook) bool { return other == h })
	return done()
}

func (s *Server) switchWebhook(active bool) func(*list, *webhook) reply {
	return func(_ *list, h *webhook) reply {
		h.active = active
		return done()
	}
}

// testWebhook queues a sample of every event that the webhook is for. Unlike the
// real one it does not wait for the receiver, so it never answers 610.
func (s *Server) testWebhook(l *list, h *webhook) reply {
	out := outgoing{url: h.url, list: l.id}
	for _, e := range h.events {
		out.events = append(out.events, map[string]any{"Type": e, "Date": s.now().Format(time.DateTime),
			"EmailAddress": "test@example.org", "Name": "Test Subscriber", "State": "Active", "CustomFields": []valueView{}})
	}
	s.outbox = append(s.outbox, out)
	return done()
}

// event tells the list's webhooks what happened to a subscriber; old is the
// address before an update.
func (s *Server) event(l *list, sub *subscriber, kind, old string) {
	for _, h := range l.hooks {
		if !h.active || !slices.Contains(h.events, kind) {
			continue
		}
		v := s.view(l, sub, false)
		e := map[string]any{
			"Type": kind, "Date": s.now().Format(time.DateTime),
			"EmailAddress": v.EmailAddress, "Name": v.Name, "CustomFields": v.CustomFields,
		}
		switch kind {
		case "Subscribe":
			e["SignupIPAddress"] = "127.0.0.1"
		case "Update":
			e["OldEmailAddress"], e["State"] = old, v.State
		default:
			e["State"] = v.State
		}
		s.post(outgoing{url: h.url, list: l.id, events: []map[string]any{e}})
	}
}

// post joins a delivery to the last one for the same receiver, if there is room.
func (s *Server) post(o outgoing) {
	for i := range s.outbox {
		if w := &s.outbox[i]; w.url == o.url && w.list == o.list && len(w.events) < maxEvents {
			w.events = append(w.events, o.events...)
			return
		}
	}
	s.outbox = append(s.outbox, o)
}

// deliver sends the waiting webhooks, after the client has its answer. What the
// receiver says is ignored: the vendor's retries are not documented.
func (s *Server) deliver(w http.ResponseWriter) {
	s.mu.Lock()
	idle := len(s.outbox) == 0
	s.mu.Unlock()
	if idle {
		return // without taking the lock: a receiver may be asking the API right now
	}
	if w != nil {
		_ = http.NewResponseController(w).Flush() // a cut connection has nothing to flush
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	s.mu.Lock()
	waiting := s.outbox
	s.outbox = nil
	s.mu.Unlock()
	if s.opts.Send == nil {
		return
	}
	for _, o := range waiting {
		payload, err := json.Marshal(map[string]any{"ListID": o.list, "Events": o.events})
		if err != nil {
			panic(err) // events are this package's own types
		}
		_ = s.opts.Send(o.url, payload)
	}
}
