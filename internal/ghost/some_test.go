package ghost_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// chosen collects the members that are read by id.
func chosen(t *testing.T, c *ghost.Client, ids []string) (read, bad []string, err error) {
	t.Helper()
	for f, e := range c.MembersByID(t.Context(), ids) {
		switch {
		case errors.Is(e, ghost.ErrInvalidMember):
			bad = append(bad, f.ID)
		case e != nil:
			err = e
		default:
			if !f.Tiers.Known || !f.Suppressed.Known || !f.Labels.Known || !f.Newsletters.Known {
				t.Errorf("not everything is known of %+v", f)
			}
			read = append(read, f.ID)
		}
	}
	return read, bad, err
}

func TestMembersByIDReadsThoseAndNoOthers(t *testing.T) {
	t.Parallel()
	s := populated(t, 450)
	all := idsOf(s.Members())
	for _, n := range []int{0, 1, 99, 100, 101, 250} {
		want := slices.Clone(all[7 : 7+n])
		asked := append(slices.Clone(want), want...) // twice, and backwards
		slices.Reverse(asked)
		before := s.Requests()["GET /members/"]
		read, _, err := chosen(t, clientOf(t, s), asked)
		if err != nil || !slices.Equal(read, want) {
			t.Errorf("read %d of %d members, %v", len(read), n, err)
		}
		if pages := s.Requests()["GET /members/"] - before; pages != (n+99)/100 {
			t.Errorf("%d requests for %d members", pages, n)
		}
	}
}

func TestMembersThatAreGoneDoNotCome(t *testing.T) {
	t.Parallel()
	s := populated(t, 250)
	all := idsOf(s.Members())
	var left []string
	for i, id := range all {
		if i%3 > 0 {
			left = append(left, id)
			continue
		}
		if err := s.DeleteMember(id); err != nil {
			t.Fatal(err)
		}
	}
	read, bad, err := chosen(t, clientOf(t, s), append(all, "000000000000000000000000", "not an id", "orphan-0123456789ab", "',id:-'x"))
	if err != nil || !slices.Equal(read, left) {
		t.Errorf("read %d members, want %d; %v", len(read), len(left), err)
	}
	if !slices.Equal(bad, []string{"',id:-'x", "not an id", "orphan-0123456789ab"}) {
		t.Errorf("bad ids %q", bad)
	}
}

func TestMembersByIDRefusesOthers(t *testing.T) {
	t.Parallel()
	const other = `{"id":"6b0233b2a81c3c0187d34847","email":"b@example.com"}`
	for name, body := range map[string]string{
		"the filter is ignored": `{"members":[` + other + `]}`,
		"one more":              `{"members":[` + live + `,` + other + `]}`,
		"one twice":             `{"members":[` + live + `,` + live + `]}`,
	} {
		read, _, err := chosen(t, answering(t, http.StatusOK, nil, body), []string{id, "6b0233b2a81c3c0187d34848"})
		if kindOf(err) != ghost.Unreadable || len(read) != 0 {
			t.Errorf("%s: %v, %v", name, read, err)
		}
	}
}

// TestAGhostWithSmallerPagesHasLostNobody guards against taking those whom a
// lowered limit left out for deleted.
func TestAGhostWithSmallerPagesHasLostNobody(t *testing.T) {
	t.Parallel()
	for name, meta := range map[string]string{"told": `{"pagination":{"limit":2}}`, "not told": `{}`} {
		ids := []string{}
		for i := range 5 {
			ids = append(ids, fmt.Sprintf("%024d", i))
		}
		c := handled(t, func(w http.ResponseWriter, r *http.Request) {
			var rows []string
			for _, id := range ids {
				if strings.Contains(r.URL.Query().Get("filter"), id) && len(rows) < 2 {
					rows = append(rows, fmt.Sprintf(`{"id":"%s","email":"a@example.com"}`, id))
				}
			}
			_, _ = fmt.Fprintf(w, `{"members":[%s],"meta":%s}`, strings.Join(rows, ","), meta)
		})
		count := 0
		for _, err := range c.MembersByID(t.Context(), ids) {
			if err != nil {
				t.Fatal(err)
			}
			count++
		}
		if count != 5 {
			t.Errorf("%s: read %d members, want 5", name, count)
		}
	}
}

func TestMembersByIDEndsWithTheErrorOfAPageOrTheCaller(t *testing.T) {
	t.Parallel()
	s := populated(t, 250)
	count, errs := 0, []error(nil)
	for _, err := range clientOf(t, s).MembersByID(t.Context(), idsOf(s.Members())) {
		if err != nil {
			errs = append(errs, err)
		} else if count++; count == 100 {
			s.FailNext(ghosttest.Fault{Status: 500})
		}
	}
	if count != 100 || len(errs) != 1 || kindOf(errs[0]) != ghost.Transient {
		t.Errorf("%d members, then %v", count, errs)
	}
	before := s.Requests()["GET /members/"]
	for range clientOf(t, s).MembersByID(t.Context(), idsOf(s.Members())) {
		break
	}
	for _, err := range clientOf(t, s).MembersByID(t.Context(), []string{"none", "neither"}) {
		if err == nil {
			t.Error("an id that is none has a member")
		}
		break
	}
	if pages := s.Requests()["GET /members/"] - before; pages != 1 {
		t.Errorf("%d pages were read, want 1", pages)
	}
}

func TestMembersAreCounted(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 321} {
		if got, err := clientOf(t, populated(t, n)).CountMembers(t.Context()); got != n || err != nil {
			t.Errorf("counted %d of %d members, %v", got, n, err)
		}
	}
	for name, body := range map[string]string{
		"no number":        `{"members":[]}`,
		"fewer than shown": `{"members":[` + live + `],"meta":{"pagination":{"total":0}}}`,
		"less than none":   `{"members":[],"meta":{"pagination":{"total":-1}}}`,
		"a word":           `{"members":[],"meta":{"pagination":{"total":"many"}}}`,
	} {
		if got, err := answering(t, http.StatusOK, nil, body).CountMembers(t.Context()); kindOf(err) != ghost.Unreadable {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}
