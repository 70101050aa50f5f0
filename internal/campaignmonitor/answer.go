package campaignmonitor

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds a wait that the service asks for, so that no broken
// header can park a job for days.
const maxRetryAfter = time.Hour

// envelope is the body of every refusal.
type envelope struct {
	Code    int
	Message string
}

// judge turns an answer into nil and a filled out, or into an *Error.
func judge(op string, a answer, out any) *Error {
	if a.status >= 200 && a.status < 300 {
		return accept(op, a, out)
	}
	e := &Error{Op: op, Status: a.status}
	var env envelope
	if decode(a.body, &env) == nil {
		e.Code = env.Code
	}
	if e.kind() == RateLimited {
		e.RetryAfter = retryAfter(a.header)
		e.perSubscriber = writesSubscribers(op) && e.Code == http.StatusTooManyRequests &&
			!speaksOfLimits(a.header) && env.Message != "Rate limit exceeded"
	}
	if a.status == http.StatusServiceUnavailable {
		e.RetryAfter = retryAfter(a.header)
	}
	return e
}

// accept reads the answer of a success. Something that is not JSON is no answer
// of the API: a proxy's page with status 200 must not pass for a done write.
func accept(op string, a answer, out any) *Error {
	body := trim(a.body)
	if out == nil {
		if len(body) == 0 || json.Valid(body) {
			return nil
		}
		return unreadable(op, a.status)
	}
	if err := decode(body, out); err != nil || string(body) == "null" {
		return unreadable(op, a.status)
	}
	return nil
}

// unreadable is for a success that lacks what a success has. Taking it for an
// empty result would be a silent loss.
func unreadable(op string, status int) *Error {
	return &Error{Op: op, Status: status, reason: "the answer is not the one expected"}
}

// decode reads JSON; the byte order mark that some of the vendor's answers
// might carry is no part of it.
func decode(b []byte, out any) error { return json.Unmarshal(trim(b), out) }

func trim(b []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\ufeff")))
}

// speaksOfLimits says whether a 429 concerns the account: the limit on repeated
// writes of one subscriber sends no headers (createsend-ruby#67).
func speaksOfLimits(h http.Header) bool {
	for _, name := range []string{"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// retryAfter reads how long to wait: Retry-After in seconds or as a date (held
// against the answer's own Date, so that no clock is compared with another), or
// X-RateLimit-Reset in seconds. 0 is unknown.
func retryAfter(h http.Header) time.Duration {
	for _, name := range []string{"Retry-After", "X-RateLimit-Reset"} {
		if n, err := strconv.ParseUint(strings.TrimSpace(h.Get(name)), 10, 32); err == nil && n > 0 {
			return min(time.Duration(n)*time.Second, maxRetryAfter)
		}
	}
	at, err := http.ParseTime(h.Get("Retry-After"))
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// text is a JSON value that the API documents as a string; a bare number or
// boolean is taken as its spelling, so that one odd value loses no page.
type text string

// UnmarshalJSON reads a string, a number, a boolean or null.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*t = text(s) // null leaves s empty
		return nil
	}
	*t = text(b)
	return nil
}
