package ghosttest

import (
	"encoding/json"
	"errors"
	"net/http"
)

// memberBody is a member in a request. What Ghost ignores is not here.
type memberBody struct {
	Email       *string         `json:"email"`
	Name        json.RawMessage `json:"name"` // a pointer could not tell null from missing
	Note        *string         `json:"note"`
	Labels      *[]labelBody    `json:"labels"`
	Newsletters *[]idBody       `json:"newsletters"`
	Subscribed  *bool           `json:"subscribed"`
	Tiers       *[]tierBody     `json:"tiers"`
	Comped      *bool           `json:"comped"`
}

type idBody struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type tierBody struct {
	ID       string  `json:"id"`
	Slug     string  `json:"slug"`
	Name     string  `json:"name"`
	ExpiryAt *string `json:"expiry_at"`
}

// labelBody is a label by its name alone, or by its name and perhaps id in an object.
type labelBody idBody

func (l *labelBody) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &l.Name); err == nil {
		return nil
	}
	return json.Unmarshal(b, (*idBody)(l))
}

// bodyOf reads the one member of a request.
func bodyOf(r *http.Request) (memberBody, *refusal) {
	verb := verbs()[r.Method]
	var body struct {
		Members []json.RawMessage `json:"members"`
	}
	noRoot := badRequest(verb, "No root key ('members') provided.")
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Members) == 0 {
		return memberBody{}, noRoot
	}
	if len(body.Members) > 1 {
		return memberBody{}, invalid(verb, "Validation failed for members.", "members")
	}
	b, ok := memberOf(body.Members[0])
	if !ok {
		return memberBody{}, noRoot
	}
	return b, b.refused(verb)
}

func (s *Server) add(r *http.Request, _ string) (int, any, *refusal) {
	b, refused := bodyOf(r)
	if refused != nil {
		return 0, nil, refused
	}
	if b.Email == nil || *b.Email == "" {
		return 0, nil, invalid("save", `Validation (FieldIsRequired) failed for ["email"]`, "")
	}
	s.mu.Lock()
	m := Member{}
	if refused := s.applyNew(&m, b); refused != nil {
		s.mu.Unlock()
		return 0, nil, refused
	}
	stored, err := s.insert(m)
	if err != nil {
		s.mu.Unlock()
		return 0, nil, refusalOf(err, "save", "add")
	}
	if query := r.URL.Query(); query.Get("send_email") == "true" {
		s.mails = append(s.mails, Mail{To: stored.Email, Type: query.Get("email_type")})
	}
	d, body := s.addedHook(stored), s.one(*stored)
	s.mu.Unlock()
	s.fire(d)
	return http.StatusCreated, body, nil
}

// applyNew sets what the body of a new member names. Callers hold the lock.
func (s *Server) applyNew(m *Member, b memberBody) *refusal {
	s.apply(m, b)
	comped := b.Comped != nil && *b.Comped
	if comped && !s.stripe {
		return invalid("save", "Missing Stripe connection. "+
			"Attempting to import members with Stripe data when there is no Stripe account connected.", "comped")
	}
	if b.Tiers != nil {
		if refused := s.firstTiers(m, *b.Tiers); refused != nil {
			return refused
		}
	}
	if comped {
		s.applyComped(m, true)
	}
	return nil
}

func (s *Server) editOne(r *http.Request, id string) (int, any, *refusal) {
	b, refused := bodyOf(r)
	if refused != nil {
		return 0, nil, refused
	}
	s.mu.Lock()
	if _, ok := s.site.byID[id]; ok && s.deaf && b.Tiers != nil {
		body := s.one(*s.site.byID[id])
		s.mu.Unlock()
		return http.StatusOK, body, nil
	}
	d, err := s.edit(id, func(m *Member) { refused = s.applyEdit(m, b) })
	if refused == nil && err != nil {
		refused = refusalOf(err, "edit", "edit")
		if errors.Is(err, ErrNoMember) {
			refused.context = "Could not find Member " + id
		}
	}
	if refused != nil {
		s.mu.Unlock()
		return 0, nil, refused
	}
	body := s.one(*s.site.byID[id])
	s.mu.Unlock()
	s.fire(d)
	return http.StatusOK, body, nil
}

// applyEdit changes all that the body names, or nothing.
func (s *Server) applyEdit(m *Member, b memberBody) *refusal {
	changed := m.clone()
	s.apply(&changed, b)
	if b.Tiers != nil {
		if refused := s.replaceTiers(&changed, *b.Tiers); refused != nil {
			return refused
		}
	}
	if b.Comped != nil {
		s.applyComped(&changed, *b.Comped)
	}
	*m = changed
	return nil
}

// apply sets what the body names. Callers hold the lock.
func (s *Server) apply(m *Member, b memberBody) {
	if b.Email != nil {
		m.Email = *b.Email
	}
	if b.Note != nil {
		m.Note = *b.Note
	}
	if b.Name != nil {
		_ = json.Unmarshal(b.Name, &m.Name) // refused before, if it is no text
	}
	if b.Labels != nil {
		m.Labels = make([]string, 0, len(*b.Labels))
		for _, l := range *b.Labels {
			// An id that stands alone names no label: Ghost drops it.
			if known, ok := s.site.labels.findID(l.ID); ok && l.Name != "" {
				l.Name = known.name
			}
			m.Labels = append(m.Labels, l.Name)
		}
	}
	s.applyNewsletters(m, b)
}

func (s *Server) applyNewsletters(m *Member, b memberBody) {
	switch {
	case b.Newsletters != nil:
		m.Newsletters = []string{}
		for _, n := range *b.Newsletters {
			if t, ok := find(s.site.newsletters, byID(n.ID)); ok {
				m.Newsletters = append(m.Newsletters, t.name)
			}
		}
	case b.Subscribed != nil && !*b.Subscribed:
		m.Newsletters = []string{}
	case b.Subscribed != nil && len(m.Newsletters) == 0:
		m.Newsletters = []string{s.site.newsletters[0].name}
	}
}

func (s *Server) deleteOne(_ *http.Request, id string) (int, any, *refusal) {
	if err := s.DeleteMember(id); err != nil {
		return 0, nil, notFound("delete", "Resource could not be found.")
	}
	return http.StatusNoContent, nil, nil
}

func refusalOf(err error, verb, doing string) *refusal {
	switch {
	case errors.Is(err, ErrNoMember):
		return notFound(verb, "")
	case errors.Is(err, ErrDuplicate):
		return invalid(verb, "Member already exists. Attempting to "+doing+" member with existing email address", "email")
	}
	return badRequest(verb, "")
}
