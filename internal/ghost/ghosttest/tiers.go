package ghosttest

import (
	"slices"
	"time"
)

// How Ghost changes the tiers of a member. It answers 200 to more than it does:
// without Stripe a change leaves the status alone, and so does one that names
// only tiers which the member has, with Stripe too. Source: member-repository of
// Ghost 6.65.0, and what was seen of it on SQLite and MariaDB.

// firstTiers gives a new member its tiers; the status follows from them.
func (s *Server) firstTiers(m *Member, tiers []tierBody) *refusal {
	if len(tiers) > 1 {
		return badRequest("save", "A member cannot have more than one Product")
	}
	return s.setTiers(m, tiers, "save")
}

// replaceTiers gives a member other tiers. Callers hold the lock.
func (s *Server) replaceTiers(m *Member, tiers []tierBody) *refusal {
	if s.stripe {
		if refused := s.refuseTiers(m, tiers); refused != nil {
			return refused
		}
	}
	before := m.Tiers
	if refused := s.setTiers(m, tiers, "edit"); refused != nil {
		return refused
	}
	if !s.stripe {
		return nil
	}
	switch added, removed := differ(before, m.Tiers); {
	case added:
		m.Status = "comped"
	case removed && len(m.Tiers) == 0:
		m.Status = "free"
	}
	return nil
}

// refuseTiers is what a Ghost with Stripe does not allow: a second tier, and any
// change beside a subscription that is billed.
func (s *Server) refuseTiers(m *Member, tiers []tierBody) *refusal {
	if len(tiers) > 1 && len(tiers) > len(m.Tiers) {
		return badRequest("edit", "A member cannot have more than one Product")
	}
	billed := s.billed(*m)
	for _, g := range m.Tiers {
		t, _ := find(s.site.tiers, byName(g.Tier))
		stays := slices.ContainsFunc(tiers, func(b tierBody) bool { return b.ID == t.id })
		if !stays && slices.Contains(billed, g.Tier) {
			return badRequest("edit", "Cannot delete a non-comped Product from a Member, "+
				"because it has an active Subscription for the same product")
		}
	}
	for _, b := range tiers {
		t, ok := find(s.site.tiers, byID(b.ID))
		if ok && len(billed) > 0 && !slices.ContainsFunc(m.Tiers, func(g Grant) bool { return g.Tier == t.name }) {
			return badRequest("edit", "Cannot add a Product to a Member with an active Subscription")
		}
	}
	return nil
}

// setTiers replaces the tiers. An expiry that is missing or cannot be read is
// none, which is for ever: Ghost does the same.
func (s *Server) setTiers(m *Member, tiers []tierBody, verb string) *refusal {
	had := m.Tiers
	m.Tiers = []Grant{}
	for _, b := range tiers {
		t, refused := s.tierOf(b, had, verb)
		if refused != nil {
			return refused
		}
		m.Tiers = append(m.Tiers, Grant{Tier: t.name, ExpiresAt: s.kept(b.ExpiryAt)})
	}
	return nil
}

// tierOf finds the tier that a body names. A Ghost without Stripe looks at no tier
// before it stores an edit: it takes an archived one, and one by its slug or name.
func (s *Server) tierOf(b tierBody, had []Grant, verb string) (thing, *refusal) {
	t, ok := find(s.site.tiers, byID(b.ID))
	switch unlooked := verb == "edit" && !s.stripe; {
	case b.ID+b.Slug+b.Name == "":
		return t, invalid(verb, "Validation failed for 0.", "")
	case unlooked && !ok:
		t, ok = find(s.site.tiers, func(t thing) bool { return t.slug == b.Slug || t.name == b.Name })
		if b.ID != "" || !ok {
			return t, invalid(verb, "Value in [products.name] cannot be blank.", "products.name")
		}
	case unlooked:
	case b.ID == "":
		return t, internal()
	case !ok:
		return t, badRequest(verb, "Could not find Product "+b.ID)
	case t.archived && !slices.ContainsFunc(had, func(g Grant) bool { return g.Tier == t.name }):
		return t, badRequest(verb, "Cannot use archived Tiers")
	}
	return t, nil
}

// kept is what the database keeps of an expiry: MariaDB cuts it to a second.
func (s *Server) kept(expiry *string) time.Time {
	if expiry == nil {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, *expiry)
	if err != nil {
		return time.Time{}
	}
	if s.opts.MariaDB {
		return at.Truncate(time.Second)
	}
	return at.Truncate(time.Millisecond)
}

func differ(before, after []Grant) (added, removed bool) {
	lacks := func(in []Grant, g Grant) bool {
		return !slices.ContainsFunc(in, func(x Grant) bool { return x.Tier == g.Tier })
	}
	added = slices.ContainsFunc(after, func(g Grant) bool { return lacks(before, g) })
	removed = slices.ContainsFunc(before, func(g Grant) bool { return lacks(after, g) })
	return added, removed
}

// NightlyJob is what Ghost does once a night, between midnight and six: it takes
// away the tiers that ended before today and makes members free who were comped.
// On SQLite it takes away every tier that has an expiry, also a future one: a
// number is always less than a text there. Of the tiers no webhook tells, since
// they are gone before the member is looked at; of the status one does.
func (s *Server) NightlyJob() {
	s.mu.Lock()
	today := s.opts.Now().UTC().Truncate(24 * time.Hour)
	ended := func(g Grant) bool {
		return !g.ExpiresAt.IsZero() && (!s.opts.MariaDB || g.ExpiresAt.Before(today))
	}
	var all []Delivery
	for _, m := range slices.Clone(s.site.members) {
		if !slices.ContainsFunc(m.Tiers, ended) {
			continue
		}
		m.Tiers = slices.DeleteFunc(slices.Clone(m.Tiers), ended)
		if m.Status != "comped" {
			continue
		}
		if d, err := s.edit(m.ID, func(m *Member) { m.Status = "free" }); err == nil {
			all = append(all, d...)
		}
	}
	s.mu.Unlock()
	s.fire(all)
}

// SetStripe connects Stripe, or disconnects it. Members stay as they are.
func (s *Server) SetStripe(connected bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stripe = connected
}

// SetDeaf makes Ghost answer 200 to every change of tiers and make none, as it
// does of its own in some cases; or ends that.
func (s *Server) SetDeaf(deaf bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = deaf
}

// Mail is one that Ghost was asked to send to a new member.
type Mail struct{ To, Type string }

// Mails returns what was to be sent so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}
