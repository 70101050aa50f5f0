package jobs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A handler says what should happen next by the error it returns: nil is done,
// a plain error is retried by the schedule of the kind, and the errors below
// say otherwise. They may be wrapped.

// Permanent makes a dead letter at once. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// RetryAfter uses an attempt like a plain error, but the next one does not come
// before d. RetryAfter(nil, d) is nil.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &retryAfterError{err, d}
}

// Snooze puts the job off by d without using an attempt. It comes back up to
// 2 s later than asked, never earlier.
func Snooze(d time.Duration) error { return &snoozeError{delay: d} }

// SnoozeUntilSlot puts the job off until a rate slot that it has reserved,
// without using an attempt. It comes back with Job.Slot set, up to 2 s late.
func SnoozeUntilSlot(at time.Time) error { return &snoozeError{slot: at} }

// WithCode adds a short code such as "cm:1" or "ghost:404", by which dead
// letters can be told apart. WithCode(nil, …) is nil.
func WithCode(err error, code string) error {
	if err == nil {
		return nil
	}
	return &codeError{err, code}
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

type retryAfterError struct {
	err   error
	delay time.Duration
}

func (e *retryAfterError) Error() string { return e.err.Error() }
func (e *retryAfterError) Unwrap() error { return e.err }

type codeError struct {
	err  error
	code string
}

func (e *codeError) Error() string { return e.err.Error() }
func (e *codeError) Unwrap() error { return e.err }

type snoozeError struct {
	delay time.Duration
	slot  time.Time
}

func (e *snoozeError) Error() string {
	if !e.slot.IsZero() {
		return "waiting for a rate slot"
	}
	return fmt.Sprintf("snoozed for %s", e.delay)
}

func codeOf(err error) string {
	if coded, ok := errors.AsType[*codeError](err); ok {
		return coded.code
	}
	return ""
}

const maxReason = 200 // characters

// address matches what may be an e-mail address, also inside a URL's query.
var address = regexp.MustCompile(`[^\s"'<>=?&/(),;]+(?:@|%40)[^\s"'<>&(),;]+`)

// reasonOf is the error as it is shown to people: one short line. Handlers must
// not put addresses into their errors; those of libraries may have them.
func reasonOf(err error) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(err.Error(), "?")), " ")
	text = address.ReplaceAllString(text, "[redacted]")
	if r := []rune(text); len(r) > maxReason {
		text = string(r[:maxReason-1]) + "…"
	}
	return text
}
