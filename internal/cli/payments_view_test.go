package cli

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
)

func TestARehearsalGoesWhereServeListens(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"127.0.0.1": "http://127.0.0.1:3000", "0.0.0.0": "http://127.0.0.1:3000", "::": "http://127.0.0.1:3000",
		"10.1.2.3": "http://10.1.2.3:3000", "fd00::1": "http://[fd00::1]:3000",
	} {
		if got, err := (paymentsTestOptions{}).target(config.Server{Host: host, Port: 3000}); got != want || err != nil {
			t.Errorf("%s: %s, %v", host, got, err)
		}
	}
	for given, want := range map[string]string{
		"https://hooks.example.org/": "https://hooks.example.org", "http://localhost:3000": "http://localhost:3000",
		"hooks.example.org": "", "ftp://hooks.example.org": "", "https://hooks.example.org/webhook": "", "https://x?y=z": "",
	} {
		if got, err := (paymentsTestOptions{url: given}).target(config.Server{}); got != want || (want == "") != (err != nil) {
			t.Errorf("%s: %q, %v", given, got, err)
		}
	}
}

func TestWhatIsForALifetimeHasNoDate(t *testing.T) {
	t.Parallel()
	a, _, _ := testApp()
	a.now = func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	century, year := a.now().AddDate(100, 0, 0), a.now().AddDate(1, 0, 0)
	for at, want := range map[*time.Time]string{&century: "never (one-time)", &year: a.moment(&year), nil: "-"} {
		if got := a.farMoment(at); got != want {
			t.Errorf("%v is %q, want %q", at, got, want)
		}
	}
}
