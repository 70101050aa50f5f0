package payment

import (
	"testing"
	"time"
)

// Anybody can make up a button of PayPal's with our item number, for a cent.
func TestAProductOfAPriceIsNotGivenForLess(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		provider string
		kind     SubjectKind
		paid     Amount
		want     State
	}{
		"the price":            {PayPalIPN, Order, Amount{999, "EUR"}, StateGranted},
		"more":                 {PayPalIPN, Order, Amount{1200, "EUR"}, StateGranted},
		"a cent":               {PayPalIPN, Order, Amount{1, "EUR"}, StateNeedsAttention},
		"another currency":     {PayPalIPN, Order, Amount{999, "JPY"}, StateNeedsAttention},
		"a free trial":         {PayPalIPN, Subscription, Amount{}, StateNeedsAttention},
		"a cent a month":       {PayPalIPN, Subscription, Amount{1, "EUR"}, StateNeedsAttention},
		"an order made by it":  {PayPal, Order, Amount{1, "EUR"}, StateNeedsAttention},
		"a plan, which is set": {PayPal, Subscription, Amount{1, "EUR"}, StateGranted},
		"who sets the price":   {Stripe, Order, Amount{1, "EUR"}, StateGranted},
	} {
		m := Mapping{Tiers: []string{"gold"}, Products: []Product{{ID: "gold-1", Tier: "gold", Price: Amount{999, "EUR"}}}}
		var e Entitlement
		e.Merge(Event{
			Provider: c.provider, ID: "1", Action: ActionGrant, Subject: Subject{c.kind, "s"}, Products: []string{"gold-1"},
			Paid: true, Renews: c.kind == Subscription, PeriodEnd: at.AddDate(1, 0, 0), Amount: c.paid, OccurredAt: at,
		})
		if got := e.Access(m, at); got.Live() != (c.want == StateGranted) || !got.Live() && got.State != c.want {
			t.Errorf("%s: %s (%s), want %s", name, got.State, got.Reason, c.want)
		}
	}
}

func TestAPriceIsAnAmountAndItsCurrency(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Amount{"9.99 EUR": {999, "EUR"}, " 10 usd ": {1000, "USD"}, "500 JPY": {500, "JPY"}} {
		if got, ok := ParseAmount(text); !ok || got != want {
			t.Errorf("%q is %v, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "9.99", "EUR", "0 EUR", "-1 EUR", "9.99 EURO", "9.99 E1R", "x EUR"} {
		if got, ok := ParseAmount(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}
