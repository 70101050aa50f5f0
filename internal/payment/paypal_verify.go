package payment

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"strconv"
	"strings"
	"time"
)

// The headers of PayPal's signature, as http.Header writes them.
const (
	PayPalCertURLHeader = "Paypal-Cert-Url" // where the certificate is that signed

	paypalIDHeader   = "Paypal-Transmission-Id"
	paypalTimeHeader = "Paypal-Transmission-Time"
	paypalSigHeader  = "Paypal-Transmission-Sig"
	paypalAlgoHeader = "Paypal-Auth-Algo"
)

// simulatorID is what PayPal's webhook simulator signs for instead of a webhook's id.
const simulatorID = "WEBHOOK_ID"

// ReasonSimulator is of a delivery that PayPal's webhook simulator made. It is signed
// by PayPal, but for no webhook: whoever has a PayPal account can make one.
const ReasonSimulator Reason = "simulator"

// VerifyPayPal tells whether the holder of the certificate signed this delivery for
// one of our webhooks: nil, or *Refused. The certificate has to come from
// TrustPayPal; at is the time of receipt.
//
// The time in the signature is not held against the clock: it is that of one
// transmission, PayPal prescribes no tolerance, and an old event changes nothing.
// (developer.paypal.com/api/rest/webhooks/rest, "self verification method")
func VerifyPayPal(webhookIDs []string, header func(string) string, body []byte, cert *x509.Certificate, at time.Time) error {
	if err := CheckPayPalHeader(header); err != nil {
		return err
	}
	sig, err := base64.StdEncoding.DecodeString(header(paypalSigHeader))
	if err != nil {
		return &Refused{Reason: ReasonMalformed}
	}
	key, ok := rsaKey(cert)
	switch {
	case !ok:
		return &Refused{Reason: ReasonNoProof}
	case at.Before(cert.NotBefore) || at.After(cert.NotAfter):
		return &Refused{Reason: ReasonExpired}
	}
	signed := header(paypalIDHeader) + "|" + header(paypalTimeHeader) + "|"
	crc := "|" + strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)
	signedFor := func(id string) bool {
		sum := sha256.Sum256([]byte(signed + id + crc))
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig) == nil
	}
	for _, id := range webhookIDs {
		if id != "" && id != simulatorID && signedFor(id) {
			return nil
		}
	}
	if signedFor(simulatorID) {
		return &Refused{Reason: ReasonSimulator}
	}
	return &Refused{Reason: ReasonMismatch}
}

// CheckPayPalHeader says whether a delivery has a signature of PayPal's form at all,
// before anybody asks for a certificate: nil, or *Refused.
func CheckPayPalHeader(header func(string) string) error {
	for _, name := range []string{PayPalCertURLHeader, paypalIDHeader, paypalTimeHeader, paypalSigHeader, paypalAlgoHeader} {
		if header(name) == "" {
			return &Refused{Reason: ReasonMissing}
		}
	}
	_, err := time.Parse(time.RFC3339, header(paypalTimeHeader))
	if err != nil || !strings.EqualFold(header(paypalAlgoHeader), "SHA256withRSA") {
		return &Refused{Reason: ReasonMalformed}
	}
	return nil
}

func rsaKey(cert *x509.Certificate) (*rsa.PublicKey, bool) {
	if cert == nil {
		return nil, false
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	return key, ok
}

// TrustPayPal returns the certificate that may sign for PayPal: the first of the
// chain, if one of the roots vouches for it at that moment and it is PayPal's own.
// Without the check of the name, every customer of the same authority could sign.
func TrustPayPal(chain []*x509.Certificate, roots *x509.CertPool, at time.Time) (*x509.Certificate, error) {
	if len(chain) == 0 || roots == nil {
		return nil, errors.New("there is no certificate, or no authority to vouch for it")
	}
	leaf := chain[0]
	name := strings.ToLower(leaf.Subject.CommonName)
	if !strings.HasSuffix(name, ".paypal.com") {
		return nil, errors.New("the certificate is not PayPal's")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		// Not wrapped: the text quotes the certificate, which a stranger may have made.
		return nil, errors.New("no authority that this machine knows vouches for the certificate now")
	}
	return leaf, nil
}
