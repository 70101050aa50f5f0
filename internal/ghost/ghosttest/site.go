package ghosttest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Member is a member as a person sees one in Ghost. Labels, tiers and
// newsletters are named; a label that does not exist is made.
type Member struct {
	ID          string // made by Ghost
	UUID        string // made by Ghost
	Email       string
	Name        string // "" is null
	Note        string // "" is null
	Status      string // free, paid, comped, gift; "" is free, or comped with a tier
	Labels      []string
	Newsletters []string // of a new member, nil is the default one
	Tiers       []Grant
	Suppressed  bool // Ghost stopped mailing the address
	CreatedAt   time.Time
	UpdatedAt   time.Time
	LastSeenAt  time.Time // zero is null
}

// Grant is a tier that a member has.
type Grant struct {
	Tier      string    // its name
	ExpiresAt time.Time // zero is never
}

func (m Member) clone() Member {
	m.Labels = slices.Clone(m.Labels)
	m.Newsletters = slices.Clone(m.Newsletters)
	m.Tiers = slices.Clone(m.Tiers)
	return m
}

// thing is a label, a tier or a newsletter.
type thing struct {
	id, name, slug string
	tierType       string // free or paid
	createdAt      time.Time
}

// site is everything that a Ghost stores.
type site struct {
	title       string
	ids         *idMaker
	members     []*Member // by rising id
	byID        map[string]*Member
	byEmail     map[string]*Member // by what the database compares
	gone        map[string]Member  // deleted, as they were last
	labels      []thing
	tiers       []thing
	newsletters []thing
}

func newSite(title string, ids *idMaker) site {
	s := site{title: title, ids: ids, byID: map[string]*Member{}, byEmail: map[string]*Member{}, gone: map[string]Member{}}
	s.tiers = append(s.tiers, s.make("Free", "free", "free"), s.make(title, "default-product", "paid"))
	s.newsletters = append(s.newsletters, s.make(title, "default-newsletter", ""))
	return s
}

func (s *site) make(name, slug, tierType string) thing {
	return thing{
		id: s.ids.next(), name: name, slug: slug, tierType: tierType,
		createdAt: s.ids.now().UTC().Truncate(time.Second),
	}
}

// label finds a label by its name, whose case does not count, or makes it.
func (s *site) label(name string) thing {
	for _, l := range s.labels {
		if strings.EqualFold(l.name, name) {
			return l
		}
	}
	l := s.make(name, s.freeSlug(name), "")
	s.labels = append(s.labels, l)
	return l
}

// freeSlug derives a slug as Ghost does: letters and digits with dashes, and a
// number behind it if the slug is taken.
func (s *site) freeSlug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	base := strings.Join(words, "-")
	if base == "" {
		base = "label"
	}
	taken := func(slug string) bool {
		return slices.ContainsFunc(s.labels, func(l thing) bool { return l.slug == slug })
	}
	slug := base
	for n := 2; taken(slug); n++ {
		slug = fmt.Sprintf("%s-%d", base, n)
	}
	return slug
}

func find(things []thing, match func(thing) bool) (thing, bool) {
	if i := slices.IndexFunc(things, match); i >= 0 {
		return things[i], true
	}
	return thing{}, false
}

func byName(name string) func(thing) bool { return func(t thing) bool { return t.name == name } }
func byID(id string) func(thing) bool     { return func(t thing) bool { return t.id == id } }

// canonicalLabels trims names, drops empty and repeated ones, and takes the
// spelling of labels that exist.
func (s *site) canonicalLabels(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		if n = strings.TrimSpace(n); n == "" {
			continue
		}
		if l := s.label(n); !slices.Contains(out, l.name) {
			out = append(out, l.name)
		}
	}
	return out
}

// store adds a member, or replaces the stored one.
func (s *site) store(m *Member, emailKey func(string) string) {
	old, ok := s.byID[m.ID]
	if ok {
		delete(s.byEmail, emailKey(old.Email))
		*old = *m
		m = old
	} else {
		s.members = append(s.members, m)
		s.byID[m.ID] = m
	}
	s.byEmail[emailKey(m.Email)] = m
}

func (s *site) remove(id string, emailKey func(string) string) {
	m := s.byID[id]
	s.members = slices.DeleteFunc(s.members, func(other *Member) bool { return other == m })
	s.gone[id] = *m
	delete(s.byEmail, emailKey(m.Email))
	delete(s.byID, id)
}
