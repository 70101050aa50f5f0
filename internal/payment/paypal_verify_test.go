package payment

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"maps"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"
)

// payPalVector is the known answer, with its certificate.
func payPalVector(t *testing.T) (v vector, cert *x509.Certificate) {
	t.Helper()
	for _, v = range vectors(t) {
		if v.Scheme == "paypal-rsa" {
			block, _ := pem.Decode(fixture(t, "_vectors/paypal_test_only_selfsigned_cert.pem"))
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			return v, cert
		}
	}
	t.Fatal("there is no vector")
	return v, nil
}

const vectorWebhook = "8PT597110X687430LKGECATA"

func TestPayPalsVectorIsGenuineForItsWebhookOnly(t *testing.T) {
	t.Parallel()
	v, cert := payPalVector(t)
	body := v.bytes(t)
	for _, row := range []struct {
		ids  []string
		body []byte
		want Reason
	}{
		{[]string{vectorWebhook}, body, ""},
		{[]string{"8PT597110X687430LKGECATB", "", vectorWebhook}, body, ""}, // while they are rotated
		{[]string{"8PT597110X687430LKGECATB"}, body, ReasonMismatch},
		{[]string{strings.ToLower(vectorWebhook)}, body, ReasonMismatch},
		{nil, body, ReasonMismatch},
		{[]string{vectorWebhook}, append([]byte(" "), body...), ReasonMismatch},
		{[]string{vectorWebhook}, nil, ReasonMismatch},
	} {
		err := VerifyPayPal(row.ids, headerOf(v.Headers), row.body, cert, receipt)
		if got := reason(err); got != row.want || row.want == "" && err != nil {
			t.Errorf("%q, %d bytes: %v, want %q", row.ids, len(row.body), err, row.want)
		}
	}
}

func TestAnythingElseInPayPalsHeadersIsRefused(t *testing.T) {
	t.Parallel()
	v, cert := payPalVector(t)
	for _, row := range []struct {
		header, value string
		want          Reason
	}{
		{"Paypal-Auth-Algo", "", ReasonMissing},
		{"Paypal-Cert-Url", "", ReasonMissing},
		{"Paypal-Transmission-Id", "", ReasonMissing},
		{"Paypal-Transmission-Time", "", ReasonMissing},
		{"Paypal-Transmission-Sig", "", ReasonMissing},
		{"Paypal-Auth-Algo", "SHA1withRSA", ReasonMalformed},
		{"Paypal-Auth-Algo", "none", ReasonMalformed},
		{"Paypal-Auth-Algo", "sha256WITHrsa", ""},
		{"Paypal-Transmission-Time", "yesterday", ReasonMalformed},
		{"Paypal-Transmission-Time", "2026-11-01T12:00:07Z", ReasonMismatch},
		{"Paypal-Transmission-Id", "69cd13f0-d67a-11e5-baa3-778b53f4ae56", ReasonMismatch},
		{"Paypal-Transmission-Sig", "!", ReasonMalformed},
		{"Paypal-Transmission-Sig", base64.StdEncoding.EncodeToString([]byte("short")), ReasonMismatch},
	} {
		headers := maps.Clone(v.Headers)
		headers[row.header] = row.value
		err := VerifyPayPal([]string{vectorWebhook}, headerOf(headers), v.bytes(t), cert, receipt)
		if got := reason(err); got != row.want || row.want == "" && err != nil {
			t.Errorf("%s: %q is %v, want %q", row.header, row.value, err, row.want)
		}
	}
}

// A delivery that PayPal sends again hours later has the time of the first attempt in
// its event and its own in the signature; one that we verify again has an old one.
func TestPayPalsSignatureHasNoToleranceButItsCertificateEnds(t *testing.T) {
	t.Parallel()
	v, cert := payPalVector(t)
	for at, want := range map[time.Time]Reason{
		receipt: "", receipt.Add(7 * 24 * time.Hour): "", receipt.Add(-time.Hour): "",
		cert.NotBefore.Add(-time.Second): ReasonExpired, cert.NotAfter.Add(time.Second): ReasonExpired,
	} {
		err := VerifyPayPal([]string{vectorWebhook}, headerOf(v.Headers), v.bytes(t), cert, at)
		if got := reason(err); got != want || want == "" && err != nil {
			t.Errorf("at %v: %v, want %q", at, err, want)
		}
	}
	if got := reason(VerifyPayPal([]string{vectorWebhook}, headerOf(v.Headers), v.bytes(t), nil, receipt)); got != ReasonNoProof {
		t.Errorf("without a certificate: %q", got)
	}
}

var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func rsaTestKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func payPalHeaders(t *testing.T, webhookID string, body []byte) map[string]string {
	t.Helper()
	const id, sent = "b1f0", "2026-11-01T12:00:06Z"
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, sent, webhookID, crc32.ChecksumIEEE(body)))
	sig, err := rsa.SignPKCS1v15(rand.Reader, rsaTestKey(t), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"PAYPAL-TRANSMISSION-ID": id, "paypal-transmission-time": sent, "Paypal-Auth-Algo": "SHA256withRSA",
		"paypal-cert-url":         "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
		"Paypal-Transmission-Sig": base64.StdEncoding.EncodeToString(sig),
	}
}

func TestPayPalsWebhookSimulatorIsToldFromAWrongWebhookID(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"WH-1"}`)
	leaf := issued(t, "messageverificationcerts.sandbox.paypal.com", nil, nil, &rsaTestKey(t).PublicKey)
	headers := headerOf(payPalHeaders(t, "WEBHOOK_ID", body))
	// Who set the simulator's id as the own would let in whoever has a PayPal account.
	for _, ids := range [][]string{{vectorWebhook}, {"WEBHOOK_ID"}, {"WEBHOOK_ID", vectorWebhook}} {
		err := VerifyPayPal(ids, headers, body, leaf.cert, receipt)
		if reason(err) != ReasonSimulator || !strings.Contains(err.Error(), "simulator") {
			t.Errorf("%q: %v", ids, err)
		}
	}
	if err := VerifyPayPal([]string{"WEBHOOK_ID", "MINE"}, headerOf(payPalHeaders(t, "MINE", body)), body, leaf.cert, receipt); err != nil {
		t.Errorf("a genuine one: %v", err)
	}
}

func TestAKeyThatIsNotRSASignsNothingForPayPal(t *testing.T) {
	t.Parallel()
	v, _ := payPalVector(t)
	other := issued(t, "messageverificationcerts.paypal.com", nil, nil, nil)
	if got := reason(VerifyPayPal([]string{vectorWebhook}, headerOf(v.Headers), v.bytes(t), other.cert, receipt)); got != ReasonNoProof {
		t.Errorf("got %q", got)
	}
}

// held is a certificate and, if it has none of another's, its key.
type held struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// issued makes a certificate for a name: signed by another or itself, around receipt.
func issued(t *testing.T, name string, by *held, change func(*x509.Certificate), public crypto.PublicKey) *held {
	t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: receipt.AddDate(-1, 0, 0), NotAfter: receipt.AddDate(1, 0, 0),
		IsCA: public == nil, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(tmpl)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &held{key: key}
	if public == nil {
		public = &key.PublicKey
	}
	parent, signer := tmpl, crypto.Signer(key)
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	if h.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestOnlyACertificateOfPayPalsThatARootVouchesForIsTrusted(t *testing.T) {
	t.Parallel()
	const name = "messageverificationcerts.paypal.com"
	public := &rsaTestKey(t).PublicKey
	root := issued(t, "Root", nil, nil, nil)
	between := issued(t, "Between", root, nil, nil)
	stranger := issued(t, "Root", nil, nil, nil)
	genuine := issued(t, name, between, nil, public)
	expired := issued(t, name, between, func(c *x509.Certificate) { c.NotAfter = receipt.Add(-time.Second) }, public)
	of := func(name string) *held { return issued(t, name, between, nil, public) }
	for what, row := range map[string]struct {
		chain []*held
		ok    bool
	}{
		"genuine":                    {[]*held{genuine, between}, true},
		"of the sandbox":             {[]*held{of("messageverificationcerts.sandbox.paypal.com"), between}, true},
		"in capitals":                {[]*held{of("MessageVerificationCerts.PayPal.com"), between}, true},
		"no certificate":             {nil, false},
		"the one between is missing": {[]*held{genuine}, false},
		"of nobody's":                {[]*held{issued(t, name, nil, nil, public)}, false},
		"of a stranger's":            {[]*held{issued(t, name, stranger, nil, public), stranger}, false},
		"expired":                    {[]*held{expired, between}, false},
		"another name":               {[]*held{of("www.example.com"), between}, false},
		"a name like PayPal's":       {[]*held{of("api.evilpaypal.com"), between}, false},
		"a name that begins so":      {[]*held{of("api.paypal.com.example.org"), between}, false},
		"the authority itself":       {[]*held{between}, false},
	} {
		roots := x509.NewCertPool()
		roots.AddCert(root.cert)
		var chain []*x509.Certificate
		for _, h := range row.chain {
			chain = append(chain, h.cert)
		}
		got, err := TrustPayPal(chain, roots, receipt)
		if (err == nil) != row.ok || row.ok && got != chain[0] {
			t.Errorf("%s: %v, want trusted: %v", what, err, row.ok)
		}
		if err != nil && strings.Contains(err.Error(), "example") {
			t.Errorf("%s: the error quotes the certificate: %v", what, err)
		}
	}
	if _, err := TrustPayPal([]*x509.Certificate{genuine.cert, between.cert}, nil, receipt); err == nil {
		t.Error("trusted without any root")
	}
}

func TestTheVectorsCertificateIsTrustedWhereItIsTheRoot(t *testing.T) {
	t.Parallel()
	_, cert := payPalVector(t)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	if _, err := TrustPayPal([]*x509.Certificate{cert}, roots, receipt); err != nil {
		t.Error(err)
	}
}
