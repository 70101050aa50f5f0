package provider

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
)

const (
	certificatePath = "/v1/notifications/certs/"
	maxCertificate  = 64 << 10 // bytes of a chain; PayPal's has some 6,000
	maxChain        = 8
)

// Certificate returns PayPal's certificate at an address that a delivery names,
// checked as of the time at. It is asked for once. An address that is not PayPal's,
// and one where PayPal has nothing, is a *payment.Refused; all else is an *Error.
func (p *PayPal) Certificate(ctx context.Context, address string, at time.Time) (*x509.Certificate, error) {
	host, path, ok := certificateAddress(address)
	if !ok {
		return nil, &payment.Refused{Reason: payment.ReasonMalformed}
	}
	turn, err := p.certs.turn(ctx, address)
	if err != nil {
		return nil, failed(payment.PayPal, OpCertificate, err)
	}
	defer turn.end()
	if cert, refused := turn.known(p.now()); cert != nil || refused {
		return cert, orMismatch(refused)
	}
	done, err := turn.alone(ctx)
	if err != nil {
		return nil, failed(payment.PayPal, OpCertificate, err)
	}
	defer done()
	cert, err := p.fetch(ctx, p.base(host)+path, at)
	if KindOf(err) == NotFound {
		turn.refuse(p.now())
		return nil, orMismatch(true)
	}
	if err == nil {
		turn.keep(cert, p.now())
	}
	return cert, err
}

func orMismatch(refused bool) error {
	if refused {
		return &payment.Refused{Reason: payment.ReasonMismatch}
	}
	return nil
}

// certificateAddress takes an address apart that can only be PayPal's. It is compared
// as text: nothing is decoded, so that nothing can mean something else later.
func certificateAddress(address string) (host, path string, ok bool) {
	for _, host := range []string{paypalHost, paypalSandboxHost} {
		name, ours := strings.CutPrefix(address, "https://"+host+certificatePath)
		if ours && name != "" && len(name) <= 200 && !strings.ContainsFunc(name, notInName) {
			return host, certificatePath + name, true
		}
	}
	return "", "", false
}

// notInName is true of what the names of PayPal's certificates ("CERT-360caa42-…") do
// not have.
func notInName(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && (r < '0' || r > '9') && r != '-' && r != '_'
}

func (p *PayPal) fetch(ctx context.Context, address string, at time.Time) (*x509.Certificate, error) {
	var between []*x509.Certificate
	body, err := p.asker.ask(ctx, question{
		op: OpCertificate, method: http.MethodGet, url: address, limit: maxCertificate,
		peers: func(peers []*x509.Certificate) { between = peers },
	})
	if err != nil {
		return nil, err
	}
	chain, ok := readChain(body)
	if !ok {
		return nil, failed(payment.PayPal, OpCertificate, errNotTheirs)
	}
	// A file without the certificates between it and the root needs those that the same
	// house has just shown. They vouch for nothing that a root does not vouch for.
	cert, err := payment.TrustPayPal(append(chain, between...), p.roots, at)
	if err != nil {
		return nil, failed(payment.PayPal, OpCertificate, untrusted{err})
	}
	return cert, nil
}

// untrusted is a certificate that nobody vouches for. Asking again does not help, but
// updating this machine's authorities may.
type untrusted struct{ why error }

func (u untrusted) Error() string { return u.why.Error() }

// Hint is Error, and what to do: the text is of our own words.
func (u untrusted) Hint() string {
	return u.why.Error() + "; update the package ca-certificates, and check this machine's clock"
}

// readChain reads a file of certificates, the signer's first.
func readChain(body []byte) ([]*x509.Certificate, bool) {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(body); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil || len(chain) == maxChain {
			return nil, false
		}
		chain = append(chain, cert)
	}
	return chain, len(chain) > 0
}
