package webhook

import (
	"net/http"
	"strings"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// longestHeader bounds one header that is kept; the longest is PayPal's signature
// of some 350 characters.
const longestHeader = 4 << 10

// proofHeaders are what the providers put their signatures, times and the kind of
// an event into.
func proofHeaders() []string {
	return []string{
		"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", // Polar
		"Stripe-Signature",
		"Paypal-Transmission-Id", "Paypal-Transmission-Time", "Paypal-Transmission-Sig", "Paypal-Cert-Url", "Paypal-Auth-Algo",
		"Paddle-Signature",
		"X-Signature", "X-Event-Name", // Lemon Squeezy
		"Authorization", // Zapier
		"Content-Type",
	}
}

// proofHeader keeps what verifying and reading a delivery needs, by canonical name,
// and the token of a URL (Gumroad). Two headers of one name are joined: two
// signatures must not pass as the first of them alone.
func proofHeader(r *http.Request) map[string]string {
	kept := map[string]string{}
	for _, name := range proofHeaders() {
		if value := strings.Join(r.Header.Values(name), ","); value != "" && len(value) <= longestHeader {
			kept[name] = value
		}
	}
	if token := r.URL.Query().Get("token"); token != "" && len(token) <= longestHeader {
		kept[payment.TokenHeader] = token
	}
	return kept
}
