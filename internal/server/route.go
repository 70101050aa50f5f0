package server

import (
	"net/http"
	"strings"

	"github.com/ghostcm/ghostcm/internal/webhook"
)

// router finds the handler of a path. It is no http.ServeMux, which redirects
// from paths it would clean: Ghost follows a redirect, and its event may arrive
// elsewhere as a GET without a body, which Ghost counts as delivered.
type router struct {
	exact     map[string]http.Handler
	webhooks  map[string]http.Handler
	dashboard http.Handler
}

func newRouter(o Options) *router {
	vitals := newProbe(o)
	metrics := o.Metrics
	if metrics != nil && o.MetricsToken != "" {
		metrics = bearer(metrics, o.MetricsToken)
	}
	return &router{
		exact: map[string]http.Handler{
			"/health":  readOnly(&health{vitals: vitals, sites: o.Sites, now: o.Now}),
			"/livez":   readOnly(http.HandlerFunc(alive)),
			"/readyz":  readOnly(&ready{vitals: vitals}),
			"/metrics": readOnly(metrics),
			"/":        readOnly(root(o.Dashboard != nil)),

			"/favicon.ico": readOnly(o.Favicon),
		},
		webhooks:  o.Webhooks,
		dashboard: o.Dashboard,
	}
}

func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := rt.find(r.URL.Path)
	if h == nil {
		notFound(w, r)
		return
	}
	h.ServeHTTP(w, r)
}

func (rt *router) find(path string) http.Handler {
	if h := rt.exact[path]; h != nil {
		return h
	}
	if rest, ok := strings.CutPrefix(path, "/webhook/"); ok {
		kind, _, _ := strings.Cut(rest, "/")
		return rt.webhooks[kind]
	}
	if path == "/dashboard" || strings.HasPrefix(path, "/dashboard/") {
		return rt.dashboard
	}
	return nil
}

// root tells who came by what this is.
func root(dashboard bool) http.Handler {
	where := "Its pages for people are off: set DASHBOARD_PASSWORD where it runs."
	if dashboard {
		where = `People look at it at <a href="/dashboard">/dashboard</a>.`
	}
	page := "<!doctype html><html lang=en><meta name=viewport content=width=device-width><title>ghostcm</title>" +
		"<p>ghostcm brings the members of Ghost to Campaign Monitor. Ghost sends its webhooks here.<p>" + where
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
		_, _ = w.Write([]byte(page)) // fails only if the client is gone
	})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	webhook.LeaveBody(w, r)
	webhook.WriteError(w, http.StatusNotFound, "not_found", "There is nothing at this path.")
}

// readOnly lets GET and HEAD through. Of nil it makes nil.
func readOnly(next http.Handler) http.Handler {
	if next == nil {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		webhook.LeaveBody(w, r)
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			webhook.WriteError(w, http.StatusMethodNotAllowed, "method_not_allowed", "This path is read by GET.")
			return
		}
		next.ServeHTTP(w, r)
	})
}
