package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

const (
	stripeSecret = "whsec_of-the-blog"
	zapToken     = "a-token-of-the-zap"
	sold         = `{"id":"evt_1","object":"event","type":"customer.subscription.updated","created":1789999000,"livemode":true,` +
		`"data":{"object":{"id":"sub_1","object":"subscription","customer":"cus_1","status":"active",` +
		`"items":{"data":[{"current_period_end":1792591000,"price":{"id":"price_1","product":"prod_1"}}]},` +
		`"metadata":{"email":"payer@example.org"}}}}`
)

// purchases is a webhook.Purchases in memory.
type purchases struct {
	mu          sync.Mutex
	accepted    []store.PaymentDelivery
	quarantined map[string]string // body to reason
	full        bool
	err         error
	hang        bool
}

func (p *purchases) Accept(ctx context.Context, d store.PaymentDelivery, _ string) (bool, error) {
	if p.hang {
		<-ctx.Done()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := errors.Join(ctx.Err(), p.err); err != nil {
		return false, err
	}
	for _, known := range p.accepted {
		if known.ID == d.ID {
			return false, nil
		}
	}
	p.accepted = append(p.accepted, d)
	return true, nil
}

func (p *purchases) Quarantine(ctx context.Context, d store.PaymentDelivery, reason string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := errors.Join(ctx.Err(), p.err); err != nil {
		return false, err
	}
	if p.quarantined == nil {
		p.quarantined = map[string]string{}
	}
	if !p.full {
		p.quarantined[string(d.Body)] = reason
	}
	return !p.full, nil
}

// till is a Payment behind a real listener.
type till struct {
	t    *testing.T
	url  string
	kept *purchases
	log  *buffer

	mu       sync.Mutex
	outcomes []webhook.PaymentOutcome
}

// openTill starts one with the site "blog", which takes Stripe, PayPal's IPN and
// Zapier; change adapts its options.
func openTill(t *testing.T, change func(*webhook.PaymentOptions)) *till {
	t.Helper()
	till := &till{t: t, kept: &purchases{}, log: &buffer{}}
	o := webhook.PaymentOptions{
		Sites: []webhook.PaymentSite{{Name: "blog", Proofs: map[string][]string{
			"stripe": {"whsec_next", stripeSecret}, "zapier": {zapToken}, "paypal-ipn": {"shop@example.org"}, "paypal": {"WH-1"},
		}}},
		Purchases: till.kept,
		Log:       slog.New(slog.NewJSONHandler(till.log, nil)),
		Now:       func() time.Time { return now },
		Observe: func(o webhook.PaymentOutcome) {
			till.mu.Lock()
			defer till.mu.Unlock()
			till.outcomes = append(till.outcomes, o)
		},
	}
	if change != nil {
		change(&o)
	}
	server := httptest.NewServer(webhook.NewPayment(o))
	t.Cleanup(server.Close)
	till.url = server.URL
	return till
}

func (t *till) results() (all []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.outcomes {
		all = append(all, o.Result)
	}
	return all
}

// sale is one request to a till. Its zero value is a genuine one of Stripe.
type sale struct {
	method, path, body string
	header             map[string]string // nil: Stripe's good signature
}

func (t *till) sell(s sale) answer {
	t.t.Helper()
	if s.method == "" {
		s.method = http.MethodPost
	}
	if s.path == "" {
		s.path = "/webhook/payment/blog/stripe"
	}
	if s.body == "" {
		s.body = sold
	}
	if s.header == nil {
		s.header = map[string]string{"Stripe-Signature": stripeSigned(s.body, stripeSecret, now)}
	}
	r, err := http.NewRequestWithContext(t.t.Context(), s.method, t.url+s.path, strings.NewReader(s.body))
	if err != nil {
		t.t.Fatal(err)
	}
	for name, value := range s.header {
		r.Header.Set(name, value)
	}
	res, err := direct().Do(r)
	if err != nil {
		t.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func stripeSigned(body, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

func TestAGenuinePurchaseIsKeptOnceAndAnsweredWithAnEmpty200(t *testing.T) {
	t.Parallel()
	till := openTill(t, nil)
	for range 3 {
		if got := till.sell(sale{}); got.status != 200 || got.body != "" {
			t.Fatalf("answer %d %q, want 200 without a body", got.status, got.body)
		}
	}
	if diff := cmp.Diff([]string{"accepted", "known", "known"}, till.results()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	if len(till.kept.accepted) != 1 {
		t.Fatalf("%d deliveries were kept", len(till.kept.accepted))
	}
	d := till.kept.accepted[0]
	if d.Site != "blog" || d.Provider != "stripe" || string(d.Body) != sold || !d.ReceivedAt.Equal(now) || d.Unproven || d.ID == "" {
		t.Errorf("kept %+v", d)
	}
	if err := payment.Verify(d.Provider, []string{stripeSecret}, d.HeaderValue, d.Body, d.ReceivedAt); err != nil {
		t.Errorf("what was kept cannot be verified again: %v", err)
	}
}

func TestASlashAtTheEndOfThePathIsNoRedirect(t *testing.T) {
	t.Parallel()
	till := openTill(t, nil)
	if got := till.sell(sale{path: "/webhook/payment/blog/stripe/"}); got.status != 200 {
		t.Errorf("answered %d", got.status)
	}
}

func TestWhatIsNotGenuineIsRefused(t *testing.T) {
	t.Parallel()
	signed := func(secret string, at time.Time) map[string]string {
		return map[string]string{"Stripe-Signature": stripeSigned(sold, secret, at)}
	}
	tests := map[string]struct {
		sale   sale
		status int
		code   string
		kept   bool
	}{
		"another secret":      {sale{header: signed("whsec_wrong", now)}, 401, "signature_mismatch", true},
		"another body":        {sale{body: strings.Replace(sold, "active", "trialing", 1), header: signed(stripeSecret, now)}, 401, "signature_mismatch", true},
		"too old":             {sale{header: signed(stripeSecret, now.Add(-6*time.Minute))}, 401, "signature_timestamp_expired", true},
		"of the future":       {sale{header: signed(stripeSecret, now.Add(6*time.Minute))}, 401, "signature_timestamp_expired", true},
		"no signature":        {sale{header: map[string]string{}}, 401, "signature_missing", false},
		"garbage":             {sale{header: map[string]string{"Stripe-Signature": "garbage"}}, 401, "signature_malformed", true},
		"an unknown site":     {sale{path: "/webhook/payment/shop/stripe"}, 404, "unknown_site", false},
		"an odd site":         {sale{path: "/webhook/payment/bl%2Fog/stripe"}, 400, "invalid_site_id", false},
		"an unknown provider": {sale{path: "/webhook/payment/blog/polar"}, 404, "unknown_provider", false},
		"a path too long":     {sale{path: "/webhook/payment/blog/stripe/more"}, 404, "not_found", false},
		"a path too short":    {sale{path: "/webhook/payment/blog"}, 404, "not_found", false},
		"another method":      {sale{method: "PUT"}, 405, "method_not_allowed", false},
		"too large":           {sale{body: strings.Repeat("x", 1<<20+1)}, 413, "payload_too_large", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			till := openTill(t, nil)
			got := till.sell(tt.sale)
			if code := got.code(t); got.status != tt.status || code != tt.code {
				t.Errorf("answered %d %s, want %d %s", got.status, code, tt.status, tt.code)
			}
			if len(till.kept.accepted) > 0 {
				t.Error("it was taken")
			}
			if kept := len(till.kept.quarantined) == 1; kept != tt.kept {
				t.Errorf("quarantined: %t, want %t", kept, tt.kept)
			}
			if diff := cmp.Diff([]string{tt.code}, till.results()); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAGenuinePurchaseIsNeverAnswered429(t *testing.T) {
	t.Parallel()
	till := openTill(t, func(o *webhook.PaymentOptions) { o.Limiter = limiter{wait: 1500 * time.Millisecond} })
	if got := till.sell(sale{}); got.status != 200 {
		t.Errorf("a genuine one over the limit was answered %d", got.status)
	}
	forged := till.sell(sale{header: map[string]string{"Stripe-Signature": stripeSigned(sold, "wrong", now)}})
	if forged.status != 429 || forged.header.Get("Retry-After") != "2" {
		t.Errorf("a forged one over the limit was answered %d, Retry-After %q", forged.status, forged.header.Get("Retry-After"))
	}
	if len(till.kept.quarantined) > 0 {
		t.Error("a flood fills the quarantine")
	}
}

// Only PayPal can say whether an IPN is its own. Nobody may keep much here before
// it was asked.
func TestWhatOnlyItsProviderCanVerifyIsKeptUnproven(t *testing.T) {
	t.Parallel()
	asks := func(o *webhook.PaymentOptions) {
		o.Verify = func(context.Context, store.PaymentDelivery, []string) error { return errors.New("ask PayPal") }
	}
	ipn := sale{path: "/webhook/payment/blog/paypal-ipn", body: "txn_id=1&payment_status=Completed", header: map[string]string{}}
	till := openTill(t, asks)
	if got := till.sell(ipn); got.status != 200 || len(till.kept.accepted) != 1 || !till.kept.accepted[0].Unproven {
		t.Errorf("answered %d, kept %+v", got.status, till.kept.accepted)
	}
	large := ipn
	large.path, large.body = "/webhook/payment/blog/paypal", strings.Repeat("x", 64<<10+1)
	if got := till.sell(large); got.status != 413 {
		t.Errorf("a large one was answered %d", got.status)
	}
	crowded := openTill(t, func(o *webhook.PaymentOptions) { asks(o); o.Limiter = limiter{wait: time.Second} })
	if got := crowded.sell(ipn); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("one over the limit was answered %d, not to come again", got.status)
	}
	if len(crowded.kept.accepted) > 0 {
		t.Error("one over the limit was kept")
	}
}

// Anybody may have sent it, and reading a form of many fields takes long.
func TestALargeFormIsRefusedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	looked := false
	till := openTill(t, func(o *webhook.PaymentOptions) {
		o.Sites[0].Proofs["kofi"] = []string{"a-token-of-kofi"}
		o.Verify = func(context.Context, store.PaymentDelivery, []string) error { looked = true; return nil }
	})
	for _, provider := range []string{"paypal-ipn", "kofi"} {
		large := sale{path: "/webhook/payment/blog/" + provider, body: strings.Repeat("a=1&", 16<<10) + "b", header: map[string]string{}}
		if got := till.sell(large); got.status != 413 || looked {
			t.Errorf("%s: answered %d, verified: %t", provider, got.status, looked)
		}
	}
	if got := till.sell(sale{body: strings.Repeat("x", 64<<10+1)}); got.status != 200 || !looked {
		t.Errorf("one whose signature shows who sent it: answered %d", got.status)
	}
}

func TestAnEventOfASandboxIsKeptApart(t *testing.T) {
	t.Parallel()
	body := strings.Replace(sold, `"livemode":true`, `"livemode":false`, 1)
	till := openTill(t, nil)
	if got := till.sell(sale{body: body}); got.status != 200 || got.body != "" {
		t.Errorf("answered %d %q", got.status, got.body)
	}
	if len(till.kept.accepted) > 0 || till.kept.quarantined[body] != "test" {
		t.Errorf("taken %d, quarantined %v", len(till.kept.accepted), till.kept.quarantined)
	}
	if diff := cmp.Diff([]string{"test_event"}, till.results()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	// A rehearsal comes this way too: it is no refusal that somebody has to look at.
	if till.outcomes[0].Quarantined || strings.Contains(till.log.String(), "WARN") {
		t.Errorf("told as if it were refused: %+v\n%s", till.outcomes[0], till.log)
	}
	taking := openTill(t, func(o *webhook.PaymentOptions) { o.TestEvents = true })
	if got := taking.sell(sale{body: body}); got.status != 200 || len(taking.kept.accepted) != 1 {
		t.Errorf("where they are switched on: %d, taken %d", got.status, len(taking.kept.accepted))
	}
}

func TestAGenuineBodyThatCannotBeReadIsKept(t *testing.T) {
	t.Parallel()
	till := openTill(t, nil)
	if got := till.sell(sale{body: "this is no event"}); got.status != 200 || len(till.kept.accepted) != 1 {
		t.Errorf("answered %d, kept %d", got.status, len(till.kept.accepted))
	}
}

func TestWhatCannotBeKeptIsToBeSentAgain(t *testing.T) {
	t.Parallel()
	forged := sale{header: map[string]string{"Stripe-Signature": stripeSigned(sold, "wrong", now)}}
	for name, change := range map[string]func(*till){
		"Redis fails":  func(till *till) { till.kept.err = errors.New("redis is away") },
		"Redis hangs":  func(till *till) { till.kept.hang = true },
		"its log says": func(till *till) { till.kept.err = errors.New("redis is away") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			till := openTill(t, func(o *webhook.PaymentOptions) { o.AcceptTimeout = 50 * time.Millisecond })
			change(till)
			if got := till.sell(sale{}); got.status != 503 || got.code(t) != "unavailable" {
				t.Errorf("answered %d", got.status)
			}
			if got := till.sell(forged); till.kept.err != nil && got.status != 503 {
				t.Errorf("what could not be quarantined was answered %d", got.status)
			}
		})
	}
}

func TestAFullQuarantineIsToldAndRefusesAllTheSame(t *testing.T) {
	t.Parallel()
	till := openTill(t, nil)
	till.kept.full = true
	if got := till.sell(sale{header: map[string]string{"Stripe-Signature": stripeSigned(sold, "wrong", now)}}); got.status != 401 {
		t.Errorf("answered %d", got.status)
	}
	if records := till.log.records(t); len(records) != 1 || records[0]["quarantined"] != false {
		t.Errorf("the log says %v", records)
	}
}

// Whoever has an account at PayPal can have its simulator fill a quarantine, from
// PayPal's own network.
func TestWhatAProvidersSimulatorMadeIsRefusedAndNotKept(t *testing.T) {
	t.Parallel()
	till := openTill(t, func(o *webhook.PaymentOptions) {
		o.Verify = func(context.Context, store.PaymentDelivery, []string) error {
			return &payment.Refused{Reason: payment.ReasonSimulator}
		}
	})
	if got := till.sell(sale{path: "/webhook/payment/blog/paypal"}); got.status != 401 || len(till.kept.quarantined) != 0 {
		t.Errorf("answered %d, kept %v", got.status, till.kept.quarantined)
	}
}

func TestADeliveryKeepsFromWhichNetworkItCame(t *testing.T) {
	t.Parallel()
	till := openTill(t, func(o *webhook.PaymentOptions) { o.Network = func(*http.Request) string { return "n1" } })
	till.sell(sale{})
	if len(till.kept.accepted) != 1 || till.kept.accepted[0].Network != "n1" {
		t.Errorf("kept %+v", till.kept.accepted)
	}
}

func TestNothingOfAPurchaseIsInTheLog(t *testing.T) {
	t.Parallel()
	till := openTill(t, nil)
	till.sell(sale{})
	till.sell(sale{header: map[string]string{"Stripe-Signature": stripeSigned(sold, "wrong", now)}})
	zap := sale{path: "/webhook/payment/blog/zapier", body: `{"event":"payer@example.org bought","email":"payer@example.org"}`}
	zap.header = map[string]string{"Authorization": "Bearer " + zapToken, "Content-Type": "application/json"}
	till.sell(zap)
	log := till.log.String()
	for _, private := range []string{"payer", "example.org", "cus_1", stripeSecret, zapToken, "v1="} {
		if strings.Contains(log, private) {
			t.Errorf("the log holds %q:\n%s", private, log)
		}
	}
	if !strings.Contains(log, `"event_type":"customer.subscription.updated"`) {
		t.Errorf("the log does not say what came:\n%s", log)
	}
}

func TestATokenIsNotKeptWithAPurchase(t *testing.T) {
	t.Parallel()
	till := openTill(t, func(o *webhook.PaymentOptions) {
		o.Verify = func(context.Context, store.PaymentDelivery, []string) error { return nil }
	})
	till.sell(sale{path: "/webhook/payment/blog/zapier", header: map[string]string{"Authorization": "Bearer " + zapToken}})
	if len(till.kept.accepted) != 1 || till.kept.accepted[0].HeaderValue("Authorization") != "" {
		t.Errorf("kept %+v", till.kept.accepted)
	}
}
