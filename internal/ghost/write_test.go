package ghost_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

func TestUnsubscribeEndsTheNewslettersAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, stripe := range []bool{false, true} {
		s := ghosttest.Run(t, ghosttest.Options{Stripe: stripe, Sync: true})
		s.AddTier("Gold", "gold")
		s.AddNewsletter("Weekly")
		m := add(t, s, ghosttest.Member{
			Email: "a@example.com", Name: "A", Note: "n", Labels: []string{"VIP", "B, c"}, Newsletters: []string{"Test Site", "Weekly"},
			Tiers: []ghosttest.Grant{{Tier: "Gold"}},
		})
		s.Webhooks(func(event string) string { return s.URL() + "/hook?event=" + event }, "secret")
		for range 2 {
			if err := clientOf(t, s).Unsubscribe(t.Context(), m.ID); err != nil {
				t.Fatal(err)
			}
		}
		want := m
		want.Newsletters = nil
		if diff := cmp.Diff([]ghosttest.Member{want}, s.Members(), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		if sent := s.Sent(); len(sent) != 1 || sent[0].Event != "member.edited" {
			t.Errorf("%d webhooks for one change: %v", len(sent), sent)
		}
	}
}

// TestUnsubscribeSendsTheNewslettersAlone is about the words on the wire: what a
// PUT names is replaced, even by null.
func TestUnsubscribeSendsTheNewslettersAlone(t *testing.T) {
	t.Parallel()
	var sent atomic.Value
	c := handled(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		sent.Store(fmt.Sprintf("%s %s %s %v", r.Method, r.URL, body, err))
		_, _ = io.WriteString(w, `{"members":[`+live+`]}`)
	})
	want := "PUT /ghost/api/admin/members/" + id + `/ {"members":[{"newsletters":[]}]} <nil>`
	if err := c.Unsubscribe(t.Context(), id); err != nil || sent.Load() != want {
		t.Errorf("sent %v, want %s; %v", sent.Load(), want, err)
	}
}

func TestUnsubscribeOfNobodyIsNotFound(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	c := clientOf(t, s)
	if err := c.Unsubscribe(t.Context(), id); !errors.Is(err, ghost.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if err := c.Unsubscribe(t.Context(), "bulk"); !errors.Is(err, ghost.ErrInvalidMember) {
		t.Errorf("of an id that is none: %v, want ErrInvalidMember", err)
	}
}

func TestUnsubscribeIsNotDoneUntilGhostShowsIt(t *testing.T) {
	t.Parallel()
	on := `{"id":"` + id + `","email":"a@example.com","subscribed":true}`
	listed := `{"id":"` + id + `","email":"a@example.com","newsletters":[{"name":"N","status":"active"}]}`
	for name, body := range map[string]string{
		"still on":       `{"members":[` + on + `]}`,
		"still listed":   `{"members":[` + listed + `]}`,
		"another member": `{"members":[{"id":"6b0233b2a81c3c0187d34847","email":"a@example.com"}]}`,
		"nobody":         `{"members":[]}`,
	} {
		if err := answering(t, http.StatusOK, nil, body).Unsubscribe(t.Context(), id); kindOf(err) != ghost.Unreadable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// writes are the calls that change something in Ghost.
func writes() []string {
	return []string{
		"unsubscribe", "add webhook", "edit webhook", "delete webhook",
		"create member", "grant tier", "revoke tiers", "expire tier", "restore tier",
	}
}

func TestRefusedWritesHaveTheirKind(t *testing.T) {
	t.Parallel()
	const plain = `{"errors":[{"type":"ValidationError","context":"Validation failed for members[0].newsletters."}]}`
	for _, name := range writes() {
		for _, tt := range []struct {
			status int
			body   string
			want   ghost.Kind
		}{
			{400, `{"errors":[{"type":"BadRequestError"}]}`, ghost.Invalid},
			{401, `{"errors":[{"type":"UnauthorizedError","code":"INVALID_JWT"}]}`, ghost.Credentials},
			{403, `{"errors":[{"type":"NoPermissionError"}]}`, ghost.Credentials},
			{404, `{"errors":[{"type":"NotFoundError"}]}`, ghost.NotFound},
			{404, "<html>", ghost.Unreadable},
			{406, `{"errors":[{"type":"RequestNotAcceptableError","code":"UPDATE_CLIENT"}]}`, ghost.Invalid},
			{422, plain, ghost.Invalid},
			{422, "<html>", ghost.Unreadable},
			{429, "", ghost.RateLimited},
			{500, `{"errors":[{"type":"InternalServerError"}]}`, ghost.Transient},
			{503, "<html>", ghost.Transient},
			{202, "", ghost.Unreadable},
		} {
			err := calls()[name](t.Context(), answering(t, tt.status, nil, tt.body))
			if kindOf(err) != tt.want || errors.Is(err, ghost.ErrWebhookExists) {
				t.Errorf("%s, %d %s: %v is %q, want %s", name, tt.status, tt.body, err, kindOf(err), tt.want)
			}
		}
	}
}

func TestAWriteIsNotSentToWhereARedirectPoints(t *testing.T) {
	t.Parallel()
	for _, name := range writes() {
		for _, status := range []int{301, 302, 303, 307, 308} {
			var requests atomic.Int32
			c := handled(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				http.Redirect(w, r, "/stolen/", status)
			})
			if err := calls()[name](t.Context(), c); kindOf(err) != ghost.Redirected || requests.Load() != 1 {
				t.Errorf("%s, %d: %v after %d requests", name, status, err, requests.Load())
			}
		}
	}
}

// TestAWriteIsSentOnce breaks a connection that was used before, which is where
// net/http would repeat a read.
func TestAWriteIsSentOnce(t *testing.T) {
	t.Parallel()
	for _, name := range writes() {
		var arrived atomic.Int32
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				_, _ = io.WriteString(w, `{"site":{"version":"6.65"}}`)
				return
			}
			arrived.Add(1)
			panic(http.ErrAbortHandler)
		}))
		t.Cleanup(s.Close)
		c := newClient(t, ghost.Options{URL: s.URL})
		if _, err := c.Site(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := calls()[name](t.Context(), c); kindOf(err) != ghost.Transient || arrived.Load() != 1 {
			t.Errorf("%s: %v after %d requests", name, err, arrived.Load())
		}
	}
}

func TestABodyIsJSONAndOnlyWritesHaveOne(t *testing.T) {
	t.Parallel()
	for name, call := range calls() {
		var problem atomic.Value
		c := handled(t, func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			kind, withBody := r.Header.Get("Content-Type"), r.Method == http.MethodPost || r.Method == http.MethodPut
			if err != nil || (len(body) > 0) != withBody || (kind == "application/json") != withBody ||
				!strings.HasPrefix(r.Header.Get("Authorization"), "Ghost ") {
				problem.Store(fmt.Sprintf("%s with %q of %q", r.Method, body, kind))
			}
		})
		_ = call(t.Context(), c)
		if p := problem.Load(); p != nil {
			t.Errorf("%s: %v", name, p)
		}
	}
}
