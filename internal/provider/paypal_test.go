package provider_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
	"github.com/ghostcm/ghostcm/internal/provider/providertest"
)

const (
	hook     = "8PT597110X687430LKGECATA"
	liveCert = "/api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-df8cd2d5"
)

var received = time.Date(2026, 11, 1, 12, 0, 7, 0, time.UTC)

// payPalOf is a PayPal that asks the simulator, at a time that may pass.
func payPalOf(t testing.TB, sim *providertest.PayPal, now *atomic.Int64) *provider.PayPal {
	t.Helper()
	p, err := provider.NewPayPal(provider.PayPalOptions{
		HTTP: &http.Client{}, URL: sim.URL, Roots: sim.Roots(),
		Now: func() time.Time {
			if now == nil {
				return received
			}
			return received.Add(time.Duration(now.Load()))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func reasonOf(err error) payment.Reason {
	if refused, ok := errors.AsType[*payment.Refused](err); ok {
		return refused.Reason
	}
	return ""
}

func TestADeliveryIsGenuineIfPayPalSignedIt(t *testing.T) {
	t.Parallel()
	sim := providertest.RunPayPal(t, received)
	p := payPalOf(t, sim, nil)
	body := []byte(`{"id":"WH-1","event_type":"PAYMENT.SALE.COMPLETED"}`)
	for name, row := range map[string]struct {
		header http.Header
		ids    []string
		body   []byte
		want   payment.Reason
	}{
		"live":                {sim.Sign(hook, body, received), []string{hook}, body, ""},
		"sandbox":             {sim.SignSandbox(hook, body, received), []string{hook}, body, ""},
		"the second id":       {sim.Sign(hook, body, received), []string{"OTHER", hook}, body, ""},
		"another webhook's":   {sim.Sign("OTHER", body, received), []string{hook}, body, payment.ReasonMismatch},
		"another body":        {sim.Sign(hook, body, received), []string{hook}, append([]byte(" "), body...), payment.ReasonMismatch},
		"the simulator's":     {sim.SignSandbox("WEBHOOK_ID", body, received), []string{hook}, body, payment.ReasonSimulator},
		"no signature":        {http.Header{}, []string{hook}, body, payment.ReasonMissing},
		"sent again, in days": {sim.Sign(hook, body, received.AddDate(0, 0, -3)), []string{hook}, body, ""},
	} {
		err := p.Verify(t.Context(), row.ids, row.header.Get, row.body, received)
		if got := reasonOf(err); got != row.want || row.want == "" && err != nil {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
	if n := sim.Asked(liveCert); n != 1 {
		t.Errorf("the certificate was asked for %d times", n)
	}
}

func TestACertificateIsAskedForAtPayPalOnly(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	p, err := provider.NewPayPal(provider.PayPalOptions{HTTP: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		asked.Add(1)
		return nil, errors.New("asked")
	})}})
	if err != nil {
		t.Fatal(err)
	}
	const path = "/v1/notifications/certs/CERT-1"
	for _, address := range []string{
		"http://api.paypal.com" + path, "https://api.paypal.com.example.org" + path, "https://evil.example" + path,
		"https://api.paypal.com@evil.example" + path, "https://evil.example#@api.paypal.com" + path, "https://api.paypal.com:8443" + path,
		"https://API.PAYPAL.COM" + path, "//api.paypal.com" + path, "https://api-m.paypal.com" + path, "https://www.paypal.com" + path,
		"https://api.paypal.com/v1/notifications/certs/", "https://api.paypal.com/v1/notifications/certs/../../oauth2/token",
		"https://api.paypal.com/v1/notifications/certs/%2e%2e", "https://api.paypal.com/v1/notifications/certs/CERT-1?a=b",
		"https://api.paypal.com/v1/notifications/certs/CERT-1/x", "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
		"https://api.paypal.com/v1/identity", "https://api.paypal.com/v1/notifications/certs/" + strings.Repeat("A", 201),
		"https://api.paypal.com\\@evil.example" + path, " https://api.paypal.com" + path, "https://169.254.169.254" + path, "",
	} {
		if _, err := p.Certificate(t.Context(), address, received); reasonOf(err) != payment.ReasonMalformed {
			t.Errorf("%q: %v", address, err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d strange addresses were asked", n)
	}
	for _, host := range []string{"api.paypal.com", "api.sandbox.paypal.com"} {
		if _, err := p.Certificate(t.Context(), "https://"+host+path, received); reasonOf(err) != "" || err == nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("PayPal was asked %d times, want 2", n)
	}
}

// A certificate that anybody can make says nothing, wherever it comes from.
func TestACertificateThatNobodyVouchesForIsAFaultOfTheSetUp(t *testing.T) {
	t.Parallel()
	sim, other := providertest.RunPayPal(t, received), providertest.RunPayPal(t, received)
	body := []byte("{}")
	p, err := provider.NewPayPal(provider.PayPalOptions{HTTP: &http.Client{}, URL: sim.URL, Roots: other.Roots()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err = p.Verify(t.Context(), []string{hook}, sim.Sign(hook, body, received).Get, body, received)
		if provider.KindOf(err) != provider.Config || !strings.Contains(err.Error(), "ca-certificates") {
			t.Errorf("got %v", err)
		}
	}
	if n := sim.Asked(liveCert); n != 2 {
		t.Errorf("what was not trusted was asked for %d times, want each time", n)
	}
}

func TestACertificateAloneIsCompletedByThoseOfTheConnection(t *testing.T) {
	t.Parallel()
	sim := providertest.RunPayPal(t, received)
	recorded := httptest.NewRecorder()
	sim.ServeHTTP(recorded, httptest.NewRequestWithContext(t.Context(), http.MethodGet, liveCert, http.NoBody))
	leaf, rest := pem.Decode(recorded.Body.Bytes())
	next, _ := pem.Decode(rest)
	between, err := x509.ParseCertificate(next.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for shown, want := range map[*x509.Certificate]provider.Kind{between: provider.None, nil: provider.Config} {
		p, err := provider.NewPayPal(provider.PayPalOptions{
			Roots: sim.Roots(), HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				resp, err := respond(200, nil, string(pem.EncodeToMemory(leaf)))(r)
				if resp.TLS = (&tls.ConnectionState{}); shown != nil {
					resp.TLS.PeerCertificates = []*x509.Certificate{shown, shown}
				}
				return resp, err
			})},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = p.Certificate(t.Context(), "https:/"+liveCert, received); provider.KindOf(err) != want {
			t.Errorf("shown %v: %v", shown != nil, err)
		}
	}
}

func TestWherePayPalHasNothingIsAskedOnceAMinute(t *testing.T) {
	t.Parallel()
	sim := providertest.RunPayPal(t, received)
	var passed atomic.Int64
	p := payPalOf(t, sim, &passed)
	const name = "/v1/notifications/certs/CERT-MADE-UP"
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {59 * time.Second, 1}, {time.Minute, 2}, {time.Minute + time.Second, 2}} {
		passed.Store(int64(step.after))
		if _, err := p.Certificate(t.Context(), "https://api.paypal.com"+name, received); reasonOf(err) != payment.ReasonMismatch {
			t.Errorf("got %v", err)
		}
		if n := sim.Asked("/api.paypal.com" + name); n != step.want {
			t.Errorf("after %v it was asked %d times, want %d", step.after, n, step.want)
		}
	}
}

func TestACertificateIsRememberedUntilItEnds(t *testing.T) {
	t.Parallel()
	sim := providertest.RunPayPal(t, received)
	var passed atomic.Int64
	p := payPalOf(t, sim, &passed)
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {300 * 24 * time.Hour, 1}, {367 * 24 * time.Hour, 2}} {
		passed.Store(int64(step.after))
		// As of receipt it was good, whenever we look again.
		if _, err := p.Certificate(t.Context(), "https:/"+liveCert, received); err != nil {
			t.Errorf("after %v: %v", step.after, err)
		}
		if n := sim.Asked(liveCert); n != step.want {
			t.Errorf("after %v it was asked for %d times, want %d", step.after, n, step.want)
		}
	}
}

func TestFiftyDeliveriesAtOnceAskForOneCertificate(t *testing.T) {
	t.Parallel()
	sim := providertest.RunPayPal(t, received)
	p := payPalOf(t, sim, nil)
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			body := fmt.Appendf(nil, `{"id":"WH-%d"}`, i)
			if err := p.Verify(t.Context(), []string{hook}, sim.Sign(hook, body, received).Get, body, received); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := sim.Asked(liveCert); n != 1 {
		t.Errorf("it was asked for %d times", n)
	}
}

func TestStrangersCertificatesAreAskedForAFewAtATime(t *testing.T) {
	t.Parallel()
	reached, leave := make(chan struct{}, 100), make(chan struct{})
	p, err := provider.NewPayPal(provider.PayPalOptions{HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		reached <- struct{}{}
		<-leave
		return respond(404, nil, "")(r)
	})}})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	address := func(i int) string { return fmt.Sprintf("https://api.paypal.com/v1/notifications/certs/CERT-%d", i) }
	for i := range 10 {
		group.Go(func() {
			if _, err := p.Certificate(t.Context(), address(i), received); reasonOf(err) != payment.ReasonMismatch {
				t.Error(err)
			}
		})
	}
	for range 4 {
		<-reached
	}
	// The fifth has to wait, as long as its caller does; so has the second at one address.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Certificate(ctx, address(99), received); provider.KindOf(err) != provider.Transient {
		t.Errorf("the one that waits: %v", err)
	}
	if n := len(reached); n != 0 {
		t.Errorf("%d more than four were asked for at once", n)
	}
	close(leave)
	group.Wait()
}

func TestACertificateThatCannotBeHadNowIsAskedForAgain(t *testing.T) {
	t.Parallel()
	sim := providertest.RunPayPal(t, received)
	p := payPalOf(t, sim, nil)
	body := []byte("{}")
	header := sim.Sign(hook, body, received)
	sim.FailNext(503, 500)
	for range 2 {
		if err := p.Verify(t.Context(), []string{hook}, header.Get, body, received); provider.KindOf(err) != provider.Transient {
			t.Errorf("got %v", err)
		}
	}
	if err := p.Verify(t.Context(), []string{hook}, header.Get, body, received); err != nil {
		t.Errorf("when PayPal answers again: %v", err)
	}
}

func ipn(fields ...string) []byte {
	values := url.Values{"txn_type": {"web_accept"}, "receiver_email": {"seller@example.test"}, "txn_id": {"1"}}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return []byte("last_name=B%FCyer&" + values.Encode())
}

func TestAMessageIsGenuineIfPayPalSaysSo(t *testing.T) {
	t.Parallel()
	sim := providertest.RunPayPal(t, received)
	p := payPalOf(t, sim, nil)
	live, sandbox := ipn("mc_gross", "9.00"), ipn("mc_gross", "9.00", "test_ipn", "1")
	sim.Send(live)
	sim.Send(sandbox)
	ours := []string{"other@example.test", "Seller@Example.test"}
	for name, row := range map[string]struct {
		message []byte
		want    payment.Reason
	}{
		"live":             {live, ""},
		"live, once more":  {live, ""},
		"of the sandbox":   {sandbox, ""},
		"another amount":   {bytes.Replace(live, []byte("9.00"), []byte("0.01"), 1), payment.ReasonMismatch},
		"another escaping": {bytes.Replace(live, []byte("%FC"), []byte("%fc"), 1), payment.ReasonMismatch},
		// Whoever says it is a test is asked of the sandbox, which does not know it.
		"called a test":         {append(bytes.Clone(live), "&test_ipn=1"...), payment.ReasonMismatch},
		"the sandbox's as live": {bytes.Replace(sandbox, []byte("test_ipn=1"), []byte("test_ipn=0"), 1), payment.ReasonMismatch},
	} {
		err := p.VerifyIPN(t.Context(), ours, row.message)
		if got := reasonOf(err); got != row.want || row.want == "" && err != nil {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
	before := sim.Asked("/ipnpb.paypal.com/cgi-bin/webscr")
	if err := p.VerifyIPN(t.Context(), []string{"thief@example.test"}, live); reasonOf(err) != payment.ReasonMismatch {
		t.Errorf("somebody else's money: %v", err)
	}
	if after := sim.Asked("/ipnpb.paypal.com/cgi-bin/webscr"); after != before {
		t.Error("PayPal was asked about somebody else's money")
	}
}

func TestAMessageIsNotRefusedBecausePayPalIsDown(t *testing.T) {
	t.Parallel()
	sim := providertest.RunPayPal(t, received)
	p := payPalOf(t, sim, nil)
	message := ipn()
	sim.Send(message)
	sim.FailNext(503, 504, 403)
	for range 3 {
		if err := p.VerifyIPN(t.Context(), []string{"seller@example.test"}, message); reasonOf(err) != "" || err == nil {
			t.Errorf("got %v", err)
		}
	}
	if err := p.VerifyIPN(t.Context(), []string{"seller@example.test"}, message); err != nil {
		t.Errorf("when PayPal answers again: %v", err)
	}
}
