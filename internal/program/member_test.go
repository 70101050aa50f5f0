package program_test

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

func TestAMembersWholeLifeReachesTheList(t *testing.T) {
	t.Parallel()
	for _, noAdmin := range []bool{false, true} {
		t.Run(map[bool]string{false: "re-reading", true: "webhooks alone"}[noAdmin], func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{noAdmin: noAdmin})
			site := r.sites[0]
			m, err := site.AddMember(ghosttest.Member{Email: "Jo.Public+tag@Example.org", Name: "Jo Public", Labels: []string{"VIP"}})
			if err != nil {
				t.Fatal(err)
			}
			same := func() string { return r.agrees(site) }
			r.eventually("joined", 5*time.Second, same)
			if s, _ := r.list.Subscriber(site.listID, m.Email); s.Automations != 1 {
				t.Errorf("a new subscriber started %d automations", s.Automations)
			}
			life := []func(*ghosttest.Member){
				func(m *ghosttest.Member) { m.Name = "Jo Q. Public" },
				func(m *ghosttest.Member) { m.Status = "paid" },
				func(m *ghosttest.Member) { m.Labels = []string{"VIP", "Annual"} },
				func(m *ghosttest.Member) { m.Email = "jo@example.net" },
				func(m *ghosttest.Member) { m.Labels = nil },
				func(m *ghosttest.Member) { m.Status = "comped" },
			}
			for _, change := range life {
				if err := site.EditMember(m.ID, change); err != nil {
					t.Fatal(err)
				}
				r.eventually("edited", 5*time.Second, same)
			}
			s, _ := r.list.Subscriber(site.listID, "jo@example.net")
			if s.Fields["ghost_previous_status"] != "paid" || s.Fields["ghost_status_changed_at"] == "" {
				t.Errorf("history is %q since %q", s.Fields["ghost_previous_status"], s.Fields["ghost_status_changed_at"])
			}
			if err := site.DeleteMember(m.ID); err != nil {
				t.Fatal(err)
			}
			r.eventually("deleted", 5*time.Second, same)
			if _, err := site.AddMember(ghosttest.Member{Email: "jo@example.net", Name: "Jo Again"}); err != nil {
				t.Fatal(err)
			}
			r.eventually("joined again", 5*time.Second, same)
			r.eventually("settled", 5*time.Second, r.settled)
			r.clean()
		})
	}
}
