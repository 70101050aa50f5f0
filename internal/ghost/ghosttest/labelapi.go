package ghosttest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// browseLabels is GET /labels/: all of them, or the one that a filter names.
func (s *Server) browseLabels(r *http.Request, _ string) (int, any, *refusal) {
	f, err := parseFilter(r.URL.Query().Get("filter"))
	if err != nil {
		return 0, nil, badRequest("list", err.Error()).about("label")
	}
	named := len(f) == 1 && len(f[0]) == 1 && f[0][0].field == "name"
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, t := range s.site.labels.byName {
		if !named || slices.Contains(f[0][0].values, t.name) {
			names = append(names, t.name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
	rows := s.labelObjects(names)
	return http.StatusOK, object{{"labels", rows}, {"meta", pagination(1, max(1, len(rows)), len(rows))}}, nil
}

// addLabel is POST /labels/. A name that is there is refused.
func (s *Server) addLabel(r *http.Request, _ string) (int, any, *refusal) {
	name, refused := labelOf(r)
	if refused != nil {
		return 0, nil, refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.site.labels.find(name); taken {
		return 0, nil, invalid("save", "Label already exists", "name").about("label")
	}
	s.site.label(name)
	return http.StatusCreated, object{{"labels", s.labelObjects([]string{name})}}, nil
}

// editLabel is PUT /labels/:id/, which renames it.
func (s *Server) editLabel(r *http.Request, id string) (int, any, *refusal) {
	to, refused := labelOf(r)
	if refused != nil {
		return 0, nil, refused
	}
	from, ok := s.labelByID(id)
	if !ok {
		return 0, nil, notFound("edit", "Label not found.").about("label")
	}
	s.RenameLabel(from, to)
	s.mu.Lock()
	defer s.mu.Unlock()
	return http.StatusOK, object{{"labels", s.labelObjects([]string{to})}}, nil
}

func (s *Server) deleteLabel(_ *http.Request, id string) (int, any, *refusal) {
	name, ok := s.labelByID(id)
	if !ok {
		return 0, nil, notFound("delete", "Resource could not be found.").about("label")
	}
	s.DeleteLabel(name)
	return http.StatusNoContent, nil, nil
}

func labelOf(r *http.Request) (name string, refused *refusal) {
	var body struct {
		Labels []struct {
			Name string `json:"name"`
		} `json:"labels"`
	}
	verb := verbs()[r.Method]
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Labels) != 1 {
		return "", badRequest(verb, "No root key ('labels') provided.").about("label")
	}
	if name = strings.TrimSpace(body.Labels[0].Name); name == "" {
		return "", invalid(verb, `Validation (FieldIsRequired) failed for ["name"]`, "name").about("label")
	}
	return name, nil
}
