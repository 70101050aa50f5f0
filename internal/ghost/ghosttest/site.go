package ghosttest

import (
	"cmp"
	"slices"
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
	// Subscriptions are those of Stripe. A paid member without any has one that is
	// shown, for the first of the tiers.
	Subscriptions []Subscription
	Suppressed    bool // Ghost stopped mailing the address
	CreatedAt     time.Time
	UpdatedAt     time.Time
	LastSeenAt    time.Time // zero is null
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
	m.Subscriptions = slices.Clone(m.Subscriptions)
	return m
}

// thing is a label, a tier or a newsletter.
type thing struct {
	id, name, slug string
	tierType       string // free or paid
	archived       bool   // of a tier
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
	labels      labels
	tiers       []thing
	newsletters []thing
}

func newSite(title string, ids *idMaker) site {
	s := site{
		title: title, ids: ids, labels: newLabels(),
		byID: map[string]*Member{}, byEmail: map[string]*Member{}, gone: map[string]Member{},
	}
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

func find(things []thing, match func(thing) bool) (thing, bool) {
	if i := slices.IndexFunc(things, match); i >= 0 {
		return things[i], true
	}
	return thing{}, false
}

func byName(name string) func(thing) bool { return func(t thing) bool { return t.name == name } }
func byID(id string) func(thing) bool     { return func(t thing) bool { return t.id == id } }

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
	at := s.position(id)
	s.members = slices.Delete(s.members, at, at+1)
	s.gone[id] = *m
	delete(s.byEmail, emailKey(m.Email))
	delete(s.byID, id)
}

// position is where a member is, or the first one whose id sorts behind it.
func (s *site) position(id string) int {
	at, _ := slices.BinarySearchFunc(s.members, id, func(m *Member, id string) int { return cmp.Compare(m.ID, id) })
	return at
}
