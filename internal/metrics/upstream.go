package metrics

import (
	"slices"
	"strconv"
	"time"
)

// upstreams are the values of the upstream label.
var upstreams = [...]string{"ghost", "campaignmonitor"}

// Request is one request to Ghost or Campaign Monitor.
type Request struct {
	Site     string
	Upstream string // "ghost" or "campaignmonitor"
	Op       string // the client's name of the call, never a path
	Status   int    // 0 if no answer came
	Took     time.Duration
}

func (m *Metrics) makeUpstream() {
	m.upstream = counter("upstream_requests_total", "Requests to Ghost and Campaign Monitor, by class of the answer.",
		"site", "upstream", "op", "class")
	m.upstreamDuration = histogram("upstream_request_duration_seconds", "Time until the whole answer was read.",
		[]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 60}, "upstream", "op")
}

// Upstream counts a request.
func (m *Metrics) Upstream(r Request) {
	if m == nil {
		return
	}
	upstream := knownUpstream(r.Upstream)
	m.upstream.WithLabelValues(m.site(r.Site), upstream, r.Op, class(r.Status)).Inc()
	m.upstreamDuration.WithLabelValues(upstream, r.Op).Observe(r.Took.Seconds())
}

func knownUpstream(name string) string {
	if slices.Contains(upstreams[:], name) {
		return name
	}
	return Other
}

// class is the first digit of the status, with 429 apart: it is a matter of
// pace, where the other 4xx are faults. No answer is "error".
func class(status int) string {
	switch {
	case status == 429:
		return "429"
	case status >= 100 && status < 600:
		return strconv.Itoa(status/100) + "xx"
	}
	return "error"
}
