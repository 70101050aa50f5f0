package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler serves the series in the Prometheus text format. It takes few
// scrapes at once: each one reads Redis. Who may scrape is the server's matter.
// Of a nil *Metrics it answers 404.
func (m *Metrics) Handler() http.Handler {
	if m == nil {
		return http.NotFoundHandler()
	}
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
		Timeout:             5 * time.Second,
	})
}

// NewRegistry returns an empty registry, for callers that need no other.
func NewRegistry() *prometheus.Registry { return prometheus.NewRegistry() }
