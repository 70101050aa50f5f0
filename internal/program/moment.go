package program

import (
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
)

// Moment reads a time as people give it: a date in the time zone of now, RFC
// 3339, or a duration back from now. Of a date, last asks for its last second
// rather than its first. "" is the zero time.
func Moment(text string, now time.Time, last bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		if last {
			at = at.AddDate(0, 0, 1).Add(-time.Second) // not every day has 24 hours
		}
		return at, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if back, err := config.ParseDuration(text); err == nil {
		return now.Add(-back), nil
	}
	return time.Time{}, fmt.Errorf(
		"%q is no time: give a date (2006-01-02), a time (2006-01-02T15:04:05Z) or how long ago (24h, 7d)", text)
}
