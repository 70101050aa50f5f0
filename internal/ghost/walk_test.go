package ghost_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// populated is a Ghost with n members.
func populated(t *testing.T, n int) *ghosttest.Server {
	t.Helper()
	s := ghosttest.Run(t, ghosttest.Options{})
	records := make([]ghosttest.Member, n)
	for i := range records {
		records[i] = ghosttest.Member{Email: fmt.Sprintf("m%d@example.com", i), Labels: []string{"VIP"}}
	}
	if got := s.Import(records); got != n {
		t.Fatalf("imported %d members, want %d", got, n)
	}
	return s
}

func idsOf(members []ghosttest.Member) []string {
	var ids []string
	for _, m := range members {
		ids = append(ids, m.ID)
	}
	return ids
}

func TestMembersYieldsEveryoneOnceInOrder(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 99, 100, 101, 250} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			s := populated(t, n)
			var got []string
			for f, err := range clientOf(t, s).Members(t.Context(), "") {
				if err != nil {
					t.Fatal(err)
				}
				if !f.Tiers.Known || !f.Suppressed.Known || !f.Labels.Known || !f.Newsletters.Known {
					t.Fatalf("not everything is known of %+v", f)
				}
				got = append(got, f.ID)
			}
			if !slices.Equal(got, idsOf(s.Members())) {
				t.Errorf("walked through %d members, want %d", len(got), n)
			}
			if pages := s.Requests()["GET /members/"]; pages != n/100+1 {
				t.Errorf("%d requests for %d members", pages, n)
			}
		})
	}
}

func TestMembersGoesOnBehindAnID(t *testing.T) {
	t.Parallel()
	s := populated(t, 150)
	all := idsOf(s.Members())
	var got []string
	for f, err := range clientOf(t, s).Members(t.Context(), all[119]) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, f.ID)
	}
	if !slices.Equal(got, all[120:]) {
		t.Errorf("got %d members, want 30", len(got))
	}
}

func TestMembersMissesNobodyWhileMembersComeAndGo(t *testing.T) {
	t.Parallel()
	s := populated(t, 500)
	all := idsOf(s.Members())
	seen := map[string]int{}
	walked := 0
	for f, err := range clientOf(t, s).Members(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		seen[f.ID]++
		if walked++; walked%50 == 0 && walked <= 500 {
			if err := s.DeleteMember(f.ID); err != nil {
				t.Fatal(err)
			}
			all = append(all, add(t, s, ghosttest.Member{Email: fmt.Sprintf("new%d@example.com", walked)}).ID)
		}
	}
	for _, id := range all {
		if seen[id] != 1 {
			t.Errorf("%s was seen %d times", id, seen[id])
		}
	}
}

func TestMembersStopsWhenTheCallerDoes(t *testing.T) {
	t.Parallel()
	s := populated(t, 250)
	for range clientOf(t, s).Members(t.Context(), "") {
		break
	}
	if pages := s.Requests()["GET /members/"]; pages != 1 {
		t.Errorf("%d pages were read, want 1", pages)
	}
}

func TestMembersEndsWithTheErrorOfAPage(t *testing.T) {
	t.Parallel()
	s := populated(t, 250)
	count, errs := 0, []error(nil)
	for _, err := range clientOf(t, s).Members(t.Context(), "") {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if count++; count == 100 {
			s.FailNext(ghosttest.Fault{Status: 500})
		}
	}
	if count != 100 || len(errs) != 1 || kindOf(errs[0]) != ghost.Transient {
		t.Errorf("%d members, then %v", count, errs)
	}
}

func TestABadRecordStopsNothingButItself(t *testing.T) {
	t.Parallel()
	const last = "6b0233b2a81c3c0187d34849"
	c := answering(t, http.StatusOK, nil, `{"members":[`+live+`,{"id":"6b0233b2a81c3c0187d34847","email":7},`+
		`{"id":"6b0233b2a81c3c0187d34848"},{"id":"`+last+`","email":"z@example.com"}],"meta":{"pagination":{"limit":100}}}`)
	var read, bad []string
	for f, err := range c.Members(t.Context(), "") {
		switch {
		case errors.Is(err, ghost.ErrInvalidMember):
			bad = append(bad, f.ID)
		case err != nil:
			t.Fatal(err)
		default:
			read = append(read, f.ID)
		}
	}
	if !slices.Equal(read, []string{id, last}) || !slices.Equal(bad, []string{"6b0233b2a81c3c0187d34847", "6b0233b2a81c3c0187d34848"}) {
		t.Errorf("read %v, bad %v", read, bad)
	}
}

func TestAWalkThatDoesNotAdvanceEnds(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"the filter is ignored": `{"members":[` + live + `]}`,
		"the order is ignored":  `{"members":[{"id":"6b0233b2a81c3c0187d34849","email":"a@example.com"},{"id":"6b0233b2a81c3c0187d34848","email":"b@example.com"}]}`,
		"an id is none":         `{"members":[{"id":"zz","email":"a@example.com"}]}`,
		"no members":            `{"settings":[]}`,
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var last error
			for _, err := range answering(t, http.StatusOK, nil, body).Members(t.Context(), id) {
				last = err
			}
			if kindOf(last) != ghost.Unreadable {
				t.Errorf("ended with %v", last)
			}
		})
	}
	for _, err := range answering(t, http.StatusOK, nil, bodies["no members"]).Members(t.Context(), "zz") {
		if !errors.Is(err, ghost.ErrUnsearchable) {
			t.Errorf("behind an id that is none: %v", err)
		}
	}
}

// TestAGhostWithSmallerPagesIsWalkedToItsEnd guards against reading a lowered
// limit as the end, which would make the rest look deleted.
func TestAGhostWithSmallerPagesIsWalkedToItsEnd(t *testing.T) {
	t.Parallel()
	for name, meta := range map[string]string{"told": `{"pagination":{"limit":1}}`, "not told": `{}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left := 3
			c := handled(t, func(w http.ResponseWriter, _ *http.Request) {
				row := ""
				if left--; left >= 0 {
					row = fmt.Sprintf(`{"id":"%s%d","email":"a@example.com"}`, strings.Repeat("a", 23), 3-left)
				}
				_, _ = fmt.Fprintf(w, `{"members":[%s],"meta":%s}`, row, meta)
			})
			count := 0
			for _, err := range c.Members(t.Context(), "") {
				if err != nil {
					t.Fatal(err)
				}
				count++
			}
			if count != 3 {
				t.Errorf("walked through %d members, want 3", count)
			}
		})
	}
}

// BenchmarkReadPage reads a captured page of 100 members, without a network.
func BenchmarkReadPage(b *testing.B) {
	var f struct {
		Response struct{ Body json.RawMessage }
	}
	if err := json.Unmarshal(read(b, "testdata/admin-api/members-browse-100.json"), &f); err != nil {
		b.Fatal(err)
	}
	var page bytes.Buffer
	if err := json.Compact(&page, f.Response.Body); err != nil {
		b.Fatal(err)
	}
	c, err := ghost.New(ghost.Options{
		URL: "https://ghost.example", AdminKey: ghosttest.DefaultKey,
		HTTP: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: readCloser{strings.NewReader(page.String())}}, nil
		})},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(page.Len()))
	for b.Loop() {
		if _, found, err := c.MemberByEmail(b.Context(), "nobody@example.com"); found || err != nil {
			b.Fatal(found, err)
		}
	}
	b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "members/s")
}
