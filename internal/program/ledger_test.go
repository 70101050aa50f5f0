package program_test

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/program"
)

func TestAmountsAreShownInTheUnitsOfTheirCurrency(t *testing.T) {
	t.Parallel()
	for want, amount := range map[string]payment.Amount{
		"10.00 USD":  {Minor: 1000, Currency: "USD"},
		"0.05 EUR":   {Minor: 5, Currency: "EUR"},
		"-3.50 EUR":  {Minor: -350, Currency: "EUR"},
		"1200 JPY":   {Minor: 1200, Currency: "JPY"},
		"1.250 KWD":  {Minor: 1250, Currency: "KWD"},
		"900.00 HUF": {Minor: 90000, Currency: "HUF"},
		"":           {Minor: 7},
	} {
		if got := program.Price(amount); got != want {
			t.Errorf("%+v: %s, want %s", amount, got, want)
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
		if got := (program.LedgerFilter{Since: since}).Matches(e); got != want {
			t.Errorf("since %v: %t", since, got)
		}
	}
	for _, f := range []program.LedgerFilter{{Provider: "stripe"}, {State: payment.StateGranted}} {
		if f.Matches(e) {
			t.Errorf("%+v lets a pending purchase of Polar's through", f)
		}
	}
}
