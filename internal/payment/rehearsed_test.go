package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
)

func TestAnOperatorsRehearsalIsKnownForOneAtEveryProvider(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, provider := range []string{
		payment.Polar, payment.Stripe, payment.PayPal, payment.PayPalIPN, payment.Zapier,
		payment.Paddle, payment.LemonSqueezy, payment.Gumroad, payment.Kofi,
	} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			body, err := payment.TestEvent(provider, "prod_1", "jo@example.org", at)
			if err != nil {
				t.Fatal(err)
			}
			header := func(string) string { return "" }
			signed, err := payment.Sign(provider, "secret-secret-secret", body, at)
			switch {
			case err == nil:
				body, header = signed.Body, func(name string) string { return signed.Header[name] }
			case !errors.Is(err, payment.ErrCannotSign):
				t.Fatal(err)
			}
			events, err := payment.Normalise(provider, body, header, at)
			if err != nil || len(events) == 0 {
				t.Fatalf("%v, %v", events, err)
			}
			for _, e := range events {
				if !e.Rehearsed() || e.Action != payment.ActionGrant && e.Action != payment.ActionExtend {
					t.Errorf("not known for a rehearsed purchase: %+v", e)
				}
			}
		})
	}
}

func TestAPurchaseIsNoRehearsal(t *testing.T) {
	t.Parallel()
	if (payment.Event{ID: "evt_1", Subject: payment.Subject{Kind: payment.Order, ID: "order-1"}, Aliases: []string{"charge:ch_1"}, Test: true}).Rehearsed() {
		t.Error("a sandbox's sale passes for an operator's rehearsal")
	}
}
