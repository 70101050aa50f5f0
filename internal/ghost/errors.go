package ghost

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress/failure"
)

// ErrNotFound says that Ghost itself answered that there is no such member, or
// no such webhook. A 404 that is not Ghost's own (another program, a wrong URL)
// is Unreadable, so that a mistake in the configuration never looks like a
// deletion.
var ErrNotFound = errors.New("ghost knows no such record")

// ErrWebhookExists says that Ghost has a webhook with the same event and target
// URL already, of whatever integration. Ghost does not tell its id.
var ErrWebhookExists = errors.New("ghost has this webhook already")

// Kind is what an error means for the caller.
type Kind string

// The kinds of errors.
const (
	NotFound    Kind = "not_found"    // the member or webhook does not exist
	Credentials Kind = "credentials"  // the Admin API key was refused, or may not do this
	RateLimited Kind = "rate_limited" // try again after RetryAfter
	Transient   Kind = "transient"    // network, timeout, 5xx: try again
	Invalid     Kind = "invalid"      // Ghost will refuse the same request again
	Redirected  Kind = "redirected"   // the configured URL is not the one Ghost wants
	Unreadable  Kind = "unreadable"   // the answer is not Ghost's: wrong URL, a proxy's page
	// Config says that the configured address may not be reached, or that its
	// certificate cannot be verified. A person has to mend it.
	Config Kind = "config"
)

// Error is a call to the Admin API that did not succeed. It holds no body, no
// key, no URL and no address.
type Error struct {
	Op         string        // which call, such as member_by_email
	Status     int           // of the answer; 0 if there was none
	Code       string        // Ghost's code, such as INVALID_JWT; "" if it sent none
	Type       string        // Ghost's error type, such as NotFoundError
	RetryAfter time.Duration // what the answer asked for; 0 if nothing
	// Skew is how far Ghost's clock is ahead of ours, by the answer's Date, to
	// a second; 0 if unknown. Minutes of it make Ghost refuse every token.
	Skew time.Duration

	used  bool  // the target URL of a webhook has been used
	taken bool  // the address of a new member is another member's
	cause error // of a request without a usable answer
}

// Error names the operation and the verdict.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ghost %s: %s", e.Op, e.Kind())
	if e.Status != 0 {
		fmt.Fprintf(&b, " (status %d", e.Status)
		for _, word := range []string{e.Type, e.Code} {
			if word != "" {
				b.WriteString(", " + word)
			}
		}
		b.WriteString(")")
	}
	if e.cause != nil {
		b.WriteString(": " + why(e.cause))
	}
	if e.Kind() == Credentials && e.Skew.Abs() > time.Minute {
		fmt.Fprintf(&b, ": the clocks differ by %v", e.Skew.Abs())
	}
	return b.String()
}

// Unwrap returns why there was no usable answer, nil if there was one.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is(err, ErrNotFound) true for the kind NotFound, and the same
// for ErrWebhookExists of a webhook that Ghost has, and ErrMemberExists of an
// address.
func (e *Error) Is(target error) bool {
	return target == ErrNotFound && e.Kind() == NotFound || target == ErrWebhookExists && e.used ||
		target == ErrMemberExists && e.taken
}

// Kind judges the error by its status and Ghost's code.
func (e *Error) Kind() Kind {
	if errors.Is(e.cause, errUnreadable) {
		return Unreadable
	}
	if failure.Lasting(e.cause) {
		return Config
	}
	switch s := e.Status; {
	case s == 0 || e.cause != nil:
		return Transient
	case s >= 300 && s < 400:
		return Redirected
	case s == http.StatusUnauthorized, s == http.StatusForbidden, e.refusedToken():
		return Credentials
	case s == http.StatusNotFound && e.Type == "NotFoundError":
		return NotFound
	case s == http.StatusTooManyRequests:
		return RateLimited
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s >= 500 && s < 600:
		return Transient
	case s >= 400 && s < 500 && e.Type != "":
		return Invalid
	}
	return Unreadable
}

// refusedToken knows the codes by which Ghost refuses a token with 400, which
// it does for one that it cannot read at all.
func (e *Error) refusedToken() bool {
	switch e.Code {
	case "INVALID_JWT", "INVALID_AUTH_HEADER", "MISSING_ADMIN_API_KID", "UNKNOWN_ADMIN_API_KEY":
		return true
	}
	return false
}

// why says why there is no answer that could be used.
func why(cause error) string {
	if errors.Is(cause, errUnreadable) || errors.Is(cause, errCut) {
		return cause.Error() // of this package's own words
	}
	return failure.Reason(cause)
}

var (
	errUnreadable = errors.New("not an answer of Ghost")
	errNotJSON    = fmt.Errorf("%w: no JSON of its form", errUnreadable)
	errTooMany    = fmt.Errorf("%w: more members than were asked for", errUnreadable)
	errTooLarge   = fmt.Errorf("%w: too large", errUnreadable)
	errOtherID    = fmt.Errorf("%w: another member than the one asked for", errUnreadable)
	errNoProgress = fmt.Errorf("%w: a page of members out of order", errUnreadable)
	errNoCount    = fmt.Errorf("%w: no number of members", errUnreadable)
	errNoAccess   = fmt.Errorf("%w: a member without status, tiers or subscriptions", errUnreadable)
	errNoTiers    = fmt.Errorf("%w: no tiers", errUnreadable)
	errStillOn    = fmt.Errorf("%w: newsletters are on that were ended", errUnreadable)
	errNoID       = fmt.Errorf("%w: a webhook without an id", errUnreadable)
	errNotCSV     = fmt.Errorf("%w: no CSV with members", errUnreadable)
	errEndless    = fmt.Errorf("%w: something between does not tell where it ends", errUnreadable)

	// errCut is of a census that came to an end before its last member.
	errCut = errors.New("the census was cut short")
)
