package metrics

// How a message or a ping ended.
const (
	AlertSent   = "sent"
	AlertFailed = "failed" // after its tries; what it said is tried again later
)

func (m *Metrics) makeAlerts() {
	m.alerts = counter("alerts_total", "Messages to the receiver of alerts, by how their delivery ended.", "alert", "result")
	m.heartbeats = counter("heartbeats_total", "Pings of the monitor, by how they ended.", "result")
	for _, result := range []string{AlertSent, AlertFailed} {
		m.heartbeats.WithLabelValues(result)
	}
}

// Alerts makes the series of the kinds of alerts, which come from a fixed set in
// the code.
func (m *Metrics) Alerts(kinds []string) {
	if m == nil {
		return
	}
	for _, kind := range kinds {
		m.alerts.WithLabelValues(kind, AlertSent)
		m.alerts.WithLabelValues(kind, AlertFailed)
	}
}

// Alert counts one message of a kind.
func (m *Metrics) Alert(kind, result string) {
	if m == nil {
		return
	}
	m.alerts.WithLabelValues(kind, result).Inc()
}

// Heartbeat counts one ping.
func (m *Metrics) Heartbeat(result string) {
	if m == nil {
		return
	}
	m.heartbeats.WithLabelValues(result).Inc()
}
