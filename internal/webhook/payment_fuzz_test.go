package webhook_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/webhook"
)

// FuzzStrangersSellNothing sends what a stranger may to every provider's webhook:
// nothing is taken as proven, and the answer repeats nothing.
func FuzzStrangersSellNothing(f *testing.F) {
	proofs := map[string][]string{}
	for _, name := range sellers() {
		proofs[name] = []string{"no stranger knows this"}
	}
	f.Add(0, "t=1790000000,v1=00", "application/json", "", []byte(sold))
	f.Add(4, "Bearer x", "application/x-www-form-urlencoded", "token=x", []byte("txn_type=web_accept&receiver_email=shop%40example.org"))
	f.Add(8, "v1,AAAA", "multipart/form-data; boundary=x", "", []byte(`data={"verification_token":"x"}`))
	f.Fuzz(func(t *testing.T, which int, header, contentType, query string, body []byte) {
		if which < 0 || which >= len(sellers()) {
			return
		}
		kept := &purchases{}
		h := webhook.NewPayment(webhook.PaymentOptions{
			Sites: []webhook.PaymentSite{{Name: "blog", Proofs: proofs}}, Purchases: kept, Now: func() time.Time { return now },
		})
		r := httptest.NewRequest(http.MethodPost, "/webhook/payment/blog/"+sellers()[which], bytes.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", contentType)
		for _, name := range []string{
			"Webhook-Signature", "Webhook-Id", "Webhook-Timestamp", "Stripe-Signature", "Paddle-Signature", "X-Signature", "Authorization",
			"Paypal-Transmission-Id", "Paypal-Transmission-Time", "Paypal-Transmission-Sig", "Paypal-Cert-Url", "Paypal-Auth-Algo",
		} {
			r.Header.Set(name, header)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		for _, d := range kept.accepted {
			if !d.Unproven {
				t.Fatalf("a stranger's delivery is proven: %+v", d)
			}
		}
		if taken := w.Code == http.StatusOK; taken != (len(kept.accepted) == 1) || !taken && (w.Code < 400 || w.Code == 410) {
			t.Fatalf("answer %d, %d kept", w.Code, len(kept.accepted))
		}
		if len(body) > 40 && strings.Contains(w.Body.String(), string(body)) || w.Body.Len() > 500 {
			t.Fatalf("answer %s", w.Body)
		}
	})
}

func sellers() []string {
	return []string{"stripe", "polar", "paypal", "paypal-ipn", "zapier", "paddle", "lemonsqueezy", "gumroad", "kofi"}
}
