package cli

import (
	"testing"
	"time"
)

func TestATimeIsADateOrAnInstantOrASpanBackFromNow(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Skip("no time zones here")
	}
	now := time.Date(2026, 11, 22, 15, 4, 5, 0, vienna)
	for _, c := range []struct {
		text string
		last bool
		want string // "" is an error
	}{
		{"2026-11-01", false, "2026-11-01T00:00:00+01:00"},
		{"2026-11-01", true, "2026-11-01T23:59:59+01:00"},
		{"2026-10-25", true, "2026-10-25T23:59:59+01:00"}, // the day has 25 hours
		{"2026-11-01T08:00:00Z", true, "2026-11-01T08:00:00Z"},
		{"2026-11-01T08:00:00-05:00", false, "2026-11-01T08:00:00-05:00"},
		{"24h", false, "2026-11-21T15:04:05+01:00"},
		{"7d", true, "2026-11-15T15:04:05+01:00"},
		{"yesterday", false, ""},
		{"2026-13-01", false, ""},
		{"-1h", false, ""},
	} {
		got, err := moment("from", c.text, now, c.last)
		if c.want == "" {
			if err == nil {
				t.Errorf("%s is %s, want an error", c.text, got)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339) != c.want {
			t.Errorf("%s, to its end %t: %s, %v; want %s", c.text, c.last, got.Format(time.RFC3339), err, c.want)
		}
	}
	if got, err := moment("from", "", now, true); err != nil || !got.IsZero() {
		t.Errorf("nothing is %s, %v", got, err)
	}
}

func TestSpansShowWhatMatters(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{0: "0s", 0.4: "0s", 59.9: "59s", 61: "1m1s", 3700: "1h1m", 90000: "25h", 864000.5: "10d"} {
		if got := ago(seconds); got != want {
			t.Errorf("%v s: %s, want %s", seconds, got, want)
		}
	}
}
