package server

import (
	"encoding/json"
	"net/http"
	"time"
)

// stalledAfter is how old a waiting job may get, with no worker living, before
// that is no restart any more.
const stalledAfter = 30 * time.Second

// lateAfter is how old a waiting job may get while workers live. It is told,
// but is no fault: a large burst is worked off at the pace Campaign Monitor allows.
const lateAfter = 5 * time.Minute

const (
	statusHealthy  = "healthy"
	statusDegraded = "degraded"
	statusLate     = "late"
	statusUnknown  = "unknown"
)

// health answers /health. It is degraded, with 503, when Redis does not answer,
// or when members or jobs wait and no worker lives to take them, also while the
// jobs wait for a time. Old jobs with living workers, paused sites, open breakers
// and a filled spool are told, but leave it healthy: restarting or taking out the
// server would mend none of them.
type health struct {
	vitals *probe
	sites  []string
	now    func() time.Time
}

type healthAnswer struct {
	Status    string   `json:"status"`
	Timestamp string   `json:"timestamp"` // RFC 3339, UTC
	Checks    checks   `json:"checks"`
	Sites     []string `json:"configured_sites"`
}

// checks has null for a number that only Redis knows while Redis does not answer.
type checks struct {
	Redis    string     `json:"redis"`
	Queue    queueCheck `json:"queue"`
	Workers  *int       `json:"workers"`
	Spool    int        `json:"spool"`
	Waiting  *int       `json:"waiting_members"`
	Retrying *int       `json:"retrying"`
	Dead     *int       `json:"dead_letters"`
	Paused   []string   `json:"paused_sites"`
	Broken   []string   `json:"open_breakers"`
}

// queueCheck has the age of the job that waits longest for a worker.
type queueCheck struct {
	Status string   `json:"status"`
	Depth  *int     `json:"depth"`
	Oldest *float64 `json:"oldest_seconds"`
}

func (h *health) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	vitals, err := h.vitals.read()
	answer := healthAnswer{
		Status:    statusHealthy,
		Timestamp: h.now().UTC().Format(time.RFC3339),
		Checks:    check(vitals, err),
		Sites:     orEmpty(h.sites),
	}
	status := http.StatusOK
	if answer.Checks.Redis != statusHealthy || answer.Checks.Queue.Status == statusDegraded {
		answer.Status, status = statusDegraded, http.StatusServiceUnavailable
	}
	writeStatus(w, status, answer)
}

func check(v Vitals, err error) checks {
	c := checks{Redis: statusHealthy, Spool: v.Spool, Paused: orEmpty(v.Paused), Broken: orEmpty(v.Broken)}
	if err != nil || v.Unread {
		c.Redis, c.Queue.Status = statusDegraded, statusUnknown
		return c
	}
	oldest := v.Oldest.Seconds()
	c.Queue = queueCheck{Status: queueStatus(v), Depth: &v.Depth, Oldest: &oldest}
	c.Workers, c.Waiting, c.Retrying, c.Dead = &v.Workers, &v.Waiting, &v.Retrying, &v.Dead
	return c
}

func queueStatus(v Vitals) string {
	switch {
	case v.Workers == 0 && hasWork(v) && max(v.Oldest, v.WaitingOldest) >= stalledAfter:
		return statusDegraded
	case v.Depth > 0 && v.Oldest >= lateAfter:
		return statusLate
	}
	return statusHealthy
}

// hasWork also counts what waits for a time: a job that is put off again and
// again for a shut gate is in no queue, and its member in the inbox.
func hasWork(v Vitals) bool { return v.Depth > 0 || v.Retrying > 0 || v.Waiting > 0 }

// orEmpty makes an absent list [] instead of null.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// ready answers /readyz: whether webhooks can be taken, by Redis or by the spool.
type ready struct{ vitals *probe }

func (h *ready) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	vitals, err := h.vitals.read()
	if err != nil && !vitals.SpoolReady {
		writeStatus(w, http.StatusServiceUnavailable, map[string]string{"status": "not_ready"})
		return
	}
	writeStatus(w, http.StatusOK, map[string]string{"status": "ready"})
}

// alive answers /livez: whoever gets this answer has met a living process.
func alive(w http.ResponseWriter, _ *http.Request) {
	writeStatus(w, http.StatusOK, map[string]string{"status": "alive"})
}

func writeStatus(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only if the client is gone
}
