package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/metrics"
)

func TestPurchasesAreCountedBySiteAndProvider(t *testing.T) {
	t.Parallel()
	m := setup(t, "blog")
	m.Payments("blog", []string{"stripe"}, []string{"merged"}, []string{"granted"})
	wantSeries(t, scrape(t, m),
		`ghostcm_payment_webhooks_total{provider="stripe",result="accepted",site="blog"} 0`,
		`ghostcm_payment_quarantined_total{provider="stripe",site="blog"} 0`,
		`ghostcm_payment_events_total{outcome="merged",provider="stripe",site="blog"} 0`,
		`ghostcm_payment_access_total{site="blog",state="granted"} 0`,
		`ghostcm_payment_grant_lag_seconds_count{site="blog"} 0`,
	)
	m.PaymentWebhook(metrics.PaymentWebhook{Site: "blog", Provider: "stripe", Result: "accepted", Took: time.Millisecond})
	m.PaymentWebhook(metrics.PaymentWebhook{Site: "blog", Provider: "stripe", Result: "signature_mismatch", Quarantined: true})
	m.PaymentWebhook(metrics.PaymentWebhook{Site: "a stranger's", Result: "unknown_site"})
	m.PaymentEvent("blog", "stripe", "merged")
	m.Access("blog", "granted")
	m.Granted("blog", -time.Second)
	wantSeries(t, scrape(t, m),
		`ghostcm_payment_webhooks_total{provider="stripe",result="accepted",site="blog"} 1`,
		`ghostcm_payment_webhooks_total{provider="none",result="unknown_site",site="other"} 1`,
		`ghostcm_payment_webhook_duration_seconds_count{result="refused"} 2`,
		`ghostcm_payment_quarantined_total{provider="stripe",site="blog"} 1`,
		`ghostcm_payment_events_total{outcome="merged",provider="stripe",site="blog"} 1`,
		`ghostcm_payment_access_total{site="blog",state="granted"} 1`,
		`ghostcm_payment_grant_lag_seconds_sum{site="blog"} 0`,
	)
}

func TestTheSeriesOfASiteThatIsGoneEnd(t *testing.T) {
	t.Parallel()
	m := setup(t, "blog")
	m.Payments("blog", []string{"stripe"}, nil, nil)
	m.Sites(nil)
	if text := scrape(t, m); strings.Contains(text, `provider="stripe"`) {
		t.Error("a provider of a site that is gone is still counted")
	}
}
