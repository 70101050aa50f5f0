package ghosttest_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

func TestErrorsHaveGhostsForm(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{Stripe: true}) // as the Ghost had from which they were taken
	m := addMembers(t, s, "a@example.com", "noname@example.com")[0]
	const nobody = "/members/0123456789abcdef01234567/"
	tests := map[string]struct{ method, path, body, fixture string }{
		"unknown member":     {"GET", nobody, "", "err-404-member"},
		"edit of nobody":     {"PUT", nobody, `{"members":[{"name":"x"}]}`, "err-404-member-edit"},
		"delete of nobody":   {"DELETE", nobody, "", "members-delete-404"},
		"an id that is none": {"GET", "/members/not-an-id/", "", "err-422-bad-id"},
		"unknown route":      {"GET", "/nonexistent/", "", "err-406-unknown-route"},
		"no root key":        {"POST", "/members/", `{}`, "err-400-empty"},
		"no email":           {"POST", "/members/", `{"members":[{"name":"no email"}]}`, "err-422-no-email"},
		"two members":        {"POST", "/members/", `{"members":[{"email":"1@x.de"},{"email":"2@x.de"}]}`, "err-422-two-members"},
		"a taken address":    {"PUT", "/members/" + m.ID + "/", `{"members":[{"email":"noname@example.com"}]}`, "members-edit-dup-email"},
		"two tiers":          {"PUT", "/members/" + m.ID + "/", `{"members":[{"tiers":[{"id":"1"},{"id":"2"}]}]}`, "members-edit-two-tiers"},
		"an unknown tier":    {"PUT", "/members/" + m.ID + "/", `{"members":[{"tiers":[{"id":"0123456789abcdef01234567"}]}]}`, "members-edit-unknown-tier"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := send(t, s, tt.method, tt.path, good(t), tt.body), fixture(t, tt.fixture)
			gotKind, gotCode := got.errorCodes()
			wantKind, wantCode := want.errorCodes()
			if got.status != want.status || gotKind != wantKind || gotCode != wantCode {
				t.Errorf("got %d %v %v, want %d %v %v", got.status, gotKind, gotCode, want.status, wantKind, wantCode)
			}
			gotKeys, wantKeys := keys(got.body["errors"].([]any)[0]), keys(want.body["errors"].([]any)[0])
			if diff := cmp.Diff(wantKeys, gotKeys); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func keys(object any) []string {
	var out []string
	for k := range object.(map[string]any) {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func TestMembersHaveTheKeysThatGhostGivesThem(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	m := addMembers(t, s, "a@example.com")[0]
	tests := map[string]struct{ path, fixture string }{
		"browse":            {"/members/?limit=1", "members-browse-1"},
		"browse with tiers": {"/members/?limit=1&include=tiers", "members-browse-include-tiers"},
		"read":              {"/members/" + m.ID + "/", "members-read"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := get(t, s, tt.path), fixture(t, tt.fixture)
			if diff := cmp.Diff(keys(want.members(t)[0]), keys(got.members(t)[0])); diff != "" {
				t.Error(diff)
			}
			if got.header.Get("Content-Version") != "v6.65" {
				t.Errorf("Content-Version %q", got.header.Get("Content-Version"))
			}
		})
	}
}

func TestLimitsAndPagesAreGhosts(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	for i := range 120 {
		addMembers(t, s, string(rune('a'+i%26))+strings.Repeat("x", i)+"@example.com")
	}
	tests := map[string]struct {
		query      string
		rows       int
		next, prev any
	}{
		"default":         {"", 15, 2.0, nil},
		"zero":            {"limit=0", 15, 2.0, nil},
		"all":             {"limit=all", 100, 2.0, nil},
		"too many":        {"limit=500", 100, 2.0, nil},
		"last page":       {"limit=100&page=2", 20, nil, 1.0},
		"behind the last": {"limit=100&page=3", 0, 4.0, 2.0},
		"far behind":      {"limit=100&page=9999", 0, 10000.0, 9998.0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := get(t, s, "/members/?"+tt.query)
			p := got.body["meta"].(map[string]any)["pagination"].(map[string]any)
			if len(got.members(t)) != tt.rows || p["next"] != tt.next || p["prev"] != tt.prev || p["total"] != 120.0 {
				t.Errorf("%d rows, pagination %v", len(got.members(t)), p)
			}
		})
	}
	if got := get(t, s, "/members/?limit=-1"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("limit=-1: status %d, want 422", got.status)
	}
}

func TestFiltersSelect(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	m := addMembers(t, s, "a@example.com", "o'brien@example.com", "C@example.com")
	if err := s.EditMember(m[2].ID, func(m *ghosttest.Member) { m.Labels = []string{"Dis, Gold"} }); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		filter string
		want   []int
		status int
	}{
		"nothing":                 {"", []int{0, 1, 2}, 200},
		"an address":              {"email:'a@example.com'", []int{0}, 200},
		"an escaped address":      {`email:'o\'brien@example.com'`, []int{1}, 200},
		"another case":            {"email:'A@example.com'", nil, 200},
		"ids behind one":          {"id:>'" + m[0].ID + "'", []int{1, 2}, 200},
		"ids behind the last":     {"id:>'" + m[2].ID + "'", nil, 200},
		"a list of ids":           {"id:['" + m[0].ID + "','" + m[2].ID + "']", []int{0, 2}, 200},
		"both of two":             {"status:free+email:'a@example.com'", []int{0}, 200},
		"one of two":              {"email:'a@example.com',email:'C@example.com'", []int{0, 2}, 200},
		"not":                     {"email:-'a@example.com'", []int{1, 2}, 200},
		"a label by its slug":     {"label:dis-gold", []int{2}, 200},
		"an injection":            {"email:'x',email:-'y'", []int{0, 1, 2}, 200},
		"password, which drops":   {"password:x", []int{0, 1, 2}, 200},
		"a bare quote in a value": {`email:'o"brien@example.com'`, nil, 400},
		"an empty value":          {"email:''", nil, 400},
		"an unknown column":       {"shoe:'x'", nil, 400},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := get(t, s, "/members/?order=id+asc&filter="+url.QueryEscape(tt.filter))
			if got.status != tt.status {
				t.Fatalf("status %d, want %d: %v", got.status, tt.status, got.body)
			}
			if tt.status != http.StatusOK {
				return
			}
			var ids, want []string
			for _, row := range got.members(t) {
				ids = append(ids, row["id"].(string))
			}
			for _, i := range tt.want {
				want = append(want, m[i].ID)
			}
			if diff := cmp.Diff(want, ids); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMariaDBTakesSpellingsForTheSame(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{MariaDB: true})
	addMembers(t, s, "Mixed.Case@example.com")
	got := get(t, s, "/members/?filter="+url.QueryEscape("email:'mïxed.case@EXAMPLE.com'"))
	if len(got.members(t)) != 1 {
		t.Errorf("found %d members, want 1", len(got.members(t)))
	}
	if _, err := s.AddMember(ghosttest.Member{Email: "mixed.case@example.com"}); err == nil {
		t.Error("a second spelling was taken")
	}
}

func TestSlashesAndMethodsAreGhosts(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	if got := get(t, s, "/members?limit=1"); got.status != http.StatusMovedPermanently {
		t.Errorf("GET without a slash: status %d, want 301", got.status)
	}
	if got := send(t, s, http.MethodHead, "/members/", good(t), ""); got.status != http.StatusForbidden {
		t.Errorf("HEAD: status %d, want 403", got.status)
	}
	got := send(t, s, http.MethodPost, "/members", good(t), `{"members":[{"email":"a@example.com"}]}`)
	if got.status != http.StatusCreated {
		t.Errorf("POST without a slash: status %d, want 201", got.status)
	}
	if got := send(t, s, http.MethodGet, "/site/", "", ""); got.status != http.StatusOK {
		t.Errorf("site without a key: status %d, want 200", got.status)
	}
	want := map[string]int{"GET /members/": 1, "HEAD /members/": 1, "POST /members/": 1, "GET /site/": 1}
	if diff := cmp.Diff(want, s.Requests()); diff != "" {
		t.Error(diff)
	}
}

func TestTiersChangeTheStatusOnlyWithStripe(t *testing.T) {
	t.Parallel()
	for _, stripe := range []bool{false, true} {
		s := ghosttest.Run(t, ghosttest.Options{Stripe: stripe})
		gold := s.AddTier("Gold", "gold")
		m := addMembers(t, s, "a@example.com")[0]
		body := `{"members":[{"tiers":[{"id":"` + gold + `","expiry_at":"2030-01-01T00:00:00.000Z"}]}]}`
		got := send(t, s, http.MethodPut, "/members/"+m.ID+"/", good(t), body).members(t)[0]
		want := map[bool]string{false: "free", true: "comped"}[stripe]
		if got["status"] != want || len(got["tiers"].([]any)) != 1 {
			t.Errorf("Stripe %v: status %v with tiers %v, want %s and Gold", stripe, got["status"], got["tiers"], want)
		}
	}
}

func TestFaultsHappenInTheirOrderAndEnd(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	s.FailNext(ghosttest.Fault{Status: 429, RetryAfter: 7 * time.Second}, ghosttest.Fault{Status: 500})
	var got []int
	for range 3 {
		a := get(t, s, "/members/")
		got = append(got, a.status)
		if a.status == 429 && a.header.Get("Retry-After") != "7" {
			t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
		}
	}
	if want := []int{429, 500, 200}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
