package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Queue is the state of the queue at one moment.
type Queue struct {
	Depth       int           // jobs waiting to be taken
	Oldest      time.Duration // age of the oldest of them; 0 if none
	Retrying    int           // jobs waiting for their next attempt
	DeadLetters int
	Workers     int // worker processes that live
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
}

func send(out chan<- prometheus.Metric, name, help string, v float64) {
	desc := prometheus.NewDesc("ghostcm_"+name, help, nil, nil)
	out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v)
}
