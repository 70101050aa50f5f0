package ghost_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// FuzzAnswers gives any answer to every call: it ends, with a result or with an
// error that has a kind, asks for no endless wait and repeats nothing of the answer.
func FuzzAnswers(f *testing.F) {
	refusal := `{"errors":[{"message":"marked","type":"ValidationError","code":"INVALID_JWT","property":"email"}]}`
	for _, body := range []string{
		"", "{}", "null", "[]", "<html>", `{"members":[` + live + `],"meta":{"pagination":{"total":1}}}`, `{"members":[` + live + "," + live + `]}`,
		`{"members":[{"id":"` + id + `","tiers":[{"id":"` + tierID + `","expiry_at":1811808000000}],"subscriptions":[]}]}`,
		`{"site":{"version":"6.65","url":"x"}}`, `{"config":{"version":"6.65.0"}}`, `{"settings":[{"key":"title","value":7}]}`,
		`{"webhooks":[{"id":"` + id + `"}]}`, "id,email\n" + id + ",a@example.com\n", refusal,
	} {
		for _, status := range []int{200, 201, 302, 401, 404, 422, 429, 500} {
			f.Add(status, body, "5", "Mon, 01 Jan 2035 00:00:00 GMT")
		}
	}
	f.Add(429, "", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT")
	f.Add(503, "", "-1", "NaN")
	f.Fuzz(func(t *testing.T, status int, body, retryAfter, date string) {
		if status < 200 || status > 599 {
			return
		}
		header := http.Header{"Retry-After": {retryAfter}, "Date": {date}}
		c := newClient(t, ghost.Options{URL: "https://ghost.example", HTTP: &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: status, Header: header.Clone(), ContentLength: int64(len(body)), Request: r,
					Body: readCloser{strings.NewReader(body)}, ProtoMajor: 1, ProtoMinor: 1,
				}, nil
			}),
		}})
		for name, call := range calls() {
			err := call(t.Context(), c)
			if err == nil {
				continue
			}
			if kindOf(err) == "" && !errors.Is(err, ghost.ErrInvalidMember) || len(err.Error()) > 500 || len(body) > 40 && strings.Contains(err.Error(), body) {
				t.Errorf("%s: %v", name, err)
			}
			if e, ok := errors.AsType[*ghost.Error](err); ok && (e.RetryAfter < 0 || e.RetryAfter > time.Hour) {
				t.Errorf("%s is to wait %v", name, e.RetryAfter)
			}
		}
	})
}

// FuzzAdminKey wants that a key is Ghost's form or refused, and never told.
func FuzzAdminKey(f *testing.F) {
	f.Add(ghosttest.DefaultKey)
	f.Add(strings.ToUpper(ghosttest.DefaultKey))
	f.Add(" " + ghosttest.DefaultKey + "\n")
	f.Add("650000000000000000000001:00")
	f.Fuzz(func(t *testing.T, key string) {
		_, err := ghost.New(ghost.Options{URL: "https://ghost.example", AdminKey: key, HTTP: &http.Client{}})
		id, secret, _ := strings.Cut(strings.TrimSpace(key), ":")
		if right := ghost.ValidID(id) && len(secret) == 64 && isHex(secret); right != (err == nil) {
			t.Fatalf("%q: %v", key, err)
		}
		if err != nil && len(key) > 12 && strings.Contains(err.Error(), key) {
			t.Fatalf("%q is told: %v", key, err)
		}
	})
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }
