package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress/failure"
)

// Error is a question that was not answered. Callers compare its Kind, never text.
// The text is of this package's own words: what a provider says may quote what was sent.
type Error struct {
	Provider   string        // as in package payment
	Op         string        // what was asked for
	Status     int           // HTTP status; 0 if no answer came
	RetryAfter time.Duration // what the provider asked for; 0 if it did not
	Hint       string        // what is wrong and what to do, in our words; may be ""

	cause error // of a question without an answer; never printed
}

var (
	errTooLarge = errors.New("the answer is too large")
	// errNotTheirs is for an answer that lacks what the provider's answers have. It
	// may come from something between us, so it says nothing and may pass.
	errNotTheirs = errors.New("the answer is not the one expected")
)

// Error says what failed, without any part of what was sent or received.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: ", e.Provider, e.Op)
	switch {
	case e.Hint != "":
		b.WriteString(e.Hint)
	case e.cause != nil:
		b.WriteString(failure.Reason(e.cause, errTooLarge, errNotTheirs))
	default:
		b.WriteString(e.Kind().String())
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	return b.String()
}

// Is lets errors.Is find the cause of a question without an answer. There is no
// Unwrap, so that nothing prints the cause by accident.
func (e *Error) Is(target error) bool { return e.cause != nil && errors.Is(e.cause, target) }

// As lets errors.As find the cause of a question without an answer.
func (e *Error) As(target any) bool { return e.cause != nil && errors.As(e.cause, target) }

// Kind is what a failure means for the caller.
type Kind int

// The kinds of failure.
const (
	// None is no failure of this package: nil, or someone else's error.
	None Kind = iota
	// NotFound: there is no such thing (404, 410).
	NotFound
	// InvalidRequest: the provider will never take this request. Permanent.
	InvalidRequest
	// Credentials: the key is wrong, or may not do this (401, 403).
	Credentials
	// Config: the address may not be reached, is not one of the provider's, or its
	// certificate cannot be verified. Permanent until somebody changes something.
	Config
	// RateLimited: too many requests (429).
	RateLimited
	// Transient: no answer, a broken one, or a fault of the provider. Try again.
	Transient
	// Canceled: the caller gave up; says nothing about the provider.
	Canceled
)

// String returns the kind in words.
func (k Kind) String() string {
	words := [...]string{"no failure", "not found", "request refused", "credentials refused", "configuration refused",
		"rate limited", "temporary failure", "canceled"}
	if k < 0 || int(k) >= len(words) {
		return "unknown"
	}
	return words[k]
}

// KindOf returns the Kind of the first *Error in err's chain, else None.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind()
	}
	return None
}

// Kind judges the failure by its cause, else by the HTTP status.
func (e *Error) Kind() Kind {
	switch {
	case errors.Is(e, context.Canceled):
		return Canceled
	case e.cause != nil && failure.Lasting(e.cause):
		return Config
	case e.cause != nil:
		return Transient
	}
	return statusKind(e.Status)
}

func statusKind(status int) Kind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Credentials
	case status == http.StatusNotFound, status == http.StatusGone:
		return NotFound
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status >= 300 && status < 400, status == http.StatusMethodNotAllowed, status == http.StatusProxyAuthRequired:
		return Config // redirects are not followed: the address is not the one
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		return Transient
	case status >= 400 && status < 500:
		return InvalidRequest
	}
	return Transient
}

// withoutURL removes net/http's wrapper, whose text has the whole URL.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
