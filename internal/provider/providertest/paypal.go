package providertest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
)

// PayPal is the part of PayPal that stands behind its webhooks and IPN messages, live
// and sandbox: it signs, hands out the certificate, and says whether it sent a message.
// Its hosts are paths: what PayPal has at https://H/p is at URL/H/p.
type PayPal struct {
	URL string // empty before it listens

	live, sandbox authority
	roots         *x509.CertPool

	mu     sync.Mutex
	sent   map[string]bool // IPN messages, by their bytes
	faults []int           // statuses of the next answers
	asked  map[string]int  // by path
}

// RunPayPal starts a PayPal that ends with the test. Its certificates are good for a
// year around now.
func RunPayPal(t testing.TB, now time.Time) *PayPal {
	t.Helper()
	p, err := NewPayPal(now)
	if err != nil {
		t.Fatalf("paypal simulator: %v", err)
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// NewPayPal makes a PayPal without a listener.
func NewPayPal(now time.Time) (*PayPal, error) {
	p := &PayPal{roots: x509.NewCertPool(), sent: map[string]bool{}, asked: map[string]int{}}
	for _, side := range []struct {
		authority *authority
		name      string
	}{{&p.live, "messageverificationcerts.paypal.com"}, {&p.sandbox, "messageverificationcerts.sandbox.paypal.com"}} {
		a, root, err := newAuthority(side.name, now)
		if err != nil {
			return nil, err
		}
		*side.authority = a
		p.roots.AddCert(root)
	}
	return p, nil
}

// Roots are the authorities that vouch for its certificates.
func (p *PayPal) Roots() *x509.CertPool { return p.roots }

// Sign signs a webhook as PayPal does, and returns the headers that come with it.
func (p *PayPal) Sign(webhookID string, body []byte, at time.Time) http.Header {
	return sign(p.live.key, "https://api.paypal.com/v1/notifications/certs/"+certName, webhookID, body, at)
}

// SignSandbox signs as PayPal's sandbox does. The id WEBHOOK_ID makes it the webhook
// simulator of PayPal's dashboard.
func (p *PayPal) SignSandbox(webhookID string, body []byte, at time.Time) http.Header {
	return sign(p.sandbox.key, "https://api.sandbox.paypal.com/v1/notifications/certs/"+certName, webhookID, body, at)
}

// certName is what its one certificate is called.
const certName = "CERT-360caa42-fca2a594-df8cd2d5"

func sign(key *rsa.PrivateKey, certURL, webhookID string, body []byte, at time.Time) http.Header {
	id, sent := fmt.Sprintf("69cd13f0-d67a-11e5-baa3-%012x", crc32.ChecksumIEEE(body)), at.UTC().Format(time.RFC3339)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, sent, webhookID, crc32.ChecksumIEEE(body)))
	sig, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]) // of a sum of the right size it cannot fail
	return http.Header{
		"Paypal-Transmission-Id": {id}, "Paypal-Transmission-Time": {sent}, "Paypal-Auth-Algo": {"SHA256withRSA"},
		"Paypal-Auth-Version": {"v2"}, "Paypal-Cert-Url": {certURL},
		"Paypal-Transmission-Sig": {base64.StdEncoding.EncodeToString(sig)},
	}
}

// Send makes a message one that PayPal has sent: it is VERIFIED from now on, by the
// sandbox if it has test_ipn=1.
func (p *PayPal) Send(message []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent[string(message)] = true
}

// FailNext makes the next answers be these statuses, without what was asked for.
func (p *PayPal) FailNext(statuses ...int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, statuses...)
}

// Asked is how often something below a host was asked for.
func (p *PayPal) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// ServeHTTP answers for all of PayPal's hosts.
func (p *PayPal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[r.URL.Path]++
	if len(p.faults) > 0 {
		status := p.faults[0]
		p.faults = p.faults[1:]
		w.WriteHeader(status)
		return
	}
	host, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch host + " " + path {
	case "api.paypal.com v1/notifications/certs/" + certName:
		p.live.hand(w, r)
	case "api.sandbox.paypal.com v1/notifications/certs/" + certName:
		p.sandbox.hand(w, r)
	case "ipnpb.paypal.com cgi-bin/webscr":
		p.postBack(w, r, false)
	case "ipnpb.sandbox.paypal.com cgi-bin/webscr":
		p.postBack(w, r, true)
	default:
		http.NotFound(w, r)
	}
}

// postBack says whether the message is one that was sent, byte by byte. PayPal refuses
// programs that do not say who they are. (developer.paypal.com/api/nvp-soap/ipn)
func (p *PayPal) postBack(w http.ResponseWriter, r *http.Request, sandbox bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	switch {
	case r.Method != http.MethodPost:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	case err != nil, r.Header.Get("User-Agent") == "", r.Header.Get("Content-Type") != "application/x-www-form-urlencoded":
		w.WriteHeader(http.StatusForbidden)
		return
	}
	message, asks := bytes.CutPrefix(body, []byte("cmd=_notify-validate&"))
	fields, _ := url.ParseQuery(string(message))
	answer := "INVALID"
	if asks && p.sent[string(message)] && (fields.Get("test_ipn") == "1") == sandbox {
		answer = "VERIFIED"
	}
	_, _ = io.WriteString(w, answer)
}
