package cli

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/payment"
)

func TestAmountsAreShownInTheUnitsOfTheirCurrency(t *testing.T) {
	t.Parallel()
	for want, amount := range map[string]payment.Amount{
		"10.00 USD": {Minor: 1000, Currency: "USD"},
		"0.05 EUR":  {Minor: 5, Currency: "EUR"},
		"-3.50 EUR": {Minor: -350, Currency: "EUR"},
		"1200 JPY":  {Minor: 1200, Currency: "JPY"},
		"-":         {Minor: 7},
	} {
		if got := price(amount.Minor, amount.Currency); got != want {
			t.Errorf("%+v: %s, want %s", amount, got, want)
		}
	}
}

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

func TestAPurchaseIsAsRecentAsWhatWasLastHeardOfIt(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	e := payment.Entitlement{
		Provider: "polar", History: []payment.Entry{{At: at}, {At: at.Add(-time.Hour)}}, Outcome: payment.Outcome{UpdatedAt: at.Add(-time.Minute)},
	}
	for since, want := range map[time.Time]bool{at: true, at.Add(time.Second): false, {}: true} {
		if got := (ledgerChoice{since: since}).matches(e); got != want {
			t.Errorf("since %v: %t", since, got)
		}
	}
	for _, c := range []ledgerChoice{{provider: "stripe"}, {state: payment.StateGranted}} {
		if c.matches(e) {
			t.Errorf("%+v lets a pending purchase of Polar's through", c)
		}
	}
}
