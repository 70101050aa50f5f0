package program_test

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/program"
)

// FuzzMoment wants of what people type a time that can be written and read again, or
// a short refusal; of one date the last moment is not before the first.
func FuzzMoment(f *testing.F) {
	for _, s := range []string{"", "2026-11-22", "2026-11-22T15:04:05+05:30", "24h", "7d", "0000-01-01", "9999-12-31", "9999-12-31T23:59:59-23:59", "106751d", "-1h"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("", 3600))
	f.Fuzz(func(t *testing.T, text string) {
		first, err := program.Moment(text, now, false)
		last, errLast := program.Moment(text, now, true)
		if (err == nil) != (errLast == nil) || err != nil && len(err.Error()) > 200+4*len(text) {
			t.Fatalf("%v, %v", err, errLast)
		}
		if err != nil || text == "" {
			return
		}
		if last.Before(first) {
			t.Fatalf("%q is from %v to %v", text, first, last)
		}
		if y := first.Year(); y < -400 || y > 10000 {
			t.Fatalf("%q is the year %d", text, y)
		}
	})
}
