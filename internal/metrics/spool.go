package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Spool makes the gauges of what waits on disk for Redis, which are there while
// Redis is not. read tells how many deliveries wait, and for how long the oldest
// has. Call it once.
func (m *Metrics) Spool(read func() (deliveries int, oldest time.Duration)) {
	if m == nil {
		return
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ghostcm_" + name, Help: help}, value)
	}
	m.registry.MustRegister(
		gauge("spool_deliveries", "Deliveries that wait on this machine's disk for Redis.", func() float64 {
			n, _ := read()
			return float64(n)
		}),
		gauge("spool_oldest_seconds", "Age of the oldest of them; 0 if none waits.", func() float64 {
			_, age := read()
			return age.Seconds()
		}),
	)
}
