package provider

import (
	"bytes"
	"net/url"
	"os"
	"strings"
	"testing"
)

// FuzzCertificateAddress wants that no address but PayPal's own is asked for a
// certificate, however it is written.
func FuzzCertificateAddress(f *testing.F) {
	for _, s := range []string{
		"https://api.paypal.com/v1/notifications/certs/CERT-1", "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
		"https://api.paypal.com@evil.example/v1/notifications/certs/x", "https://api.paypal.com/v1/notifications/certs/../../x",
		"https://api.paypal.com/v1/notifications/certs/%2e%2e", "https://api.paypal.com.evil.example/v1/notifications/certs/x",
		"http://169.254.169.254/v1/notifications/certs/x", "HTTPS://API.PAYPAL.COM/v1/notifications/certs/x?y#z",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		host, path, ok := certificateAddress(address)
		if !ok {
			if host != "" || path != "" {
				t.Fatalf("%q is refused, but is %q %q", address, host, path)
			}
			return
		}
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" || u.Host != host || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != path || u.RawPath != "" {
			t.Fatalf("%q is taken for %q %q", address, host, path)
		}
		if host != paypalHost && host != paypalSandboxHost || !strings.HasPrefix(path, certificatePath) || strings.Contains(path, "..") {
			t.Fatalf("%q leads to %q %q", address, host, path)
		}
	})
}

// FuzzCertificateChain wants of any file of certificates few certificates or none.
func FuzzCertificateChain(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	one, err := os.ReadFile("../payment/testdata/_vectors/paypal_test_only_selfsigned_cert.pem")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(one)
	f.Add(bytes.Repeat(one, maxChain+1))
	f.Fuzz(func(t *testing.T, file []byte) {
		chain, ok := readChain(file)
		if ok != (len(chain) > 0) || len(chain) > maxChain {
			t.Fatalf("%d certificates, %t", len(chain), ok)
		}
		for _, c := range chain {
			if c == nil || len(c.Raw) > len(file) {
				t.Fatal("a certificate out of nothing")
			}
		}
	})
}
