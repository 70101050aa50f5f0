package metrics

import "time"

func (m *Metrics) makeWork() {
	m.jobs = counter("jobs_total", "Jobs run, by how the run ended.", "kind", "outcome")
	m.jobDuration = histogram("job_duration_seconds", "Time one run of a job took.",
		[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}, "kind")
	m.outcomes = counter("member_outcomes_total", "Decisions carried out for members.", "site", "outcome")
	m.lag = histogram("event_lag_seconds", "From Ghost's sending of a webhook to the end of the write it led to.",
		[]float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600},
		"site")
	m.deadLetters = counter("dead_letters_total", "Jobs given up for good.", "site", "kind")
}

// Job counts a run of a job. kind and outcome come from a fixed set in the code.
func (m *Metrics) Job(kind, outcome string, took time.Duration) {
	if m == nil {
		return
	}
	m.jobs.WithLabelValues(kind, outcome).Inc()
	m.jobDuration.WithLabelValues(kind).Observe(took.Seconds())
}

// MemberOutcome counts what was done for a member: "added", "changed",
// "unchanged", "skipped_opted_out" and so on, from a fixed set in the code.
func (m *Metrics) MemberOutcome(site, outcome string) {
	if m == nil {
		return
	}
	m.outcomes.WithLabelValues(m.site(site), outcome).Inc()
}

// EventWritten records how long an event took from Ghost's signed send time to
// its end in Campaign Monitor. Clocks differ between machines: less than zero
// counts as zero.
func (m *Metrics) EventWritten(site string, lag time.Duration) {
	if m == nil {
		return
	}
	m.lag.WithLabelValues(m.site(site)).Observe(max(lag, 0).Seconds())
}

// DeadLetter counts a job given up for good.
func (m *Metrics) DeadLetter(site, kind string) {
	if m == nil {
		return
	}
	m.deadLetters.WithLabelValues(m.site(site), kind).Inc()
}
