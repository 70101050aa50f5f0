package metrics

import "time"

// PaymentWebhook is one answered request of a payment provider.
type PaymentWebhook struct {
	Site     string // as configured; "" if the request named no configured site
	Provider string // as configured; "" if the request named no configured one
	Result   string // "accepted", "known", "test_event", or the error code of the answer
	Took     time.Duration
	// Quarantined is whether it was kept to be looked at again.
	Quarantined bool
}

func (m *Metrics) makePayments() {
	m.paymentWebhooks = counter("payment_webhooks_total", "Webhook requests of payment providers answered, by the code of the answer.",
		"site", "provider", "result")
	m.paymentWebhookDuration = histogram("payment_webhook_duration_seconds",
		"Time to answer a payment provider's webhook; the most impatient give up after 5 s.",
		[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}, "result")
	m.quarantined = counter("payment_quarantined_total", "Refused deliveries of payment providers that were kept for 7 days.",
		"site", "provider")
	m.paymentEvents = counter("payment_events_total", "Events of purchases that were read, by what became of them.",
		"site", "provider", "outcome")
	m.entitlements = counter("payment_access_total", "Decisions about the access of purchases, by the state they ended in.",
		"site", "state")
	m.grantLag = histogram("payment_grant_lag_seconds", "From the receipt of a purchase to access in Ghost.",
		[]float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15, 60, 300, 900, 3600, 6 * 3600, 24 * 3600}, "site")
}

// Payments makes the series of a site's payment providers, for Sites that are
// known by then. The outcomes of events and states of entitlements come from
// fixed sets in the code.
func (m *Metrics) Payments(site string, providers, outcomes, states []string) {
	if m == nil || len(providers) == 0 {
		return
	}
	for _, provider := range providers {
		for _, result := range []string{"accepted", "known", "unavailable", "signature_mismatch", "test_event"} {
			m.paymentWebhooks.WithLabelValues(site, provider, result)
		}
		m.quarantined.WithLabelValues(site, provider)
		for _, outcome := range outcomes {
			m.paymentEvents.WithLabelValues(site, provider, outcome)
		}
	}
	for _, state := range states {
		m.entitlements.WithLabelValues(site, state)
	}
	m.grantLag.WithLabelValues(site)
}

// PaymentWebhook counts a request. Callers give only configured names and codes of
// answers, never input.
func (m *Metrics) PaymentWebhook(w PaymentWebhook) {
	if m == nil {
		return
	}
	site, provider, answer := m.site(w.Site), w.Provider, "refused"
	if provider == "" {
		provider = noEvent
	}
	if w.Result == "accepted" || w.Result == "known" {
		answer = "accepted"
	}
	m.paymentWebhooks.WithLabelValues(site, provider, w.Result).Inc()
	m.paymentWebhookDuration.WithLabelValues(answer).Observe(w.Took.Seconds())
	if w.Quarantined {
		m.quarantined.WithLabelValues(site, provider).Inc()
	}
}

// PaymentEvent counts what became of one event of a purchase.
func (m *Metrics) PaymentEvent(site, provider, outcome string) {
	if m == nil {
		return
	}
	m.paymentEvents.WithLabelValues(m.site(site), provider, outcome).Inc()
}

// Access counts one decision about an entitlement, by its state.
func (m *Metrics) Access(site, state string) {
	if m == nil {
		return
	}
	m.entitlements.WithLabelValues(m.site(site), state).Inc()
}

// Granted records how long a purchase took from its receipt to access in Ghost.
func (m *Metrics) Granted(site string, lag time.Duration) {
	if m == nil {
		return
	}
	m.grantLag.WithLabelValues(m.site(site)).Observe(max(lag, 0).Seconds())
}
