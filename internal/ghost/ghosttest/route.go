package ghosttest

import (
	"net/http"
	"strings"

	"github.com/ghostcm/ghostcm/internal/ghost"
)

const apiRoot = "/ghost/api/admin/"

// ServeHTTP answers one request to the Admin API. Paths are not cleaned as
// http.ServeMux does, because Ghost redirects only for a missing slash.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, apiRoot)
	if !ok {
		http.NotFound(w, r)
		return
	}
	route, id := routeOf(path)
	s.count(r.Method + " /" + route)
	fault, failed, delay := s.trouble()
	s.wait(r.Context(), delay)
	if failed && fault.CutAfter > 0 {
		w, failed = &cutter{ResponseWriter: w, left: fault.CutAfter}, false
	}
	switch {
	case failed:
		s.fail(w, r, fault)
	case r.Method == http.MethodHead:
		s.refuse(w, r, noPermission("Authorization failed", ""))
	case r.Method == http.MethodGet && !strings.HasSuffix(path, "/"):
		s.headers(w)
		http.Redirect(w, r, r.URL.Path+"/?"+r.URL.RawQuery, http.StatusMovedPermanently)
	default:
		s.dispatch(w, r, route, id)
	}
}

// routeOf names the route of a path, with its id taken out.
func routeOf(path string) (route, id string) {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	named := len(parts) == 2 && (parts[0] == "members" || parts[0] == "webhooks" || parts[0] == "labels")
	if named && parts[1] != "bulk" && parts[1] != "upload" {
		return parts[0] + "/:id/", parts[1]
	}
	return strings.Join(parts, "/") + "/", ""
}

func (s *Server) count(route string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[route]++
}

// endpoint answers an authorized request with a status and a body, or refuses.
type endpoint func(r *http.Request, id string) (status int, body any, refused *refusal)

func (s *Server) endpoint(method, route string) endpoint {
	switch method + " " + route {
	case "GET members/":
		return s.browse
	case "GET members/:id/":
		return s.read
	case "POST members/":
		return s.add
	case "PUT members/:id/":
		return s.editOne
	case "DELETE members/:id/":
		return s.deleteOne
	case "PUT members/bulk/":
		return s.bulkEdit
	case "DELETE members/":
		return s.bulkDelete
	case "GET members/upload/":
		return s.export
	case "POST members/upload/":
		return s.importCSV
	case "POST webhooks/":
		return s.addWebhook
	case "PUT webhooks/:id/":
		return s.editWebhook
	case "DELETE webhooks/:id/":
		return s.deleteWebhook
	case "GET labels/":
		return s.browseLabels
	case "POST labels/":
		return s.addLabel
	case "PUT labels/:id/":
		return s.editLabel
	case "DELETE labels/:id/":
		return s.deleteLabel
	case "GET config/":
		return s.describeConfig
	case "GET settings/":
		return s.describeSettings
	case "GET tiers/":
		return s.browseTiers
	}
	return nil
}

func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, route, id string) {
	if r.Method == http.MethodGet && route == "site/" {
		s.reply(w, r, http.StatusOK, s.describeSite())
		return
	}
	answer := s.endpoint(r.Method, route)
	if answer == nil {
		s.refuse(w, r, unknownRoute(r.Header.Get("Accept-Version"), s.opts.Version))
		return
	}
	if refused := s.authorize(r); refused != nil {
		s.refuse(w, r, refused)
		return
	}
	if id != "" && !ghost.ValidID(id) {
		noun := strings.TrimSuffix(route, "s/:id/")
		s.refuse(w, r, invalid(verbs()[r.Method], "Validation (matches) failed for id undefined.id", "").about(noun))
		return
	}
	status, body, refused := answer(r, id)
	if refused != nil {
		s.refuse(w, r, refused)
		return
	}
	s.reply(w, r, status, body)
}

// verbs are the words that Ghost's errors have for methods.
func verbs() map[string]string {
	return map[string]string{"GET": "read", "POST": "save", "PUT": "edit", "DELETE": "delete"}
}

// describeSite is public in Ghost: no key is needed.
func (s *Server) describeSite() object {
	return object{{"site", object{
		{"title", s.opts.Title}, {"description", "Thoughts, stories and ideas."}, {"logo", nil}, {"icon", nil},
		{"cover_image", nil}, {"accent_color", "#FF1A75"}, {"locale", "en"}, {"timezone", "Etc/UTC"},
		{"url", s.URL() + "/"}, {"version", s.opts.Version}, {"allow_external_signup", true},
		{"site_uuid", "3f7b1ba2-956e-4820-bf70-85eb59263731"},
	}}}
}
