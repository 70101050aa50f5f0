package providertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"sync"
	"time"
)

// authority is who signs webhooks, and the chain that vouches for it.
type authority struct {
	key   *rsa.PrivateKey
	chain []byte // PEM: its certificate, and the one between it and the root
}

// signingKey is made once for all tests of a process: it takes long.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// newAuthority makes a root, one below it, and a certificate for the name.
func newAuthority(name string, now time.Time) (a authority, root *x509.Certificate, err error) {
	if a.key, err = signingKey(); err != nil {
		return a, nil, err
	}
	root, rootKey, err := issue(template("Root of the tests", now, true), nil, nil, nil)
	if err != nil {
		return a, nil, err
	}
	between, betweenKey, err := issue(template("Authority of the tests", now, true), nil, root, rootKey)
	if err != nil {
		return a, nil, err
	}
	leaf, _, err := issue(template(name, now, false), &a.key.PublicKey, between, betweenKey)
	if err != nil {
		return a, nil, err
	}
	for _, c := range []*x509.Certificate{leaf, between} {
		a.chain = append(a.chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return a, root, nil
}

func template(name string, now time.Time, isCA bool) *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name, Organization: []string{"TEST ONLY"}},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
		BasicConstraintsValid: true, IsCA: isCA, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if isCA {
		t.KeyUsage = x509.KeyUsageCertSign
	} else {
		t.DNSNames = []string{name}
	}
	return t
}

// issue signs a certificate; without a parent it signs itself, without a key it makes one.
func issue(
	t *x509.Certificate, public crypto.PublicKey, parent *x509.Certificate, by crypto.Signer,
) (c *x509.Certificate, own crypto.Signer, err error) {
	if public == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		own, public = key, &key.PublicKey
	}
	if parent == nil {
		parent, by = t, own
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, public, by)
	if err != nil {
		return nil, nil, err
	}
	c, err = x509.ParseCertificate(der)
	return c, own, err
}

// hand gives the chain out, as a file.
func (a authority) hand(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/x-x509-user-cert")
	_, _ = w.Write(a.chain)
}
