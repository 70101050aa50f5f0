package cmtest

import (
	"net/http"
	"net/url"
	"strings"
)

// handlerFunc answers a request; it runs with the server's lock held.
type handlerFunc func(*call) reply

// route finds the handler of a request, nil if there is none, and reads what
// the record needs.
func (s *Server) route(r *http.Request, body []byte) (*call, handlerFunc) {
	c := &call{op: "unknown", req: r, body: body, query: lowerKeys(r.URL.Query())}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/")
	c.version, path, _ = strings.Cut(path, "/")
	path, isJSON := strings.CutSuffix(path, ".json")
	if !isJSON {
		return c, nil // XML is the default of the real one; this one does not speak it
	}
	inner := r.Clone(r.Context())
	inner.Host = ""
	if u, err := url.Parse("/" + path); err == nil {
		inner.URL = u
	}
	h, pattern := s.routes.Handler(inner)
	e, found := h.(endpoint)
	if !found || pattern == "" {
		return c, nil
	}
	// Only the multiplexer's own ServeHTTP fills in the path values.
	s.routes.ServeHTTP(discard{}, inner)
	c.req, c.op = inner, e.op
	c.emails = touched(c.query, body)
	return c, e.handle
}

// lowerKeys makes query parameters independent of case, as property names are.
func lowerKeys(q url.Values) url.Values {
	out := url.Values{}
	for k, v := range q {
		out[strings.ToLower(k)] = append(out[strings.ToLower(k)], v...)
	}
	return out
}

// endpoint is what a pattern of the multiplexer leads to.
type endpoint struct {
	op     string
	handle handlerFunc
}

// ServeHTTP does nothing: the multiplexer is only asked for the way.
func (endpoint) ServeHTTP(http.ResponseWriter, *http.Request) {}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

func (c *call) list() string { return c.req.PathValue("list") }

// writes says whether an operation writes subscribers.
func writes(op string) bool {
	switch op {
	case "subscriber_add", "subscriber_update", "subscribers_import", "subscriber_unsubscribe", "subscriber_delete":
		return true
	}
	return false
}

// onList gives the handler the list of the path, or answers that there is none.
func (s *Server) onList(handle func(*call, *list) reply) handlerFunc {
	return func(c *call) reply {
		l := s.find(c.list())
		if l == nil {
			return refuse(s.opts.UnknownList.Status, s.opts.UnknownList.Code, "Invalid ListID")
		}
		return handle(c, l)
	}
}

func (s *Server) newRoutes() *http.ServeMux {
	m := http.NewServeMux()
	add := func(pattern, op string, h handlerFunc) { m.Handle(pattern, endpoint{op, h}) }
	on := func(pattern, op string, h func(*call, *list) reply) { add(pattern, op, s.onList(h)) }

	add("GET /systemdate", "system_date", s.systemDate)
	on("GET /subscribers/{list}", "subscriber_read", s.readSubscriber)
	on("POST /subscribers/{list}", "subscriber_add", s.addSubscriber)
	on("PUT /subscribers/{list}", "subscriber_update", s.updateSubscriber)
	on("DELETE /subscribers/{list}", "subscriber_delete", s.deleteSubscriber)
	on("POST /subscribers/{list}/import", "subscribers_import", s.importSubscribers)
	on("POST /subscribers/{list}/unsubscribe", "subscriber_unsubscribe", s.unsubscribe)

	on("GET /lists/{list}", "list_read", s.readList)
	on("PUT /lists/{list}", "list_update", s.updateList)
	add("POST /lists/{client}", "list_create", s.createList)
	on("GET /lists/{list}/stats", "list_stats", s.listStats)
	for _, state := range states {
		on("GET /lists/{list}/"+strings.ToLower(state), "subscribers_read", s.readState(state))
	}
	s.routeFields(on)
	s.routeWebhooks(on)
	s.routeClients(add)
	return m
}

func (s *Server) routeFields(on func(string, string, func(*call, *list) reply)) {
	on("GET /lists/{list}/customfields", "fields_read", s.readFields)
	on("POST /lists/{list}/customfields", "field_create", s.createField)
	on("PUT /lists/{list}/customfields/{key}", "field_update", s.onField(s.updateField))
	on("PUT /lists/{list}/customfields/{key}/options", "field_options", s.onField(s.updateOptions))
	on("DELETE /lists/{list}/customfields/{key}", "field_delete", s.onField(s.deleteField))
}

func (s *Server) routeWebhooks(on func(string, string, func(*call, *list) reply)) {
	on("GET /lists/{list}/webhooks", "webhooks_read", s.readWebhooks)
	on("POST /lists/{list}/webhooks", "webhook_create", s.createWebhook)
	on("DELETE /lists/{list}/webhooks/{hook}", "webhook_delete", s.onWebhook(s.deleteWebhook))
	on("GET /lists/{list}/webhooks/{hook}/test", "webhook_test", s.onWebhook(s.testWebhook))
	on("PUT /lists/{list}/webhooks/{hook}/activate", "webhook_activate", s.onWebhook(s.switchWebhook(true)))
	on("PUT /lists/{list}/webhooks/{hook}/deactivate", "webhook_deactivate", s.onWebhook(s.switchWebhook(false)))
}

func (s *Server) routeClients(add func(string, string, handlerFunc)) {
	add("GET /clients", "clients", s.clients)
	add("GET /clients/{client}/lists", "client_lists", s.clientLists)
	add("GET /clients/{client}/listsforemail", "client_lists_for_email", s.listsForEmail)
	add("GET /clients/{client}/suppressionlist", "suppression_read", s.readSuppression)
	add("POST /clients/{client}/suppress", "suppress", s.suppress)
	add("PUT /clients/{client}/unsuppress", "unsuppress", s.unsuppress)
}
