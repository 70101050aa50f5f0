package ghosttest

import (
	"slices"
	"time"
)

// Subscription is one that Stripe has for a member.
type Subscription struct {
	ID     string
	Status string // active, trialing, past_due, unpaid, canceled …
	Plan   string // nickname; "Complimentary" is one that costs nothing
	Tier   string // its name
	Amount int    // minor units for a period
	Ends   time.Time
}

const complimentary = "Complimentary"

func (s Subscription) billed() bool {
	return slices.Contains([]string{"active", "trialing", "past_due", "unpaid"}, s.Status)
}

// Subscribe makes a member pay for a tier by Stripe, which ends what was comped
// or given.
func (s *Server) Subscribe(id, tier string) error {
	return s.EditMember(id, func(m *Member) {
		m.Status = "paid"
		m.Tiers = []Grant{{Tier: tier}}
		m.Subscriptions = append(m.Subscriptions, Subscription{
			ID: "sub_" + m.ID + string(rune('a'+len(m.Subscriptions))), Status: "active", Plan: "Monthly", Tier: tier,
			Amount: 500, Ends: s.now().AddDate(0, 1, 0),
		})
	})
}

// CancelSubscription ends the subscriptions of a member in Stripe. Ghost takes
// their tiers away, and also one of them that was comped.
func (s *Server) CancelSubscription(id string) error {
	return s.EditMember(id, func(m *Member) {
		billed := s.billed(*m)
		for i := range m.Subscriptions {
			m.Subscriptions[i].Status = "canceled"
		}
		m.Tiers = slices.DeleteFunc(m.Tiers, func(g Grant) bool { return slices.Contains(billed, g.Tier) })
		m.Status = "comped"
		if len(m.Tiers) == 0 {
			m.Status = "free"
		}
	})
}

// Gift gives a member a tier that somebody else has paid for.
func (s *Server) Gift(id, tier string, ends time.Time) error {
	return s.EditMember(id, func(m *Member) {
		m.Status, m.Tiers = "gift", []Grant{{Tier: tier, ExpiresAt: ends}}
	})
}

// billed names the tiers for which Stripe bills a member. Callers hold the lock.
func (s *Server) billed(m Member) []string {
	var tiers []string
	for _, sub := range s.subscriptions(m) {
		if sub.billed() {
			tiers = append(tiers, sub.Tier)
		}
	}
	return tiers
}

// subscriptions are those of a member, and the one that a paid member must have.
func (s *Server) subscriptions(m Member) []Subscription {
	if len(m.Subscriptions) > 0 || m.Status != "paid" {
		return m.Subscriptions
	}
	tier := s.site.tiers[1].name
	if len(m.Tiers) > 0 {
		tier = m.Tiers[0].Tier
	}
	return []Subscription{{ID: "sub_" + m.ID, Status: "active", Plan: "Monthly", Tier: tier, Amount: 500}}
}

// applyComped is what the word `comped` does in a Ghost with Stripe: it makes a
// subscription there that costs nothing, out of the one that the member pays for
// if there is one, and it never takes that back. It is of the default tier, also
// where the member paid for another. Without Stripe it does nothing.
func (s *Server) applyComped(m *Member, comped bool) {
	if !s.stripe || !comped || m.Status == "comped" {
		return
	}
	m.Subscriptions = slices.Clone(s.subscriptions(*m))
	tier, changed := s.site.tiers[1].name, false
	for i := range m.Subscriptions {
		if m.Subscriptions[i].billed() {
			m.Subscriptions[i].Plan, m.Subscriptions[i].Amount, m.Subscriptions[i].Tier, changed = complimentary, 0, tier, true
		}
	}
	if !changed {
		id := "sub_free_" + s.site.ids.next()
		m.Subscriptions = append(m.Subscriptions, Subscription{ID: id, Status: "active", Plan: complimentary, Tier: tier})
	}
	m.Status, m.Tiers = "comped", []Grant{{Tier: tier}}
}

// subscriptionObjects shows what Stripe has, and one without an id for each tier
// that was comped or given. Webhooks show none.
func (s *Server) subscriptionObjects(m Member, v view) []object {
	out := []object{}
	if v.isHook() {
		return out
	}
	for _, sub := range s.subscriptions(m) {
		out = append(out, s.subscriptionObject(sub, m))
	}
	nickname := map[string]string{"comped": complimentary, "gift": "Gift subscription"}[m.Status]
	billed := s.billed(m)
	for _, g := range m.Tiers {
		if nickname != "" && !slices.Contains(billed, g.Tier) {
			out = append(out, s.subscriptionObject(Subscription{Status: "active", Plan: nickname, Tier: g.Tier, Ends: g.ExpiresAt}, m))
		}
	}
	return out
}

func (s *Server) subscriptionObject(sub Subscription, m Member) object {
	t, _ := find(s.site.tiers, byName(sub.Tier))
	return object{
		{"id", sub.ID},
		{"tier", object{{"id", t.id}, {"name", t.name}, {"slug", t.slug}, {"active", !t.archived}, {"type", t.tierType}}},
		{"customer", object{{"id", ""}, {"name", textOrNull(m.Name)}, {"email", m.Email}}},
		{"plan", object{{"id", ""}, {"nickname", sub.Plan}, {"interval", "month"}, {"currency", "USD"}, {"amount", sub.Amount}}},
		{"status", sub.Status}, {"start_date", iso(m.CreatedAt)}, {"default_payment_card_last4", "****"},
		{"cancel_at_period_end", false}, {"cancellation_reason", nil}, {"current_period_end", isoOrNull(sub.Ends)},
		{"price", object{
			{"id", ""}, {"price_id", ""}, {"nickname", sub.Plan}, {"amount", sub.Amount}, {"interval", "month"},
			{"type", "recurring"}, {"currency", "USD"}, {"tier", object{{"id", ""}, {"tier_id", t.id}}},
		}},
		{"offer", nil}, {"offer_redemptions", []object{}}, {"next_payment", nil},
	}
}
