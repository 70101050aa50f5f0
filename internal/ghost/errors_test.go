package ghost_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
)

// kindOf returns the kind of an error of the Admin API, "" for any other.
func kindOf(err error) ghost.Kind {
	if e, ok := errors.AsType[*ghost.Error](err); ok {
		return e.Kind()
	}
	return ""
}

func TestEveryStatusHasItsKind(t *testing.T) {
	t.Parallel()
	want := func(status int) ghost.Kind {
		switch {
		case status == 401, status == 403:
			return ghost.Credentials
		case status == 404:
			return ghost.NotFound
		case status == 408, status == 425, status >= 500 && status < 600:
			return ghost.Transient
		case status == 429:
			return ghost.RateLimited
		case status >= 300 && status < 400:
			return ghost.Redirected
		case status >= 400 && status < 500:
			return ghost.Invalid
		}
		return ghost.Unreadable
	}
	for status := 201; status < 700; status++ {
		e := &ghost.Error{Op: "member", Status: status, Type: "SomeError"}
		if status == 404 {
			e.Type = "NotFoundError"
		}
		if e.Kind() != want(status) {
			t.Errorf("%d is %s, want %s", status, e.Kind(), want(status))
		}
	}
}

func TestAnswersOverTheWireHaveTheirKind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		header http.Header
		body   string
		want   ghost.Kind
	}{
		"a redirect":                {301, http.Header{"Location": {"https://other.example/"}}, "", ghost.Redirected},
		"a temporary redirect":      {307, http.Header{"Location": {"/elsewhere/"}}, "", ghost.Redirected},
		"no content":                {204, nil, "", ghost.Unreadable},
		"a page instead of JSON":    {200, nil, "<html>Welcome</html>", ghost.Unreadable},
		"another JSON":              {200, nil, `[1,2]`, ghost.Unreadable},
		"half an answer":            {200, nil, `{"members":[{"id":"`, ghost.Unreadable},
		"a firewall's 403":          {403, nil, "<html>Blocked</html>", ghost.Credentials},
		"a 400 that is not Ghost's": {400, nil, "<html>Bad Request</html>", ghost.Unreadable},
		"a proxy's 502":             {502, nil, "<html>Bad Gateway</html>", ghost.Transient},
		"maintenance":               {503, nil, `{"errors":[{"type":"MaintenanceError"}]}`, ghost.Transient},
		"a proxy's 429":             {429, nil, "slow down", ghost.RateLimited},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, tt.status, tt.header, tt.body).Member(t.Context(), id)
			if kindOf(err) != tt.want {
				t.Errorf("%v is %q, want %s", err, kindOf(err), tt.want)
			}
		})
	}
}

func TestCapturedErrorsHaveTheirKind(t *testing.T) {
	t.Parallel()
	tests := map[string]ghost.Kind{
		"err-400-bad-jwt":       ghost.Credentials,
		"err-400-no-kid":        ghost.Credentials,
		"err-401-bad-sig":       ghost.Credentials,
		"err-401-bearer":        ghost.Credentials,
		"err-401-expired":       ghost.Credentials,
		"err-401-unknown-kid":   ghost.Credentials,
		"err-403-no-auth":       ghost.Credentials,
		"err-400-empty":         ghost.Invalid,
		"err-404-member":        ghost.NotFound,
		"err-406-unknown-route": ghost.Invalid,
		"err-422-bad-id":        ghost.Invalid,
		"err-429-session":       ghost.RateLimited,
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f struct {
				Response struct {
					Status int
					Body   json.RawMessage
				}
			}
			if err := json.Unmarshal(read(t, "testdata/admin-api/"+name+".json"), &f); err != nil {
				t.Fatal(err)
			}
			_, err := answering(t, f.Response.Status, nil, string(f.Response.Body)).Member(t.Context(), id)
			if kindOf(err) != want {
				t.Errorf("%v is %q, want %s", err, kindOf(err), want)
			}
		})
	}
}

func TestAWrongKeyIsAMatterOfCredentials(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	wrong := ghosttest.DefaultKey[:len(ghosttest.DefaultKey)-1] + "0"
	_, err := newClient(t, ghost.Options{URL: s.URL(), AdminKey: wrong}).Member(t.Context(), id)
	if kindOf(err) != ghost.Credentials {
		t.Errorf("%v is %q", err, kindOf(err))
	}
}

func TestClocksThatDifferAreTold(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{Now: func() time.Time { return time.Now().Add(10 * time.Minute) }})
	_, err := clientOf(t, s).Member(t.Context(), id)
	e, ok := errors.AsType[*ghost.Error](err)
	if !ok || e.Kind() != ghost.Credentials || (e.Skew-10*time.Minute).Abs() > 5*time.Second || !strings.Contains(err.Error(), "clocks") {
		t.Errorf("got %v, %+v", err, e)
	}
}

func TestARefusalTellsGhostsWordsAndHowLongToWait(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"7":                             7 * time.Second,
		"0":                             0,
		"-3":                            0,
		"soon":                          0,
		"99999999":                      time.Hour,
		"Sun, 22 Nov 2026 01:02:00 GMT": 2 * time.Minute,
		"Sun, 22 Nov 2026 00:00:00 GMT": 0,
	} {
		s := ghosttest.Run(t, ghosttest.Options{})
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err == nil {
				resp.Header.Set("Retry-After", header)
				resp.Header.Set("Date", "Sun, 22 Nov 2026 01:00:30 GMT")
			}
			return resp, err
		})
		s.FailNext(ghosttest.Fault{Status: 429})
		c := newClient(t, ghost.Options{URL: s.URL(), HTTP: &http.Client{Transport: transport}, Now: func() time.Time { return now }})
		_, err := c.Member(t.Context(), id)
		got, ok := errors.AsType[*ghost.Error](err)
		if !ok {
			t.Fatalf("got %v", err)
		}
		wanted := ghost.Error{Op: "member", Status: 429, Type: "InternalServerError", RetryAfter: want, Skew: 30 * time.Second}
		if diff := cmp.Diff(&wanted, got, cmp.AllowUnexported(ghost.Error{})); diff != "" {
			t.Errorf("%s: %s", header, diff)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var paths []string
	c := handled(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		http.Redirect(w, r, "/stolen", http.StatusMovedPermanently)
	})
	_, err := c.Site(t.Context())
	if kindOf(err) != ghost.Redirected || len(paths) != 1 {
		t.Errorf("got %v after %v", err, paths)
	}
}

func TestACutOrBrokenAnswerIsTransient(t *testing.T) {
	t.Parallel()
	clients := map[string]*ghost.Client{
		"cut":     answering(t, 200, http.Header{"Content-Length": {"1000"}}, `{"site":`),
		"no gzip": answering(t, 200, http.Header{"Content-Encoding": {"gzip"}}, "\x1f\x8bnot gzip"),
		"refused": newClient(t, ghost.Options{URL: "http://127.0.0.1:1"}),
	}
	for name, c := range clients {
		if _, err := c.Site(t.Context()); kindOf(err) != ghost.Transient {
			t.Errorf("%s: %v is %q", name, err, kindOf(err))
		}
	}
}

// TestErrorsHoldNoSecretAndNoAddress makes every kind of failure with a marked
// key and a marked address, and an other side that echoes all it was sent.
func TestErrorsHoldNoSecretAndNoAddress(t *testing.T) {
	t.Parallel()
	const address, secretHex = "marked.person@example.com", "feedfacefeedfacefeedfacefeedfacefeedfacefeedfacefeedfacefeedface"
	key := "6b0232f0f40b4d72024c857b:" + secretHex
	echo := func(status int) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			said := fmt.Sprintf(`{"errors":[{"message":%q,"context":%q,"type":%q,"code":%q}]}`,
				address, secretHex, address+r.Header.Get("Authorization"), secretHex)
			rec := http.Response{StatusCode: status, Header: http.Header{"Retry-After": {address}, "Location": {r.URL.String()}}}
			rec.Body = readCloser{strings.NewReader(said)}
			return &rec, nil
		})
	}
	transports := map[string]http.RoundTripper{
		"an error that quotes": roundTrip(func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("malformed response %q to %s", r.Header.Get("Authorization"), r.URL)
		}),
		"refused": http.DefaultTransport,
	}
	for _, status := range []int{200, 201, 204, 301, 307, 400, 401, 403, 404, 418, 422, 429, 500, 503} {
		transports[fmt.Sprint(status)] = echo(status)
	}
	for name, transport := range transports {
		marked := ghost.Webhook{
			Event: member.Edited, TargetURL: "https://marked.example/" + secretHex, Name: address, Secret: secretHex,
		}
		c := newClient(t, ghost.Options{URL: "http://127.0.0.1:1", AdminKey: key, HTTP: &http.Client{Transport: transport}})
		var errs []error
		for call, do := range calls() {
			if name != "204" || call != "delete webhook" { // for which it is right
				errs = append(errs, do(t.Context(), c))
			}
		}
		_, _, err := c.MemberByEmail(t.Context(), address)
		errs = append(errs, err)
		_, err = c.AddWebhook(t.Context(), marked)
		errs = append(errs, err, c.EditWebhook(t.Context(), id, marked))
		_, err = c.CreateMember(t.Context(), ghost.NewMember{
			Email: address, Name: "marked", Note: secretHex, TierID: tierID, ExpiryAt: ends, SendMail: true,
		})
		errs = append(errs, err, c.GrantTier(t.Context(), id, tierID, ends, address))
		_, _, err = c.AccessByEmail(t.Context(), address)
		errs = append(errs, err)
		marked.Event = "member.updated"
		_, err = c.AddWebhook(t.Context(), marked)
		errs = append(errs, err)
		for _, err := range errs {
			if err == nil {
				t.Errorf("%s: no error", name)
				continue
			}
			if _, ok := errors.AsType[*url.Error](err); ok {
				t.Errorf("%s: the URL can be unwrapped from %v", name, err)
			}
			text := fmt.Sprintf("%v", err)
			for _, marked := range []string{"marked", "feedface", "eyJ", "filter"} {
				if strings.Contains(text, marked) {
					t.Errorf("%s: the error holds %q: %s", name, marked, text)
				}
			}
		}
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
