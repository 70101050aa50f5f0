package metrics

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// noEvent is the event label of a request that could not prove who sent it.
const noEvent = "none"

// events are the values of the event label; anything else is "none", which is
// also what a request is that could not prove who sent it.
var events = [...]string{"member.added", "member.edited", "member.deleted"}

// Webhook is one answered request.
type Webhook struct {
	Site   string        // as configured; "" if the request named no configured site
	Event  string        // "" before the request was authenticated and read
	Result string        // "accepted", or the error code of the answer
	Took   time.Duration // from the request's head to the answer
	Bytes  int           // of the body that was read
	At     time.Time
}

func (m *Metrics) makeWebhooks() {
	m.webhooks = counter("webhooks_total", "Webhook requests answered, by the code of the answer.", "site", "event", "result")
	m.webhookDuration = histogram("webhook_duration_seconds", "Time to answer a webhook; Ghost gives up after 2 s.",
		[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2}, "result")
	m.webhookBytes = prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "ghostcm", Name: "webhook_body_bytes",
		Help: "Size of accepted webhooks.", Buckets: prometheus.ExponentialBuckets(1<<10, 4, 6)})
	m.lastEvent = gauge("last_event_timestamp_seconds",
		"When this process last accepted a webhook of the site; absent until the first.", "site")
}

// Webhook counts a request. Callers give only codes of answers as Result, never input.
func (m *Metrics) Webhook(w Webhook) {
	if m == nil {
		return
	}
	site, event := m.site(w.Site), w.Event
	if !slices.Contains(events[:], event) {
		event = noEvent
	}
	m.webhooks.WithLabelValues(site, event, w.Result).Inc()
	if w.Result != "accepted" {
		m.webhookDuration.WithLabelValues("refused").Observe(w.Took.Seconds())
		return
	}
	m.webhookDuration.WithLabelValues("accepted").Observe(w.Took.Seconds())
	m.webhookBytes.Observe(float64(w.Bytes))
	m.lastEvent.WithLabelValues(site).Set(float64(w.At.UnixMilli()) / 1000)
}
