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
	delete(d.Header, payment.DigestHeader)
	d.Body = payment.WithoutToken(d.Provider, d.Body)
	return d
}

// WithDigest is the delivery with a digest in the place of what is a secret itself. It
// is for one that failed verification, and may be verified again: the token may be
// right, and the setting wrong.
func (d PaymentDelivery) WithDigest() PaymentDelivery {
	digest := payment.TokenDigest(d.Provider, d.HeaderValue, d.Body)
	if digest == "" {
		digest = d.HeaderValue(payment.DigestHeader)
	}
	d = d.WithoutToken()
	if digest == "" {
		return d
	}
	if d.Header == nil {
		d.Header = map[string]string{}
	}
	d.Header[payment.DigestHeader] = digest
	return d
}
