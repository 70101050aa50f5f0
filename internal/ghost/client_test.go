package ghost_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
)

func newClient(t *testing.T, o ghost.Options) *ghost.Client {
	t.Helper()
	if o.AdminKey == "" {
		o.AdminKey = ghosttest.DefaultKey
	}
	if o.HTTP == nil {
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		o.HTTP = &http.Client{Transport: transport}
	}
	c, err := ghost.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clientOf returns a client of a simulated Ghost.
func clientOf(t *testing.T, s *ghosttest.Server) *ghost.Client {
	t.Helper()
	return newClient(t, ghost.Options{URL: s.URL()})
}

// answering returns a client of a server that answers everything with one answer.
func answering(t *testing.T, status int, header http.Header, body string) *ghost.Client {
	t.Helper()
	return handled(t, func(w http.ResponseWriter, _ *http.Request) {
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func handled(t *testing.T, h http.HandlerFunc) *ghost.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return newClient(t, ghost.Options{URL: s.URL})
}

func add(t *testing.T, s *ghosttest.Server, m ghosttest.Member) ghosttest.Member {
	t.Helper()
	added, err := s.AddMember(m)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func TestMemberReadsEverythingThatIsKnown(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	s.AddTier("Gold", "gold")
	m := add(t, s, ghosttest.Member{
		Email: "Jürgen@example.com", Name: "J", Labels: []string{"A", "B, c"}, Newsletters: []string{},
		Tiers: []ghosttest.Grant{{Tier: "Gold"}}, Suppressed: true,
	})
	got, err := clientOf(t, s).Member(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := member.Facts{
		ID: m.ID, Email: member.Some("Jürgen@example.com"), Name: member.Some("J"), Status: member.Some("comped"),
		CreatedAt: member.Some(m.CreatedAt), UpdatedAt: member.Some(m.UpdatedAt),
		Labels: member.Some([]string{"A", "B, c"}), Tiers: member.Some([]string{"Gold"}),
		Newsletters: member.Some([]string{}), Subscribed: member.Some(false), Suppressed: member.Some(true),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMemberIsNotFoundOnlyIfGhostItselfSaysSo(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	if _, err := clientOf(t, s).Member(t.Context(), id); !errors.Is(err, ghost.ErrNotFound) {
		t.Errorf("of Ghost: %v, want ErrNotFound", err)
	}
	for name, body := range map[string]string{
		"a page":          "<html>404 Not Found</html>",
		"an empty body":   "",
		"another program": `{"error":"not found"}`,
		"another error":   `{"errors":[{"type":"MaintenanceError"}]}`,
	} {
		_, err := answering(t, http.StatusNotFound, nil, body).Member(t.Context(), id)
		if err == nil || errors.Is(err, ghost.ErrNotFound) {
			t.Errorf("%s: %v, want another error", name, err)
		}
	}
}

func TestMemberRefusesAnotherMemberThanTheOneAskedFor(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"members":[{"id":"6b0233b2a81c3c0187d34847","email":"b@example.com"}]}`,
		`{"members":[]}`, `{"members":[` + live + `,` + live + `]}`, `{}`,
	} {
		_, err := answering(t, http.StatusOK, nil, body).Member(t.Context(), id)
		if kindOf(err) != ghost.Unreadable {
			t.Errorf("%s: %v, want unreadable", body, err)
		}
	}
}

func TestAMemberThatCannotBeReadIsItsOwnError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"members":[{"id":"` + id + `","email":null}]}`,
		`{"members":[{"id":"` + id + `","email":"a@example.com","labels":7}]}`,
	} {
		_, err := answering(t, http.StatusOK, nil, body).Member(t.Context(), id)
		if !errors.Is(err, ghost.ErrInvalidMember) {
			t.Errorf("%s: %v, want ErrInvalidMember", body, err)
		}
	}
	if _, err := answering(t, 200, nil, `{}`).Member(t.Context(), "../settings"); !errors.Is(err, ghost.ErrInvalidMember) {
		t.Errorf("an id that is none: %v", err)
	}
}

func TestMemberByEmailFindsOnlyWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	awkward := []string{
		"o'brien@example.com", `"quoted local"@example.com`, "a&b=c%d@example.com", "plus+x@example.com",
		"jürgen@example.com", "x',email:-'y@example.com", "Mixed.Case@Example.com",
	}
	s := ghosttest.Run(t, ghosttest.Options{})
	c := clientOf(t, s)
	for _, email := range awkward {
		m := add(t, s, ghosttest.Member{Email: email})
		got, found, err := c.MemberByEmail(t.Context(), email)
		if err != nil || !found || got.ID != m.ID || !got.Tiers.Known {
			t.Errorf("%s: found %v %+v, %v", email, found, got, err)
		}
	}
	if _, found, err := c.MemberByEmail(t.Context(), "nobody@example.com"); found || err != nil {
		t.Errorf("nobody: found %v, %v", found, err)
	}
	for _, email := range []string{`a\@example.com`, `a@example.com\`, "", "a\n@example.com"} {
		if _, _, err := c.MemberByEmail(t.Context(), email); !errors.Is(err, ghost.ErrUnsearchable) {
			t.Errorf("%q: %v, want ErrUnsearchable", email, err)
		}
	}
}

func TestMemberByEmailComparesItself(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{MariaDB: true})
	m := add(t, s, ghosttest.Member{Email: "mixed.case@example.com"})
	c := clientOf(t, s)
	if got, found, err := c.MemberByEmail(t.Context(), "Mixed.Case@example.com"); !found || got.ID != m.ID || err != nil {
		t.Errorf("another case: found %v, %v", found, err)
	}
	if got, found, err := c.MemberByEmail(t.Context(), "mïxed.case@example.com"); found || err != nil {
		t.Errorf("an accent: found %+v, %v", got, err)
	}
	everyone := `{"members":[{"id":"` + id + `","email":"B@example.com"},{"id":"6b0233b2a81c3c0187d34847","email":"b@example.com"},` +
		`{"id":"6b0233b2a81c3c0187d34848","email":"c@example.com"}]}`
	got, found, err := answering(t, 200, nil, everyone).MemberByEmail(t.Context(), "b@example.com")
	if got.ID != "6b0233b2a81c3c0187d34847" || !found || err != nil {
		t.Errorf("of two spellings: %+v, %v, %v", got, found, err)
	}
	if _, found, err := answering(t, 200, nil, everyone).MemberByEmail(t.Context(), "x@example.com"); found || err != nil {
		t.Errorf("of everyone: found %v, %v", found, err)
	}
}

func TestSiteTellsTitleAndVersion(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{Title: "Daily"})
	got, err := clientOf(t, s).Site(t.Context())
	if want := (ghost.Site{Title: "Daily", URL: s.URL() + "/", Version: "6.65"}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if _, err := answering(t, 200, nil, `{}`).Site(t.Context()); kindOf(err) != ghost.Unreadable {
		t.Errorf("an empty answer: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	const good = "https://example.com/blog"
	tests := map[string]ghost.Options{
		"no URL":             {URL: ""},
		"a relative URL":     {URL: "example.com"},
		"another scheme":     {URL: "ftp://example.com"},
		"a password in it":   {URL: "https://MARKED:MARKED@example.com"},
		"a query":            {URL: good + "?MARKED"},
		"no key":             {URL: good, AdminKey: " "},
		"half a key":         {URL: good, AdminKey: "6b0232f0f40b4d72024c857b"},
		"a key without hex":  {URL: good, AdminKey: "6b0232f0f40b4d72024c857b:MARKED"},
		"a content API key":  {URL: good, AdminKey: "22444f78447824223cefc48062"},
		"a short secret":     {URL: good, AdminKey: "6b0232f0f40b4d72024c857b:0011"},
		"a key id too short": {URL: good, AdminKey: "6b02:" + ghosttest.DefaultKey[25:]},
	}
	for name, o := range tests {
		if o.AdminKey == "" {
			o.AdminKey = ghosttest.DefaultKey
		}
		o.HTTP = http.DefaultClient
		if _, err := ghost.New(o); err == nil || strings.Contains(err.Error(), "MARKED") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ghost.New(ghost.Options{URL: good, AdminKey: ghosttest.DefaultKey}); err == nil {
		t.Error("a client without an HTTP client was made")
	}
}

func TestASiteInASubdirectoryKeepsItsPath(t *testing.T) {
	t.Parallel()
	var path atomic.Value
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path.Store(r.URL.Path) }))
	t.Cleanup(s.Close)
	for _, u := range []string{s.URL + "/blog", s.URL + "/blog/"} {
		_, _ = newClient(t, ghost.Options{URL: u}).Site(t.Context())
		if path.Load() != "/blog/ghost/api/admin/site/" {
			t.Errorf("%s: asked for %v", u, path.Load())
		}
	}
}

func TestTokensAreReusedAndRenewedBeforeGhostTiresOfThem(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	var tokens []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, strings.TrimPrefix(r.Header.Get("Authorization"), "Ghost "))
	}))
	t.Cleanup(s.Close)
	c := newClient(t, ghost.Options{URL: s.URL, Now: func() time.Time { return now }})
	for _, step := range []time.Duration{0, 2 * time.Minute, 59 * time.Second, 2 * time.Second, -time.Hour} {
		now = now.Add(step)
		_, _ = c.Site(t.Context())
	}
	if len(tokens) != 5 || tokens[0] != tokens[1] || tokens[1] != tokens[2] || tokens[2] == tokens[3] || tokens[3] == tokens[4] {
		t.Errorf("tokens were not renewed after three minutes and when the clock was set back: %v", tokens)
	}
	claims := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(tokens[0], claims)
	if err != nil {
		t.Fatal(err)
	}
	iat := float64(time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC).Unix())
	want := jwt.MapClaims{"iat": iat, "exp": iat + 240, "aud": "/admin/"}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Error(diff)
	}
	wantHeader := map[string]any{"alg": "HS256", "typ": "JWT", "kid": ghosttest.DefaultKey[:24]}
	if diff := cmp.Diff(wantHeader, parsed.Header); diff != "" {
		t.Error(diff)
	}
}

func TestConnectionsAreReusedAfterErrorsToo(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	add(t, s, ghosttest.Member{Email: "a@example.com"})
	var dials atomic.Int32
	transport := &http.Transport{}
	dialer := &net.Dialer{}
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return dialer.DialContext(ctx, network, addr)
	}
	t.Cleanup(transport.CloseIdleConnections)
	c := newClient(t, ghost.Options{URL: s.URL(), HTTP: &http.Client{Transport: transport}})
	for range 5 {
		s.FailNext(ghosttest.Fault{Status: 500, Body: strings.Repeat("x", 200_000)})
		_, _ = c.Member(t.Context(), id)
		if _, err := c.Site(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if dials.Load() != 1 {
		t.Errorf("%d connections for 10 requests, want 1", dials.Load())
	}
}

func TestEveryRequestIsObserved(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	var got []string
	c := newClient(t, ghost.Options{URL: s.URL(), Observe: func(op string, status int, took time.Duration) {
		got = append(got, fmt.Sprint(op, " ", status, " ", took >= 0))
	}})
	s.FailNext(ghosttest.Fault{}, ghosttest.Fault{Status: 503})
	_, _ = c.Member(t.Context(), id)
	_, _ = c.Site(t.Context())
	_, _, _ = c.MemberByEmail(t.Context(), "a@example.com")
	for range c.Members(t.Context(), "") {
		t.Error("a member of an empty site")
	}
	want := []string{"member 0 true", "site 503 true", "member_by_email 200 true", "members 200 true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// silent never answers, as a server that hangs.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestACallThatIsNotAnsweredEndsAfterTwentySeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, ghost.Options{URL: "https://ghost.example", HTTP: &http.Client{Transport: silent{}}})
		start := time.Now()
		_, err := c.Member(t.Context(), id)
		if took := time.Since(start); took != 20*time.Second || kindOf(err) != ghost.Transient {
			t.Errorf("ended after %v with %v", took, err)
		}
	})
}

func TestACancelledCallSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := newClient(t, ghost.Options{URL: "https://ghost.example", HTTP: &http.Client{Transport: silent{}}})
	if _, err := c.Member(ctx, id); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
