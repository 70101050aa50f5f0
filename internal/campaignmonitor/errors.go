package campaignmonitor

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Error is a call that did not do what it was asked to. Callers compare Kind,
// or Code where a Kind has several, never text. The text is composed of this
// package's own words: the vendor's message may quote what was sent.
type Error struct {
	Op         string        // one of the Op constants
	Status     int           // HTTP status; 0 if no answer came
	Code       int           // the API's code; 0 if the answer had none
	RetryAfter time.Duration // what the service asked for; 0 if it did not

	perSubscriber bool   // of a 429: it limits one subscriber, not the account
	reason        string // in our words, where the code does not say it all
	cause         error  // of a call without an answer; never printed
}

var (
	errTooLarge = errors.New("the answer is too large")
	errNoList   = errors.New("no list")
	errRequest  = errors.New("the request cannot be composed")
)

// Error says what failed, without any part of what was sent or received.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "campaign monitor: %s: ", e.Op)
	switch {
	case e.reason != "":
		b.WriteString(e.reason)
	case e.perSubscriber:
		b.WriteString("this subscriber is written too often")
	case meaning(e.Code) != "":
		b.WriteString(meaning(e.Code))
	default:
		b.WriteString(e.Kind().String())
	}
	switch {
	case e.Code != 0:
		fmt.Fprintf(&b, " (code %d, HTTP %d)", e.Code, e.Status)
	case e.Status != 0:
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	return b.String()
}

// Is lets errors.Is find the cause of a call without an answer. There is no
// Unwrap, so that nothing prints the cause by accident: it may quote what the
// other side sent.
func (e *Error) Is(target error) bool { return e.cause != nil && errors.Is(e.cause, target) }

// As lets errors.As find the cause of a call without an answer.
func (e *Error) As(target any) bool { return e.cause != nil && errors.As(e.cause, target) }

// stripURL removes net/http's wrapper, whose text has the whole URL with the address.
func stripURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// tooMany says whether an answer is a limit of either sort.
func (e *Error) tooMany() bool {
	return e.Code == http.StatusTooManyRequests || e.Status == http.StatusTooManyRequests
}
