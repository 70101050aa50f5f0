package ghosttest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// view is the place where a member is shown. Each shows other keys.
type view int

const (
	browsed     view = iota // GET /members/
	withTiers               // GET /members/?include=tiers
	single                  // GET, POST and PUT of one member
	current                 // a webhook's state after an event
	oldAdded                // the same of Ghost 5.130, which leaves out labels if there are none
	oldEdited               // the same, which leaves out tiers unless they changed
	oldRetiered             // the same when they did
)

func (v view) isHook() bool { return v >= current }
func (v view) isOld() bool  { return v >= oldAdded }

// render shows a member. Callers hold the lock.
func (s *Server) render(m Member, v view) object {
	o := object{
		{"id", m.ID}, {"uuid", m.UUID}, {"email", m.Email}, {"name", textOrNull(m.Name)},
		{"note", textOrNull(m.Note)}, {"geolocation", nil}, {"subscribed", len(m.Newsletters) > 0},
		{"created_at", iso(m.CreatedAt)}, {"updated_at", iso(m.UpdatedAt)},
	}
	o = o.with(v != oldAdded || len(m.Labels) > 0, "labels", s.labelObjects(m.Labels))
	o = append(o, object{
		{"subscriptions", s.subscriptionObjects(m, v)}, {"avatar_image", nil}, {"comped", m.Status == "comped"},
		{"email_count", 0}, {"email_opened_count", 0}, {"email_open_rate", nil}, {"status", m.Status},
		{"last_seen_at", isoOrNull(m.LastSeenAt)},
	}...)
	o = o.with(v == single, "attribution", json.RawMessage(attribution))
	if !v.isOld() {
		o = append(o, pair{"enable_comment_notifications", true}, pair{"enable_updates_and_announcements", nil})
		o = o.with(!v.isHook(), "unsubscribe_url", s.unsubscribeURL(m))
		o = append(o, pair{"can_comment", true}, pair{"commenting", json.RawMessage(commenting)})
	}
	o = o.with(v != browsed && v != oldEdited, "tiers", s.tierObjects(m.Tiers))
	o = o.with(!v.isOld(), "current_subscription", nil)
	o = o.with(!v.isHook(), "email_suppression", suppression(m.Suppressed))
	return append(o, pair{"newsletters", s.newsletterObjects(m.Newsletters)})
}

// renderGone shows a member that is being deleted. Relations that are empty are
// left out, as are `subscribed` and everything computed.
func (s *Server) renderGone(m Member) object {
	var o object
	o = o.with(len(m.Tiers) > 0 && !s.opts.OldGhost, "tiers", s.tierObjects(m.Tiers))
	o = o.with(len(m.Labels) > 0, "labels", s.labelObjects(m.Labels))
	o = o.with(len(m.Newsletters) > 0 && !s.opts.OldGhost, "newsletters", s.newsletterObjects(m.Newsletters))
	o = append(o, object{
		{"id", m.ID}, {"uuid", m.UUID}, {"email", m.Email}, {"status", m.Status},
		{"name", textOrNull(m.Name)}, {"note", textOrNull(m.Note)}, {"geolocation", nil},
	}...)
	o = o.with(!s.opts.OldGhost, "enable_comment_notifications", true)
	o = o.with(!s.opts.OldGhost, "enable_updates_and_announcements", nil)
	o = append(o, object{
		{"email_count", 0}, {"email_opened_count", 0}, {"email_open_rate", nil},
		{"last_seen_at", isoOrNull(m.LastSeenAt)},
	}...)
	o = o.with(!s.opts.OldGhost, "commenting", json.RawMessage(commenting))
	o = append(o, pair{"created_at", iso(m.CreatedAt)}, pair{"updated_at", iso(m.UpdatedAt)})
	return o.with(!s.opts.OldGhost, "can_comment", true)
}

func (s *Server) labelObjects(names []string) []object {
	out := make([]object, 0, len(names))
	for _, n := range names {
		l := s.site.label(n)
		out = append(out, object{
			{"id", l.id}, {"name", l.name}, {"slug", l.slug},
			{"created_at", iso(l.createdAt)}, {"updated_at", iso(l.createdAt)},
		})
	}
	return out
}

func (s *Server) newsletterObjects(names []string) []object {
	out := make([]object, 0, len(names))
	for _, name := range names {
		n, _ := find(s.site.newsletters, byName(name))
		out = append(out, object{{"id", n.id}, {"name", n.name}, {"description", nil}, {"status", "active"}})
	}
	return out
}

func (s *Server) tierObjects(grants []Grant) []object {
	out := make([]object, 0, len(grants))
	for _, g := range grants {
		t, _ := find(s.site.tiers, byName(g.Tier))
		o := object{
			{"id", t.id}, {"name", t.name}, {"slug", t.slug}, {"active", !t.archived}, {"welcome_page_url", nil},
			{"visibility", "public"}, {"trial_days", 0}, {"description", nil}, {"type", t.tierType},
			{"currency", "USD"}, {"monthly_price", 500}, {"yearly_price", 5000},
			{"created_at", iso(t.createdAt)}, {"updated_at", iso(t.createdAt)},
			{"monthly_price_id", nil}, {"yearly_price_id", nil},
		}
		out = append(out, o.with(!s.opts.OldGhost, "expiry_at", s.expiry(g)))
	}
	return out
}

// expiry is text on MariaDB, and a number of milliseconds on SQLite.
func (s *Server) expiry(g Grant) any {
	switch {
	case g.ExpiresAt.IsZero():
		return nil
	case s.opts.MariaDB:
		return iso(g.ExpiresAt)
	}
	return int(g.ExpiresAt.UnixMilli())
}

func (s *Server) unsubscribeURL(m Member) string {
	key := sha256.Sum256([]byte(m.UUID))
	return s.URL() + "/unsubscribe/?uuid=" + m.UUID + "&key=" + hex.EncodeToString(key[:])
}

// What is the same of every member.
const (
	commenting  = `{"disabled":false,"disabled_reason":null,"disabled_until":null}`
	delivered   = `{"suppressed":false,"info":null}`
	bounced     = `{"suppressed":true,"info":{"reason":"fail","timestamp":"2026-01-01T00:00:00.000Z"}}`
	attribution = `{"id":null,"type":null,"url":null,"title":null,` +
		`"referrer_source":"Integration: Bridge","referrer_medium":"Admin API","referrer_url":null}`
)

func suppression(suppressed bool) json.RawMessage {
	if suppressed {
		return json.RawMessage(bounced)
	}
	return json.RawMessage(delivered)
}
