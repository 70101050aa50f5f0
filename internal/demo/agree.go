package demo

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
)

// The states that the demo tells apart.
const (
	active       = "Active"
	unsubscribed = "Unsubscribed"
)

// differences compares a Ghost with its list, field by field: every member has
// to be there as Ghost has them, active unless they left, and nobody else may be
// active.
func (p *publication) differences() []string {
	var found []string
	members := map[string]bool{}
	for _, m := range p.ghost.Members() {
		members[member.AddressKey(m.Email)] = true
		for _, d := range p.differencesOf(m) {
			found = append(found, fmt.Sprintf("%s: %s (%s): %s", p.name, who(m), member.AddressHash(m.Email), d))
		}
	}
	for _, s := range p.list.Subscribers(p.listID) {
		if s.State == active && !members[member.AddressKey(s.Email)] {
			found = append(found, fmt.Sprintf("%s: %s is active on the list, but no member", p.name, member.AddressHash(s.Email)))
		}
	}
	return found
}

func (p *publication) differencesOf(m ghosttest.Member) []string {
	s, ok := p.list.Subscriber(p.listID, m.Email)
	state := active
	switch {
	case m.Suppressed && (!ok || s.State != active):
		return nil // Ghost mails them no more, so nobody added them
	case m.Suppressed, p.optedOut[member.AddressKey(m.Email)]:
		state = unsubscribed
	}
	if !ok {
		return []string{"is not on the list"}
	}
	found := compare(nil, "state", s.State, state)
	found = compare(found, "name", s.Name, member.CleanText(m.Name))
	want := p.wanted(m)
	for _, field := range slices.Sorted(maps.Keys(want)) {
		found = compare(found, field, s.Fields[field], want[field])
	}
	return found
}

// wanted is what the fields should say. ghost_last_updated is left out: it goes
// along with other changes, and may be of yesterday by right.
func (p *publication) wanted(m ghosttest.Member) map[string]string {
	want := map[string]string{
		"ghost_status":        m.Status,
		"ghost_labels":        member.JoinNames(m.Labels),
		"ghost_signup_date":   m.CreatedAt.UTC().Format(time.DateOnly),
		"ghost_email_enabled": strconv.FormatBool(len(m.Newsletters) > 0 && !m.Suppressed),
	}
	if p.extras {
		var tiers []string
		for _, g := range m.Tiers {
			tiers = append(tiers, g.Tier)
		}
		want["ghost_tiers"], want["ghost_newsletters"] = member.JoinNames(tiers), member.JoinNames(m.Newsletters)
	}
	if previous, changed := p.previous[m.ID]; changed {
		want["ghost_previous_status"] = previous
	}
	return want
}

func compare(found []string, what, there, want string) []string {
	if there == want {
		return found
	}
	return append(found, fmt.Sprintf("%s is %q in Campaign Monitor, and should be %q", what, there, want))
}

// misconduct is what ghostcm must never do, whatever the end.
func misconduct(list *cmtest.Server) []string {
	var found []string
	if n := list.MaxConcurrentPerSubscriber(); n > 1 {
		found = append(found, fmt.Sprintf("%d writes of one subscriber were under way at once", n))
	}
	for _, v := range list.Violations() {
		found = append(found, fmt.Sprintf("%s was sent what Campaign Monitor drops in silence: %s, %s", v.Op, v.Kind, v.Field))
	}
	return found
}
