package jobs

import (
	"errors"
	"time"
)

// IsPermanent says whether err makes a dead letter at once.
func IsPermanent(err error) bool {
	_, ok := errors.AsType[*permanentError](err)
	return ok
}

// SnoozedFor says whether err puts the job off without using an attempt, and for
// how long from now.
func SnoozedFor(err error, now time.Time) (time.Duration, bool) {
	s, ok := errors.AsType[*snoozeError](err)
	switch {
	case !ok:
		return 0, false
	case !s.slot.IsZero():
		return max(s.slot.Sub(now), 0), true
	}
	return s.delay, true
}

// RetryAfterOf is how long err wants the next attempt to wait at least; 0 if it
// does not say.
func RetryAfterOf(err error) time.Duration {
	if after, ok := errors.AsType[*retryAfterError](err); ok {
		return after.delay
	}
	return 0
}
