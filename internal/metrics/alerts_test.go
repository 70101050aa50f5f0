package metrics_test

import (
	"testing"

	"github.com/ghostcm/ghostcm/internal/metrics"
)

func TestMessagesAndPingsAreCountedFromZero(t *testing.T) {
	t.Parallel()
	m := setup(t, "blog")
	m.Alerts([]string{"paused", "silence"})
	m.Alert("paused", metrics.AlertSent)
	m.Heartbeat(metrics.AlertFailed)
	wantSeries(t, scrape(t, m),
		`ghostcm_alerts_total{alert="paused",result="sent"} 1`,
		`ghostcm_alerts_total{alert="paused",result="failed"} 0`,
		`ghostcm_alerts_total{alert="silence",result="sent"} 0`,
		`ghostcm_heartbeats_total{result="sent"} 0`,
		`ghostcm_heartbeats_total{result="failed"} 1`,
	)
	var none *metrics.Metrics
	none.Alerts([]string{"paused"})
	none.Alert("paused", metrics.AlertSent)
	none.Heartbeat(metrics.AlertSent)
}
