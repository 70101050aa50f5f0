// Package metrics counts what ghostcm does, for Prometheus. It is for the
// flows, which call one method per thing that happened, and for the shell,
// which serves Handler. It promises bounded labels (a site that is not
// configured is counted as "other"), series that exist from the start, no
// address or secret in any label, and a scrape that ends in bounded time
// whatever Redis does. It leaves to others what to alarm about, and reading
// the queue: see Watch.
//
// It is the only package that knows the Prometheus client. All methods of a
// nil *Metrics do nothing, for programs and tests that do not measure.
package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Other is the label of a site that is not configured.
const Other = "other"

// Metrics is the set of ghostcm's own series on one registry.
type Metrics struct {
	registry *prometheus.Registry
	sites    atomic.Pointer[map[string]bool]

	webhooks        *prometheus.CounterVec
	webhookDuration *prometheus.HistogramVec
	webhookBytes    prometheus.Histogram
	lastEvent       *prometheus.GaugeVec

	jobs        *prometheus.CounterVec
	jobDuration *prometheus.HistogramVec
	outcomes    *prometheus.CounterVec
	lag         *prometheus.HistogramVec
	deadLetters *prometheus.CounterVec

	upstream         *prometheus.CounterVec
	upstreamDuration *prometheus.HistogramVec

	catchUps     *prometheus.CounterVec
	caughtUp     *prometheus.CounterVec
	listWebhooks *prometheus.CounterVec

	paymentWebhooks        *prometheus.CounterVec
	paymentWebhookDuration *prometheus.HistogramVec
	quarantined            *prometheus.CounterVec
	paymentEvents          *prometheus.CounterVec
	entitlements           *prometheus.CounterVec
	grantLag               *prometheus.HistogramVec

	alerts     *prometheus.CounterVec
	heartbeats *prometheus.CounterVec

	build *prometheus.GaugeVec
}

// New registers ghostcm's series, and those of the Go runtime and the process,
// on reg. It panics if reg already has them: one Metrics per registry.
func New(reg *prometheus.Registry) *Metrics {
	m := &Metrics{registry: reg}
	m.makeWebhooks()
	m.makeWork()
	m.makeUpstream()
	m.makeCatchUp()
	m.makePayments()
	m.makeAlerts()
	m.build = gauge("build_info", "Always 1; the labels say which build runs.", "version", "commit", "goversion")
	reg.MustRegister(
		m.webhooks, m.webhookDuration, m.webhookBytes, m.lastEvent,
		m.jobs, m.jobDuration, m.outcomes, m.lag, m.deadLetters,
		m.upstream, m.upstreamDuration, m.catchUps, m.caughtUp, m.listWebhooks, m.alerts, m.heartbeats, m.build,
		m.paymentWebhooks, m.paymentWebhookDuration, m.quarantined, m.paymentEvents, m.entitlements, m.grantLag,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Build says which build this is.
func (m *Metrics) Build(version, commit, goVersion string) {
	if m == nil {
		return
	}
	m.build.WithLabelValues(version, commit, goVersion).Set(1)
}

// Sites says which sites are configured, and makes their series, so that a
// rate can be taken from the first event on. Call it before the first event;
// what was counted before is under Other. Called again, it ends the series of
// sites that are configured no more.
func (m *Metrics) Sites(names []string) {
	if m == nil {
		return
	}
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
		m.startSite(name)
	}
	before := m.sites.Swap(&known)
	if before == nil {
		return
	}
	for name := range *before {
		if !known[name] {
			m.endSite(name)
		}
	}
}

func (m *Metrics) startSite(site string) {
	for _, event := range events {
		m.webhooks.WithLabelValues(site, event, "accepted")
		m.webhooks.WithLabelValues(site, event, "unavailable")
	}
	// A rate over a series that appears with its first event would miss that event.
	for _, refusal := range []string{"signature_mismatch", "signature_timestamp_expired", "invalid_payload"} {
		m.webhooks.WithLabelValues(site, noEvent, refusal)
	}
	m.lag.WithLabelValues(site)
}

// endSite ends the series of a site: an event long ago would be an alarm for ever.
func (m *Metrics) endSite(site string) {
	of := prometheus.Labels{"site": site}
	for _, counters := range []*prometheus.CounterVec{
		m.webhooks, m.outcomes, m.deadLetters, m.upstream, m.catchUps, m.caughtUp, m.listWebhooks,
		m.paymentWebhooks, m.quarantined, m.paymentEvents, m.entitlements,
	} {
		counters.DeletePartialMatch(of)
	}
	m.lag.DeletePartialMatch(of)
	m.grantLag.DeletePartialMatch(of)
	m.lastEvent.DeletePartialMatch(of)
}

// Jobs makes the series of the kinds of jobs, for Sites that are known by then.
func (m *Metrics) Jobs(kinds, outcomes []string) {
	if m == nil {
		return
	}
	for _, kind := range kinds {
		m.jobDuration.WithLabelValues(kind)
		for _, outcome := range outcomes {
			m.jobs.WithLabelValues(kind, outcome)
		}
		for site := range *m.sites.Load() {
			m.deadLetters.WithLabelValues(site, kind)
		}
	}
}

// site bounds the label: names come from strangers' paths too.
func (m *Metrics) site(name string) string {
	if known := m.sites.Load(); known != nil && (*known)[name] {
		return name
	}
	return Other
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "ghostcm", Name: name, Help: help}, labels)
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "ghostcm", Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	opts := prometheus.HistogramOpts{Namespace: "ghostcm", Name: name, Help: help, Buckets: buckets}
	return prometheus.NewHistogramVec(opts, labels)
}
