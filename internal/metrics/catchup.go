package metrics

// The results of a scheduled catch-up.
const (
	CaughtUp      = "ok"
	CatchUpFailed = "failed"
	CatchUpBusy   = "busy" // a sync had the site: tried again later
)

func (m *Metrics) makeCatchUp() {
	m.catchUps = counter("catchup_runs_total", "Scheduled catch-ups, by how they ended.", "site", "result")
	m.caughtUp = counter("catchup_changes_total", "Changes that scheduled catch-ups found and made or handed over.", "site", "kind")
	m.listWebhooks = counter("list_webhooks_total", "Webhook requests of Campaign Monitor answered, by the code of the answer.",
		"site", "result")
}

// startCatchUps makes the series of a site; kinds are those of changes.
func (m *Metrics) startCatchUps(site string, kinds []string) {
	for _, result := range []string{CaughtUp, CatchUpFailed, CatchUpBusy} {
		m.catchUps.WithLabelValues(site, result)
	}
	for _, kind := range kinds {
		m.caughtUp.WithLabelValues(site, kind)
	}
	for _, result := range []string{"accepted", "unavailable"} {
		m.listWebhooks.WithLabelValues(site, result)
	}
}

// CatchUps makes the series of the sites' catch-ups, for Sites that are known by
// then. kinds come from a fixed set in the code.
func (m *Metrics) CatchUps(kinds []string) {
	if m == nil {
		return
	}
	for site := range *m.sites.Load() {
		m.startCatchUps(site, kinds)
	}
}

// CatchUp counts a scheduled catch-up and what it changed, by kind.
func (m *Metrics) CatchUp(site, result string, changes map[string]int) {
	if m == nil {
		return
	}
	site = m.site(site)
	m.catchUps.WithLabelValues(site, result).Inc()
	for kind, n := range changes {
		m.caughtUp.WithLabelValues(site, kind).Add(float64(n))
	}
}

// ListWebhook counts a request of Campaign Monitor. Callers give only codes of
// answers as result, never input.
func (m *Metrics) ListWebhook(site, result string) {
	if m == nil {
		return
	}
	m.listWebhooks.WithLabelValues(m.site(site), result).Inc()
}
