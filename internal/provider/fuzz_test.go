package provider_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
)

// FuzzAnswersToQuestions gives any answer to every question. Nothing but PayPal's own
// word makes a stranger's message genuine, and no error repeats what was sent or came.
func FuzzAnswersToQuestions(f *testing.F) {
	for _, body := range []string{
		"", "VERIFIED", "INVALID", "VERIFIED\n", "<html>", "null", `{"success":true,"sale":{"id":"s4l3-marked=="}}`, `{"success":false}`,
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	} {
		for _, status := range []int{200, 301, 403, 404, 429, 503} {
			f.Add(status, body, "5", "Sun, 22 Nov 2026 12:00:00 GMT")
		}
	}
	f.Add(429, "", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT")
	f.Fuzz(func(t *testing.T, status int, body, retryAfter, date string) {
		if status < 200 || status > 599 {
			return
		}
		answer := respond(status, http.Header{"Retry-After": {retryAfter}, "Date": {date}}, body)
		for _, q := range questions(t) {
			err := q.call(t.Context(), stub(answer))
			mustNotLeak(t, q.op, err)
			if err == nil {
				if q.op == provider.OpCertificate || status != http.StatusOK {
					t.Errorf("%s of %d %q makes a delivery genuine", q.op, status, body)
				}
				continue
			}
			var refused *payment.Refused
			if provider.KindOf(err) == provider.None && !errors.As(err, &refused) {
				t.Errorf("%s: %v is of no kind", q.op, err)
			}
			if len(body) > 40 && strings.Contains(err.Error(), body) {
				t.Errorf("%s repeats the answer: %v", q.op, err)
			}
			var failure *provider.Error
			if errors.As(err, &failure) && (failure.RetryAfter < 0 || failure.RetryAfter > time.Hour) {
				t.Errorf("%s is to wait %v", q.op, failure.RetryAfter)
			}
		}
	})
}

// maxFuzzed is how many pages a reader may ask for before the books fail it: those
// of a fuzzer go on for ever.
const maxFuzzed = 50

// FuzzBooks gives any page to whoever reads a provider's books: the reading ends, asks
// only its provider, and what it gives is JSON of a time.
func FuzzBooks(f *testing.F) {
	for i, name := range provider.Backfillable() {
		list, record := sale(name, 1, testNow.Add(-time.Hour))
		f.Add(i, 200, `{"access_token":"t","expires_in":-9223372036854775808,"items":[`+record+`],"data":[`+record+`],"`+list+`":[`+record+`],`+
			`"has_more":true,"links":[{"rel":"next","href":"https://elsewhere.example/?page=2"}],"meta":{"pagination":{"has_more":true,"next":"https://elsewhere.example/x?after=2"}},`+
			`"pagination":{"max_page":99999999999}}`)
		f.Add(i, 200, `{"data":null,"items":{},"events":7}`)
		f.Add(i, 429, "")
	}
	f.Fuzz(func(t *testing.T, which, status int, page string) {
		names := provider.Backfillable()
		if which < 0 || which >= len(names) || status < 200 || status > 599 {
			return
		}
		asked, answer, c := 0, respond(status, nil, page), &clock{}
		o := provider.HistoryOptions{
			Key: "hush-hush:very-secret", Now: c.now, Wait: c.wait, URL: "https://books.example",
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.Host != "books.example" {
					t.Errorf("%s is asked", r.URL.Host)
				}
				if asked++; asked > maxFuzzed {
					return respond(http.StatusBadRequest, nil, "")(r)
				}
				return answer(r)
			})},
		}
		h, err := provider.NewHistory(names[which], o)
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range h.Since(t.Context(), testSince) {
			if err != nil && strings.Contains(err.Error()+page, "very-secret") && !strings.Contains(page, "very-secret") {
				t.Fatalf("the key is told: %v", err)
			}
			if err == nil && (len(r.Body) == 0 || r.Body[0] != '{') {
				t.Fatalf("a record is %q", r.Body)
			}
		}
	})
}
