package ghosttest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Errors of changes, as Ghost would refuse them.
var (
	ErrNoMember  = errors.New("no such member")
	ErrDuplicate = errors.New("another member has the address")
	ErrNoName    = errors.New("no tier or newsletter has the name")
)

// AddTier adds a paid tier, for members to have, and returns its id.
func (s *Server) AddTier(name, slug string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.site.make(name, slug, "paid")
	s.site.tiers = append(s.site.tiers, t)
	return t.id
}

// ArchiveTier takes a tier out of use. Who has it keeps it.
func (s *Server) ArchiveTier(slug string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.site.tiers {
		if s.site.tiers[i].slug == slug {
			s.site.tiers[i].archived = true
		}
	}
}

// AddNewsletter adds a newsletter, for members to subscribe to.
func (s *Server) AddNewsletter(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.site.newsletters = append(s.site.newsletters, s.site.make(name, strings.ToLower(name), ""))
}

// AddMember adds a member, as staff or a sign-up does. It sends member.added
// and returns the member with the id that Ghost gave it.
func (s *Server) AddMember(m Member) (Member, error) {
	s.mu.Lock()
	added, err := s.insert(m)
	if err != nil {
		s.mu.Unlock()
		return Member{}, err
	}
	d := s.addedHook(added)
	out := added.clone()
	s.mu.Unlock()
	s.fire(d)
	return out, nil
}

// EditMember changes what the function changes, as staff do. It sends
// member.edited if the member is another afterwards, else nothing.
func (s *Server) EditMember(id string, edit func(*Member)) error {
	s.mu.Lock()
	d, err := s.edit(id, edit)
	s.mu.Unlock()
	s.fire(d)
	return err
}

// DeleteMember deletes a member and sends member.deleted.
func (s *Server) DeleteMember(id string) error {
	s.mu.Lock()
	m, ok := s.site.byID[id]
	if !ok {
		s.mu.Unlock()
		return ErrNoMember
	}
	d := s.deletedHook(*m)
	s.site.remove(id, s.emailKey)
	s.mu.Unlock()
	s.fire(d)
	return nil
}

// SetSuppressed says whether Ghost stopped mailing a member. No webhook tells.
func (s *Server) SetSuppressed(id string, suppressed bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.site.byID[id]
	if !ok {
		return ErrNoMember
	}
	m.Suppressed = suppressed
	return nil
}

// Members returns all members by rising id, as they are now.
func (s *Server) Members() []Member {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Member, len(s.site.members))
	for i, m := range s.site.members {
		out[i] = m.clone()
	}
	return out
}

// insert stores a new member. Callers hold the lock.
func (s *Server) insert(m Member) (*Member, error) {
	m = m.clone()
	if m.Newsletters == nil {
		m.Newsletters = []string{s.site.newsletters[0].name}
	}
	if err := s.check(&m, nil); err != nil {
		return nil, err
	}
	m.ID, m.UUID = s.site.ids.next(), s.site.ids.uuid()
	if m.CreatedAt.IsZero() {
		m.CreatedAt = s.now()
	}
	m.UpdatedAt = s.now()
	if m.Status == "" {
		m.Status = "free"
		if len(m.Tiers) > 0 {
			m.Status = "comped"
		}
	}
	s.site.store(&m, s.emailKey)
	return &m, nil
}

// edit changes a stored member and returns its webhooks, which are none if
// nothing changed. Callers hold the lock.
func (s *Server) edit(id string, edit func(*Member)) ([]Delivery, error) {
	stored, ok := s.site.byID[id]
	if !ok {
		return nil, ErrNoMember
	}
	before, after := *stored, stored.clone()
	edit(&after)
	after.ID, after.UUID, after.CreatedAt, after.UpdatedAt = before.ID, before.UUID, before.CreatedAt, before.UpdatedAt
	if err := s.check(&after, stored); err != nil {
		return nil, err
	}
	if !sameColumns(before, after) {
		after.UpdatedAt = s.now()
	}
	s.site.store(&after, s.emailKey)
	return s.editedHook(before, after), nil
}

// check completes a member, and refuses what Ghost would.
func (s *Server) check(m, itself *Member) error {
	if other := s.site.byEmail[s.emailKey(m.Email)]; other != nil && other != itself {
		return ErrDuplicate
	}
	m.Labels = s.site.canonicalLabels(m.Labels)
	for _, n := range m.Newsletters {
		if _, ok := find(s.site.newsletters, byName(n)); !ok {
			return fmt.Errorf("%w: newsletter %q", ErrNoName, n)
		}
	}
	for _, g := range m.Tiers {
		if _, ok := find(s.site.tiers, byName(g.Tier)); !ok {
			return fmt.Errorf("%w: tier %q", ErrNoName, g.Tier)
		}
	}
	return nil
}

// emailKey is what the database compares: on MariaDB what utf8mb4_general_ci
// takes for the same, as far as tests need it.
func (s *Server) emailKey(email string) string {
	if !s.opts.MariaDB {
		return email
	}
	accents := strings.NewReplacer("ä", "a", "á", "a", "é", "e", "è", "e", "ï", "i", "ö", "o", "ü", "u", "ñ", "n")
	return accents.Replace(strings.ToLower(strings.TrimRight(email, " ")))
}

// sameColumns compares what the member's own row holds. A change of labels,
// newsletters or tiers leaves updated_at alone.
func sameColumns(a, b Member) bool {
	return a.Email == b.Email && a.Name == b.Name && a.Note == b.Note && a.Status == b.Status &&
		a.LastSeenAt.Equal(b.LastSeenAt)
}

func sameTiers(a, b Member) bool {
	return slices.EqualFunc(a.Tiers, b.Tiers, func(x, y Grant) bool { return x.Tier == y.Tier })
}
