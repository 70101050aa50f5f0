package ghosttest

import (
	"encoding/json"
	"errors"
	"net/http"
)

// bulkEdit is PUT /members/bulk/: add a label, remove one, or unsubscribe.
func (s *Server) bulkEdit(r *http.Request, _ string) (int, any, *refusal) {
	var body struct {
		Bulk struct {
			Action string `json:"action"`
			Meta   struct {
				Label idBody `json:"label"`
			} `json:"meta"`
		} `json:"bulk"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return 0, nil, badRequest("edit", "No root key ('bulk') provided.")
	}
	match, refused := s.matching(r)
	if refused != nil {
		return 0, nil, refused
	}
	n := 0
	switch body.Bulk.Action {
	case "unsubscribe":
		n = s.BulkUnsubscribe(match)
	case "addLabel", "removeLabel":
		label, ok := s.labelByID(body.Bulk.Meta.Label.ID)
		if !ok {
			return 0, nil, notFound("edit", "")
		}
		n = s.bulkLabel(body.Bulk.Action, label, match)
	default:
		return 0, nil, invalid("edit", "Validation failed for action.", "action")
	}
	return http.StatusOK, object{{"bulk", object{{"meta", object{
		{"stats", stats(n)}, {"errors", []any{}}, {"unsuccessfulData", []any{}},
	}}}}}, nil
}

func (s *Server) bulkLabel(action, label string, match func(Member) bool) int {
	if action == "removeLabel" {
		return s.BulkUnlabel(label, match)
	}
	return s.BulkLabel(label, match)
}

// bulkDelete is DELETE /members/?filter=…; without a filter Ghost wants all=true.
func (s *Server) bulkDelete(r *http.Request, _ string) (int, any, *refusal) {
	query := r.URL.Query()
	if query.Get("filter") == "" && query.Get("all") != "true" {
		return 0, nil, badRequest("delete", "")
	}
	match, refused := s.matching(r)
	if refused != nil {
		return 0, nil, refused
	}
	n := s.BulkDelete(match)
	return http.StatusOK, object{{"meta", object{
		{"stats", stats(n)}, {"unsuccessfulIds", []any{}}, {"errors", []any{}},
	}}}, nil
}

// matching returns the filter of a request as a function that bulk methods
// call with the lock held.
func (s *Server) matching(r *http.Request) (func(Member) bool, *refusal) {
	f, err := parseFilter(r.URL.Query().Get("filter"))
	if errors.Is(err, errColumn) {
		return nil, internal() // only a list of members looks before it asks the database
	}
	if err != nil {
		return nil, badRequest("edit", err.Error())
	}
	return func(m Member) bool { return f.match(s, &m) }, nil
}

func (s *Server) labelByID(id string) (name string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.site.labels.findID(id)
	return l.name, ok
}

func stats(n int) object { return object{{"successful", n}, {"unsuccessful", 0}} }
