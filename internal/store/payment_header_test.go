package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Whoever reads Redis must not find a token there, nor anything to be sent in its
// place; a delivery with the right one is genuine all the same once the setting is.
func TestAQuarantinedDeliveryHoldsNoToken(t *testing.T) {
	t.Parallel()
	const token = "a-token-of-the-shop"
	at := time.UnixMilli(1_700_000_000_000)
	for provider, body := range map[string]string{
		payment.Zapier:  `{"event_id":"e1"}`,
		payment.Gumroad: "sale_id=s1",
		payment.Kofi:    `{"message_id":"m1"}`,
	} {
		b := setup(t)
		signed, err := payment.Sign(provider, token, []byte(body), at)
		if err != nil {
			t.Fatal(err)
		}
		header := map[string]string{}
		for name, value := range signed.Header {
			header[name] = value
		}
		if q := signed.Query["token"]; q != "" {
			header[payment.TokenHeader] = q
		}
		d := store.PaymentDelivery{ID: "0123456789abcdef", Site: site, Provider: provider, Body: signed.Body, Header: header, ReceivedAt: at}
		if kept, err := b.Quarantine(t.Context(), d, "mismatch"); err != nil || !kept {
			t.Fatal(kept, err)
		}
		for got, err := range b.Quarantined(t.Context(), site, provider) {
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range got.Header {
				if strings.Contains(value, token) {
					t.Errorf("%s: the header %s holds the token", provider, name)
				}
			}
			if strings.Contains(string(got.Body), token) {
				t.Errorf("%s: the body holds the token", provider)
			}
			if err := payment.Verify(provider, []string{token}, got.HeaderValue, got.Body, at); err != nil {
				t.Errorf("%s: with the right setting: %v", provider, err)
			}
			if err := payment.Verify(provider, []string{"another"}, got.HeaderValue, got.Body, at); err == nil {
				t.Errorf("%s: a wrong token is taken", provider)
			}
			stolen := func(name string) string {
				if name == payment.TokenHeader {
					return got.HeaderValue(payment.DigestHeader)
				}
				return ""
			}
			if err := payment.Verify(provider, []string{token}, stolen, []byte(body), at); err == nil {
				t.Errorf("%s: what is kept passes for the token", provider)
			}
		}
	}
}
