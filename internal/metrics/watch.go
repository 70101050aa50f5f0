package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Queue is the state of the queue, and of the sites' gates, at one moment.
type Queue struct {
	Depth       int           // jobs waiting to be taken
	Oldest      time.Duration // age of the oldest of them; 0 if none
	Retrying    int           // jobs waiting for their next attempt
	DeadLetters int
	Workers     int // worker processes that live
	Waiting     int // members whose events are not applied yet
	// WaitingOldest is how long the oldest of those events has waited.
	WaitingOldest time.Duration
	Sites         []Site
}

// Site is whether a site's jobs may reach its upstreams.
type Site struct {
	Name   string
	Paused bool   // until somebody mends the configuration
	Broken string // the upstream whose breaker is open; "" if none is
	// CaughtUp is when a scheduled catch-up last went well; zero: never.
	CaughtUp time.Time
}

// Watch reads the queue at each scrape, for at most limit. read must end when
// its context does. A read that fails leaves the gauges out and sets
// ghostcm_redis_up to 0, so that an old number never looks like a fresh one.
// Call it once.
func (m *Metrics) Watch(limit time.Duration, read func(context.Context) (Queue, error)) {
	if m == nil {
		return
	}
	m.registry.MustRegister(&watcher{limit: limit, read: read})
}

type watcher struct {
	limit time.Duration
	read  func(context.Context) (Queue, error)
}

// Describe sends nothing: the gauges come and go with Redis.
func (w *watcher) Describe(chan<- *prometheus.Desc) {}

// Collect reads the queue once for all its gauges.
func (w *watcher) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), w.limit)
	defer cancel()
	q, err := w.read(ctx)
	if err != nil {
		send(out, "redis_up", "1 if the last read of Redis succeeded.", 0)
		return
	}
	send(out, "redis_up", "1 if the last read of Redis succeeded.", 1)
	send(out, "queue_depth", "Jobs waiting to be taken.", float64(q.Depth))
	send(out, "queue_oldest_seconds", "Age of the oldest waiting job.", q.Oldest.Seconds())
	send(out, "jobs_retrying", "Jobs waiting for their next attempt.", float64(q.Retrying))
	send(out, "dead_letters", "Jobs given up and not yet replayed or dropped.", float64(q.DeadLetters))
	send(out, "workers", "Worker processes that live.", float64(q.Workers))
	send(out, "members_waiting", "Members whose events are not applied yet.", float64(q.Waiting))
	send(out, "members_waiting_oldest_seconds", "Age of the oldest event that is not applied yet.", q.WaitingOldest.Seconds())
	for _, site := range q.Sites {
		out <- flag(pausedDesc(), site.Paused, site.Name)
		for _, upstream := range upstreams {
			out <- flag(breakerDesc(), site.Broken == upstream, site.Name, upstream)
		}
		if !site.CaughtUp.IsZero() {
			at := float64(site.CaughtUp.UnixMilli()) / 1000
			out <- prometheus.MustNewConstMetric(caughtUpDesc(), prometheus.GaugeValue, at, site.Name)
		}
	}
}

func pausedDesc() *prometheus.Desc {
	return prometheus.NewDesc("ghostcm_site_paused", "1 while the site waits for its configuration to be mended.", []string{"site"}, nil)
}

func breakerDesc() *prometheus.Desc {
	return prometheus.NewDesc("ghostcm_breaker_open", "1 while the circuit breaker of the site is open.", []string{"site", "upstream"}, nil)
}

func caughtUpDesc() *prometheus.Desc {
	return prometheus.NewDesc("ghostcm_catchup_last_success_timestamp_seconds",
		"When a scheduled catch-up of the site last went well; absent until the first.", []string{"site"}, nil)
}

func flag(desc *prometheus.Desc, set bool, labels ...string) prometheus.Metric {
	v := 0.0
	if set {
		v = 1
	}
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
}

func send(out chan<- prometheus.Metric, name, help string, v float64) {
	desc := prometheus.NewDesc("ghostcm_"+name, help, nil, nil)
	out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v)
}
