package ghosttest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
)

// story makes one event; it returns nothing because the webhook tells.
type story func(t *testing.T, s *ghosttest.Server)

func addPlain(t *testing.T, s *ghosttest.Server, labels ...string) ghosttest.Member {
	t.Helper()
	m, err := s.AddMember(ghosttest.Member{Email: "plain@example.com", Name: "Plain", Labels: labels})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func edit(change func(*ghosttest.Member), labels ...string) story {
	return func(t *testing.T, s *ghosttest.Server) {
		t.Helper()
		if err := s.EditMember(addPlain(t, s, labels...).ID, change); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWebhooksHaveTheShapeOfCapturedOnes(t *testing.T) {
	t.Parallel()
	comped := ghosttest.Member{
		Email: "comped@example.com",
		Tiers: []ghosttest.Grant{{Tier: "Test Site", ExpiresAt: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)}},
	}
	add := func(m ghosttest.Member) story {
		return func(t *testing.T, s *ghosttest.Server) {
			t.Helper()
			if _, err := s.AddMember(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(t *testing.T, s *ghosttest.Server) {
		t.Helper()
		m, err := s.AddMember(ghosttest.Member{Email: "m@example.com", Labels: []string{"A"}, Newsletters: []string{}})
		if err == nil {
			err = s.DeleteMember(m.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	rename := edit(func(m *ghosttest.Member) { m.Name = "Renamed" })
	tests := map[string]struct {
		capture string
		options ghosttest.Options
		story   story
	}{
		"added":            {"member.added-plain", ghosttest.Options{}, add(ghosttest.Member{Email: "p@example.com"})},
		"added comped":     {"member.added-comped", ghosttest.Options{}, add(comped)},
		"renamed":          {"member.edited-name", ghosttest.Options{}, rename},
		"labelled":         {"member.edited-labels-added", ghosttest.Options{}, edit(func(m *ghosttest.Member) { m.Labels = []string{"VIP"} })},
		"unlabelled":       {"member.edited-labels-cleared", ghosttest.Options{}, edit(func(m *ghosttest.Member) { m.Labels = nil }, "VIP")},
		"unsubscribed":     {"member.edited-unsubscribed", ghosttest.Options{}, edit(func(m *ghosttest.Member) { m.Newsletters = nil })},
		"given a tier":     {"mysql-member.added-comped", ghosttest.Options{MariaDB: true}, add(ghosttest.Member{Email: "t@example.com", Labels: []string{"Z"}, Tiers: comped.Tiers})},
		"deleted":          {"member.deleted", ghosttest.Options{}, remove},
		"added, Ghost 5":   {"v5.130.6-member.added", ghosttest.Options{OldGhost: true}, add(ghosttest.Member{Email: "p@example.com", Labels: []string{"A"}})},
		"comped, Ghost 5":  {"v5.130.6-member.added-comped", ghosttest.Options{OldGhost: true}, add(comped)},
		"renamed, Ghost 5": {"v5.130.6-member.edited-name", ghosttest.Options{OldGhost: true}, edit(func(m *ghosttest.Member) { m.Name = "R" }, "A")},
		"retiered, Ghost 5": {"v5.130.6-member.edited-tiers-no-stripe", ghosttest.Options{OldGhost: true}, func(t *testing.T, s *ghosttest.Server) {
			t.Helper()
			m, err := s.AddMember(ghosttest.Member{Email: "t@example.com", Labels: []string{"A"}, Newsletters: []string{}})
			if err == nil {
				err = s.EditMember(m.ID, func(m *ghosttest.Member) { m.Tiers = comped.Tiers })
			}
			if err != nil {
				t.Fatal(err)
			}
		}},
		"deleted, Ghost 5": {"v5.130.6-member.deleted", ghosttest.Options{OldGhost: true}, remove},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.options.Sync = true
			s, r := ghosttest.Run(t, tt.options), newReceiver(t)
			r.register(s)
			tt.story(t, s)
			all := r.all()
			got := all[len(all)-1]
			var body map[string]any
			if err := json.Unmarshal(got.body, &body); err != nil {
				t.Fatal(err)
			}
			wantBody, wantHead := capture(t, tt.capture)
			if diff := cmp.Diff(shape(wantBody), shape(body)); diff != "" {
				t.Error(diff)
			}
			for _, h := range []string{"User-Agent", "Content-Type", "Content-Version"} {
				if got.header.Get(h) != wantHead.Get(h) {
					t.Errorf("%s is %q, want %q", h, got.header.Get(h), wantHead.Get(h))
				}
			}
			if got.header.Get("Content-Length") != strconv.Itoa(len(got.body)) {
				t.Errorf("Content-Length %q", got.header.Get("Content-Length"))
			}
		})
	}
}

func TestWebhooksVerifyAndParse(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]ghosttest.Options{
		"new":    {Sync: true},
		"old":    {Sync: true, OldGhost: true},
		"legacy": {Sync: true, OldGhost: true, LegacySignature: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := ghosttest.Run(t, o), newReceiver(t)
			r.register(s)
			m := addPlain(t, s, "<b>&Ünïcode 🎉")
			if err := s.EditMember(m.ID, func(m *ghosttest.Member) { m.Email = "New@example.com" }); err != nil {
				t.Fatal(err)
			}
			if err := s.DeleteMember(m.ID); err != nil {
				t.Fatal(err)
			}
			var events []member.Event
			for _, got := range r.all() {
				_, err := ghost.Verify(got.header.Get(ghost.SignatureHeader), got.body, ghost.Verification{
					Secrets: [][]byte{[]byte(secret)}, Now: time.Now(), Tolerance: time.Minute, Legacy: o.LegacySignature,
				})
				if err != nil {
					t.Error(err)
				}
				hook, err := ghost.ParseWebhook(got.body, strings.TrimPrefix(got.path, "/hook?event="))
				if err != nil || hook.Contradicted {
					t.Error(err, hook.Contradicted)
				}
				events = append(events, hook.Event)
			}
			if len(events) != 3 {
				t.Fatalf("got %d events, want 3", len(events))
			}
			if got := events[0]; got.Type != member.Added || got.Facts.ID != m.ID || !slices.Equal(got.Facts.Labels.Value, m.Labels) {
				t.Errorf("added: %+v", got)
			}
			if got := events[1]; got.Type != member.Edited || got.Facts.Email.Value != "New@example.com" || got.Previous.Email.Value != "plain@example.com" {
				t.Errorf("edited: %+v", got)
			}
			if got := events[2]; got.Type != member.Deleted || got.Facts.ID != m.ID || got.Facts.Email.Value != "New@example.com" {
				t.Errorf("deleted: %+v", got)
			}
		})
	}
}

func TestWhatFiresNoWebhook(t *testing.T) {
	t.Parallel()
	s, r := ghosttest.Run(t, ghosttest.Options{Sync: true}), newReceiver(t)
	m := addPlain(t, s)
	if err := s.EditMember(m.ID, func(m *ghosttest.Member) { m.Tiers = []ghosttest.Grant{{Tier: "Test Site"}} }); err != nil {
		t.Fatal(err)
	}
	r.register(s)
	everyone := func(ghosttest.Member) bool { return true }
	s.BulkLabel("VIP", everyone)
	s.BulkUnlabel("VIP", everyone)
	s.BulkUnsubscribe(everyone)
	s.Import([]ghosttest.Member{{Email: "new@example.com"}, {Email: m.Email, Labels: []string{"Imported"}}})
	for name, change := range map[string]func(*ghosttest.Member){
		"no change":         func(*ghosttest.Member) {},
		"a later expiry":    func(m *ghosttest.Member) { m.Tiers[0].ExpiresAt = time.Now() },
		"the same, trimmed": func(m *ghosttest.Member) { m.Labels = []string{" imported "} },
	} {
		if err := s.EditMember(m.ID, change); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := s.SetSuppressed(m.ID, true); err != nil {
		t.Fatal(err)
	}
	after := s.Members()
	if len(after) != 2 || !slices.Equal(after[0].Labels, []string{"Imported"}) || !after[0].Suppressed || len(after[0].Newsletters) != 0 {
		t.Errorf("members are now %+v", after)
	}
	s.BulkDelete(everyone)
	s.Flush()
	if got := r.all(); len(got) != 0 || len(s.Members()) != 0 {
		t.Errorf("%d webhooks, %d members left", len(got), len(s.Members()))
	}
}

func TestChangesOfRelationsLeaveUpdatedAtAlone(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	s := ghosttest.New(ghosttest.Options{Now: func() time.Time { now = now.Add(time.Second); return now }})
	m := addPlain(t, s)
	if err := s.EditMember(m.ID, func(m *ghosttest.Member) { m.Labels = []string{"VIP"}; m.Newsletters = nil }); err != nil {
		t.Fatal(err)
	}
	if got := s.Members()[0].UpdatedAt; !got.Equal(m.UpdatedAt) {
		t.Errorf("updated_at moved from %v to %v", m.UpdatedAt, got)
	}
	if err := s.EditMember(m.ID, func(m *ghosttest.Member) { m.Name = "x" }); err != nil {
		t.Fatal(err)
	}
	if got := s.Members()[0].UpdatedAt; !got.After(m.UpdatedAt) {
		t.Error("updated_at stood still")
	}
}

func TestHeldWebhooksCanBeSentLateAndTwice(t *testing.T) {
	t.Parallel()
	s, r := ghosttest.Run(t, ghosttest.Options{}), newReceiver(t)
	r.register(s)
	s.HoldWebhooks(true)
	m := addPlain(t, s)
	if err := s.DeleteMember(m.ID); err != nil {
		t.Fatal(err)
	}
	held := s.TakeWebhooks()
	late, err := s.LateEdit(m.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []ghosttest.Delivery{held[1], late, s.Resign(held[0], time.Now()), held[0]} {
		if status, err := s.Send(t.Context(), d); err != nil || status != http.StatusAccepted {
			t.Errorf("%s: %d, %v", d.Event, status, err)
		}
	}
	var order []member.EventType
	for _, got := range r.all() {
		hook, err := ghost.ParseWebhook(got.body, "")
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, hook.Event.Type)
	}
	want := []member.EventType{member.Deleted, member.Edited, member.Added, member.Added}
	if !slices.Equal(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
}

func TestALateEditLooksAliveWithoutRelations(t *testing.T) {
	t.Parallel()
	s := ghosttest.New(ghosttest.Options{})
	m := addPlain(t, s, "VIP")
	if err := s.DeleteMember(m.ID); err != nil {
		t.Fatal(err)
	}
	late, err := s.LateEdit(m.ID)
	if err != nil {
		t.Fatal(err)
	}
	hook, err := ghost.ParseWebhook(late.Body, "")
	if err != nil {
		t.Fatal(err)
	}
	f := hook.Event.Facts
	empty := member.Some([]string{})
	if hook.Event.Type != member.Edited || f.ID != m.ID || f.Email.Value != m.Email {
		t.Errorf("got %+v", hook.Event)
	}
	if diff := cmp.Diff([]member.Maybe[[]string]{empty, empty, empty}, []member.Maybe[[]string]{f.Labels, f.Tiers, f.Newsletters}); diff != "" {
		t.Error(diff)
	}
}

func TestGhostTriesOnceAndDropsAWebhookThatIsGone(t *testing.T) {
	t.Parallel()
	s, r := ghosttest.Run(t, ghosttest.Options{Sync: true}), newReceiver(t)
	r.register(s)
	for i, status := range []int{http.StatusServiceUnavailable, http.StatusGone, http.StatusAccepted} {
		r.mu.Lock()
		r.status = status
		r.mu.Unlock()
		addMembers(t, s, strings.Repeat("a", i+1)+"@example.com")
	}
	var statuses []int
	for _, sent := range s.Sent() {
		statuses = append(statuses, sent.Status)
	}
	if want := []int{503, 410}; !slices.Equal(statuses, want) || len(r.all()) != 2 {
		t.Errorf("answers %v to %d requests, want %v", statuses, len(r.all()), want)
	}
}

func TestConcurrentWebhooksAllArrive(t *testing.T) {
	t.Parallel()
	s, r := ghosttest.Run(t, ghosttest.Options{}), newReceiver(t)
	r.register(s)
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() { addMembers(t, s, strings.Repeat("a", i+1)+"@example.com") })
	}
	group.Wait()
	s.Flush()
	if len(r.all()) != 50 || len(s.Sent()) != 50 {
		t.Errorf("%d arrived, %d were sent", len(r.all()), len(s.Sent()))
	}
}

func TestIDsRiseEvenIfTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	s := ghosttest.New(ghosttest.Options{Now: func() time.Time { now = now.Add(-time.Hour); return now }})
	var ids []string
	for i := range 10 {
		ids = append(ids, addMembers(t, s, strings.Repeat("a", i+1)+"@example.com")[0].ID)
	}
	if !slices.IsSorted(ids) || slices.ContainsFunc(ids, func(id string) bool { return !ghost.ValidID(id) }) {
		t.Errorf("ids %v", ids)
	}
}
