package store

import (
	"maps"
	"strings"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// HeaderValue returns a header that was kept, by its name in any case; "" for one
// that was not there.
func (d PaymentDelivery) HeaderValue(name string) string {
	for kept, value := range d.Header {
		if strings.EqualFold(kept, name) {
			return value
		}
	}
	return ""
}

// WithoutToken is the delivery without what is a secret itself. It is for one that
// was verified: nothing that it is used for later needs the token.
func (d PaymentDelivery) WithoutToken() PaymentDelivery {
	d.Header = maps.Clone(d.Header)
	delete(d.Header, "Authorization")
	delete(d.Header, payment.TokenHeader)
	d.Body = payment.WithoutToken(d.Provider, d.Body)
	return d
}
