package reconcile

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
)

func sealed(t testing.TB, rows ...row) *listing {
	t.Helper()
	l, err := newListing(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for _, r := range rows {
		if err := l.add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.seal(); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAListingGivesBackWhatItWasGiven(t *testing.T) {
	t.Parallel()
	text := rapid.StringN(0, 300, -1)
	rapid.Check(t, func(rt *rapid.T) {
		var rows []row
		for i := range rapid.IntRange(0, 40).Draw(rt, "rows") {
			rows = append(rows, row{
				email: fmt.Sprintf("Person%d@example.org", i), name: text.Draw(rt, "name"), state: "Active", date: "2026-01-01 00:00:00",
				values: []string{text.Draw(rt, "value"), "", text.Draw(rt, "value")},
			})
		}
		l := sealed(t, rows...)
		for _, want := range rows {
			got, i, err := l.find(" " + strings.ToUpper(want.email))
			if err != nil || i < 0 || !reflect.DeepEqual(got, want) {
				rt.Fatalf("%+v, %d, %v, want %+v", got, i, err, want)
			}
		}
		if _, i, err := l.find("nobody@example.org"); i >= 0 || err != nil {
			rt.Fatalf("found nobody: %d, %v", i, err)
		}
	})
}

func TestOfTwoRowsOfAnAddressTheLaterCountsAndActiveLosesTies(t *testing.T) {
	t.Parallel()
	at := func(state, date string) row { return row{email: "a@x.org", state: state, date: "2026-01-0" + date} }
	for name, c := range map[string]struct {
		rows []row
		want string
	}{
		"left while it was read":         {[]row{at("Active", "1"), at("Unsubscribed", "2")}, "Unsubscribed"},
		"came back while it was read":    {[]row{at("Unsubscribed", "1"), at("Active", "2")}, "Active"},
		"both at the same time":          {[]row{at("Active", "2"), at("Bounced", "2")}, "Bounced"},
		"both at the same time, turned":  {[]row{at("Bounced", "2"), at("Active", "2")}, "Bounced"},
		"three":                          {[]row{at("Active", "1"), at("Unsubscribed", "3"), at("Deleted", "2")}, "Unsubscribed"},
		"in another case of the address": {[]row{at("Active", "1"), {email: "A@X.org", state: "Deleted", date: "2026-01-02"}}, "Deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := sealed(t, append(c.rows, row{email: "b@x.org", state: "Active"})...)
			got, _, err := l.find("a@x.org")
			active := 1
			if c.want == "Active" {
				active = 2
			}
			if err != nil || got.state != c.want || len(l.rows) != 2 || l.active != active {
				t.Errorf("%+v, %v, %d rows, %d active", got, err, len(l.rows), l.active)
			}
		})
	}
}

func TestRowsThatNoMemberBelongsToAreToldOnce(t *testing.T) {
	t.Parallel()
	var rows []row
	for i := range 130 {
		rows = append(rows, row{email: fmt.Sprintf("p%d@x.org", i), state: "Active"})
	}
	l := sealed(t, rows...)
	for i := range 130 {
		if i%2 == 0 {
			_, place, _ := l.find(rows[i].email)
			l.met.set(place)
		}
	}
	left := map[string]bool{}
	for r, err := range l.unmet() {
		if err != nil || left[r.email] {
			t.Fatal(r, err)
		}
		left[r.email] = true
	}
	if len(left) != 65 || !left["p1@x.org"] || left["p2@x.org"] {
		t.Errorf("%d left", len(left))
	}
}

func TestAListingLeavesNoFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	l, err := newListing(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	if info, err := l.file.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestOnlyOurFieldsAreKeptOfARow(t *testing.T) {
	t.Parallel()
	l := member.Layout{Columns: map[member.Fact]member.Column{
		member.FactLabels: {Key: "[Ghost Labels]"}, member.FactStatus: {Key: "[ghost_status]"},
	}}
	r := columnsOf(l).row(campaignmonitor.Subscriber{Email: "a@x.org", Fields: []campaignmonitor.Field{
		{Key: "ghostlabels", Value: "VIP"}, {Key: "shoe_size", Value: "42"}, {Key: "ghost_status", Value: "free"}}})
	if !reflect.DeepEqual(r.values, []string{"free", "VIP"}) {
		t.Errorf("%q", r.values)
	}
}

func TestADamagedRowIsAnError(t *testing.T) {
	t.Parallel()
	for _, raw := range [][]byte{{}, {200}, {3, 'a'}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}} {
		if _, err := decodeRow(raw, 1); err == nil {
			t.Errorf("%v was read", raw)
		}
	}
}
