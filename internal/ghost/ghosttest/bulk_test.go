package ghosttest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

func TestARenamedOrDeletedLabelChangesItsMembersInSilence(t *testing.T) {
	t.Parallel()
	s, r := ghosttest.Run(t, ghosttest.Options{Sync: true}), newReceiver(t)
	m, err := s.AddMember(ghosttest.Member{Email: "a@example.com", Labels: []string{"VIP", "x"}})
	if err != nil {
		t.Fatal(err)
	}
	addMembers(t, s, "b@example.com")
	r.register(s)
	label := func() map[string]any {
		return get(t, s, "/members/"+m.ID+"/").members(t)[0]["labels"].([]any)[0].(map[string]any)
	}
	before := label()
	if s.RenameLabel("x", "vip") != 0 || s.RenameLabel("nobody's", "y") != 0 {
		t.Error("a label took the name of another, or of none")
	}
	if n := s.RenameLabel("vip", "Patron"); n != 1 {
		t.Errorf("renamed for %d members, want 1", n)
	}
	after := label()
	if after["name"] != "Patron" || after["id"] != before["id"] || after["slug"] != "vip" {
		t.Errorf("renamed from %v to %v", before, after)
	}
	if n := s.DeleteLabel("patron"); n != 1 || s.DeleteLabel("patron") != 0 {
		t.Errorf("deleted for %d members, want 1", n)
	}
	want := m
	want.Labels = []string{"x"}
	if diff := cmp.Diff(want, s.Members()[0]); diff != "" {
		t.Error(diff)
	}
	if got := r.all(); len(got) != 0 {
		t.Errorf("%d webhooks", len(got))
	}
}

// TestAPutReplacesWhatItNames is what a writer has to know to write one thing.
func TestAPutReplacesWhatItNames(t *testing.T) {
	t.Parallel()
	s, r := ghosttest.Run(t, ghosttest.Options{Sync: true}), newReceiver(t)
	s.AddNewsletter("Weekly")
	m, err := s.AddMember(ghosttest.Member{Email: "a@example.com", Name: "A", Labels: []string{"VIP", "x"}, Newsletters: []string{"Test Site", "Weekly"}})
	if err != nil {
		t.Fatal(err)
	}
	weekly := get(t, s, "/members/"+m.ID+"/").members(t)[0]["newsletters"].([]any)[1].(map[string]any)["id"].(string)
	r.register(s)
	type state struct {
		name, labels, newsletters, status string
		webhooks                          int
	}
	for _, tt := range []struct {
		body   string
		answer int
		want   state
	}{
		{`{"labels":["new"]}`, 200, state{"A", "new", "Test Site,Weekly", "free", 1}},
		{`{"labels":[{"name":" NEW "}]}`, 200, state{"A", "new", "Test Site,Weekly", "free", 1}},
		{`{"newsletters":[{"id":"` + weekly + `"}]}`, 200, state{"A", "new", "Weekly", "free", 2}},
		{`{"newsletters":[]}`, 200, state{"A", "new", "", "free", 3}},
		{`{"newsletters":[]}`, 200, state{"A", "new", "", "free", 3}},
		{`{"status":"paid","id":"x","unknown":1}`, 200, state{"A", "new", "", "free", 3}},
		{`{"name":null}`, 422, state{"A", "new", "", "free", 3}},
		{`{"name":"","labels":[]}`, 200, state{"", "", "", "free", 4}},
	} {
		got := send(t, s, "PUT", "/members/"+m.ID+"/", good(t), `{"members":[`+tt.body+`]}`)
		now := s.Members()[0]
		is := state{now.Name, strings.Join(now.Labels, ","), strings.Join(now.Newsletters, ","), now.Status, len(r.all())}
		if got.status != tt.answer || is != tt.want {
			t.Errorf("%s: status %d, then %+v, want %+v", tt.body, got.status, is, tt.want)
		}
	}
}
