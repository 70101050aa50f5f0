package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
)

// agreeing is a publication and its list that agree about a few people, without
// a program between them.
func agreeing(t *testing.T) (p *publication, ana ghosttest.Member) {
	t.Helper()
	s := &stage{list: cmtest.New(cmtest.Options{})}
	p = newPublication(s, "mainblog", 0)
	for _, m := range []ghosttest.Member{
		{Email: "Ana@example.org", Name: "Ana Lind", Status: "paid", Labels: []string{"VIP"}, Tiers: []ghosttest.Grant{{Tier: "mainblog"}}},
		{Email: "zoe@example.org", Name: "Zoe\u0308", Newsletters: []string{}},
		{Email: "bounced@example.org", Suppressed: true},
	} {
		added, err := p.ghost.AddMember(m)
		if err != nil {
			t.Fatal(err)
		}
		if m.Suppressed {
			continue
		}
		s.list.Seed(p.listID, cmtest.Subscriber{Email: m.Email, Name: member.CleanText(m.Name), Fields: map[string]string{
			"ghost_status": added.Status, "ghost_labels": member.JoinNames(m.Labels), "ghost_signup_date": added.CreatedAt.Format(time.DateOnly),
			"ghost_email_enabled": map[bool]string{true: "true", false: "false"}[m.Newsletters == nil], "ghost_previous_status": "comped",
			"ghost_tiers": map[bool]string{true: "mainblog"}[m.Status == "paid"], "ghost_newsletters": map[bool]string{true: "mainblog"}[m.Newsletters == nil],
		}})
	}
	ana = p.ghost.Members()[0]
	p.previous[ana.ID] = "comped"
	if d := p.differences(); len(d) > 0 {
		t.Fatalf("differ from the beginning: %q", d)
	}
	return p, ana
}

func TestEveryDifferenceIsNamed(t *testing.T) {
	t.Parallel()
	edit := func(change func(*ghosttest.Member)) func(*testing.T, *publication, ghosttest.Member) {
		return func(t *testing.T, p *publication, ana ghosttest.Member) {
			if err := p.ghost.EditMember(ana.ID, change); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := map[string]struct {
		happens func(*testing.T, *publication, ghosttest.Member)
		want    string
	}{
		"a name":       {edit(func(m *ghosttest.Member) { m.Name = "Ana Reed" }), `Ana Reed (86b9260a115c): name is "Ana Lind"`},
		"a status":     {edit(func(m *ghosttest.Member) { m.Status = "free" }), `ghost_status is "paid" in Campaign Monitor, and should be "free"`},
		"a label":      {edit(func(m *ghosttest.Member) { m.Labels = nil }), `ghost_labels is "VIP" in Campaign Monitor, and should be ""`},
		"a tier":       {edit(func(m *ghosttest.Member) { m.Tiers = nil }), `ghost_tiers is "mainblog"`},
		"a newsletter": {edit(func(m *ghosttest.Member) { m.Newsletters = nil }), `ghost_email_enabled is "true"`},
		"an address":   {edit(func(m *ghosttest.Member) { m.Email = "ana@example.net" }), `is not on the list`},
		"someone left": {func(_ *testing.T, p *publication, ana ghosttest.Member) { _ = p.ghost.DeleteMember(ana.ID) }, `is active on the list, but no member`},
		"an opt-out": {func(_ *testing.T, p *publication, ana ghosttest.Member) {
			p.list.SetState(p.listID, ana.Email, unsubscribed)
		}, `state is "Unsubscribed" in Campaign Monitor, and should be "Active"`},
		"a resurrected": {func(_ *testing.T, p *publication, ana ghosttest.Member) { p.optedOut["ana@example.org"] = true }, `state is "Active" in Campaign Monitor, and should be "Unsubscribed"`},
		"a history":     {func(_ *testing.T, p *publication, ana ghosttest.Member) { p.previous[ana.ID] = "gift" }, `ghost_previous_status is "comped"`},
		"a suppressed one": {func(_ *testing.T, p *publication, _ ghosttest.Member) {
			p.list.Seed(p.listID, cmtest.Subscriber{Email: "bounced@example.org"})
		}, `state is "Active"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ana := agreeing(t)
			tt.happens(t, p, ana)
			found := strings.Join(p.differences(), "\n")
			if !strings.Contains(found, tt.want) {
				t.Errorf("found %q, want %q", found, tt.want)
			}
			if strings.Contains(found, "@") {
				t.Errorf("an address is shown: %q", found)
			}
		})
	}
}
