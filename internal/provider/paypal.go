package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// What PayPal is asked for.
const (
	OpCertificate = "certificate"
	OpPostBack    = "postback"
)

// PayPal's hosts: an address with another name is never asked. Both kinds answer for
// what they sent, and for nothing else.
const (
	paypalHost        = "api.paypal.com"
	paypalSandboxHost = "api.sandbox.paypal.com"
	ipnHost           = "ipnpb.paypal.com"
	ipnSandboxHost    = "ipnpb.sandbox.paypal.com"
)

// PayPalOptions configures a PayPal.
type PayPalOptions struct {
	HTTP    *http.Client     // required; its redirect policy and timeout are replaced
	Observe Observe          // nil: nobody
	Now     func() time.Time // nil: time.Now
	// Roots may vouch for PayPal's certificate; nil is the system's.
	Roots *x509.CertPool
	// URL is for tests: the paths of a host H are asked at URL/H.
	URL string
}

// PayPal asks PayPal who made a delivery. It is safe for concurrent use; one per
// process is enough, since it remembers certificates.
type PayPal struct {
	asker asker
	now   func() time.Time
	roots *x509.CertPool
	url   string
	certs certificates
}

// NewPayPal checks the options; it makes no request.
func NewPayPal(o PayPalOptions) (*PayPal, error) {
	a, err := newAsker(payment.PayPal, o.HTTP, o.Observe)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Roots == nil {
		if o.Roots, err = x509.SystemCertPool(); err != nil {
			return nil, errors.New("paypal: this machine's certificate authorities cannot be read; install the package ca-certificates")
		}
	}
	return &PayPal{asker: a, now: o.Now, roots: o.Roots, url: strings.TrimRight(o.URL, "/"), certs: newCertificates()}, nil
}

// Verify tells whether PayPal made this delivery of a webhook for one of our
// webhook ids: nil, *payment.Refused, or an *Error if its certificate cannot be had
// now, so that nobody knows. At is the time of receipt.
func (p *PayPal) Verify(ctx context.Context, webhookIDs []string, header func(string) string, body []byte, at time.Time) error {
	if err := payment.CheckPayPalHeader(header); err != nil {
		return err
	}
	cert, err := p.Certificate(ctx, header(payment.PayPalCertURLHeader), at)
	if err != nil {
		return err
	}
	return payment.VerifyPayPal(webhookIDs, header, body, cert, at)
}

// VerifyIPN asks PayPal whether it sent this message, and checks that the money came
// to one of our receivers: nil, *payment.Refused, or an *Error if PayPal did not say
// either, so that nobody knows. An answer of PayPal's that is neither VERIFIED nor
// INVALID is none.
func (p *PayPal) VerifyIPN(ctx context.Context, receivers []string, body []byte) error {
	if err := payment.CheckReceiver(receivers, body); err != nil {
		return err
	}
	host := ipnHost
	if payment.IPNSandbox(body) {
		host = ipnSandboxHost
	}
	answer, err := p.asker.ask(ctx, question{
		op: OpPostBack, method: http.MethodPost, url: p.base(host) + "/cgi-bin/webscr",
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		body:   payment.IPNPostBack(body), limit: 64 << 10,
	})
	if err != nil {
		return err
	}
	switch strings.TrimSpace(string(answer)) {
	case "VERIFIED":
		return nil
	case "INVALID":
		return &payment.Refused{Reason: payment.ReasonMismatch}
	}
	return failed(payment.PayPal, OpPostBack, errNotTheirs)
}

func (p *PayPal) base(host string) string {
	if p.url == "" {
		return "https://" + host
	}
	return p.url + "/" + host
}
