package cli

import (
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/store"
)

// statusView is the document of status --json.
type statusView struct {
	Queue   queueView    `json:"queue"`
	Waiting int          `json:"waiting_members"`
	Workers []workerView `json:"workers"`
	Sites   []gateView   `json:"sites"`
}

type queueView struct {
	Depth         int     `json:"depth"`
	OldestSeconds float64 `json:"oldest_seconds"`
	Running       int     `json:"running"`
	Retrying      int     `json:"retrying"`
	Dead          int     `json:"dead_letters"`
}

type workerView struct {
	ID          string    `json:"id"`
	Host        string    `json:"host"`
	PID         int       `json:"pid"`
	Concurrency int       `json:"concurrency"`
	Running     int       `json:"running"`
	StartedAt   time.Time `json:"started_at"`
	HeartbeatAt time.Time `json:"heartbeat_at"`
}

// gateView is a site; Since is null while it is open.
type gateView struct {
	Name   string     `json:"name"`
	Gate   string     `json:"gate"`
	Reason string     `json:"reason"`
	Since  *time.Time `json:"since"`
	// CatchUp is null before the first.
	CatchUp *catchUpView `json:"catch_up"`
}

func viewStatus(o program.Overview) statusView {
	v := statusView{
		Queue: queueView{
			Depth: o.Queue.Depth, OldestSeconds: o.Queue.Oldest.Truncate(time.Second).Seconds(), Running: o.Queue.Running,
			Retrying: o.Queue.Retrying, Dead: o.Queue.Dead,
		},
		Waiting: o.Inbox.Members, Workers: []workerView{}, Sites: []gateView{},
	}
	for _, w := range o.Workers {
		v.Workers = append(v.Workers, viewWorker(w))
	}
	for _, s := range o.Sites {
		site := viewGate(s.Name, s.Gate)
		site.CatchUp = viewCatchUp(s.CatchUp)
		v.Sites = append(v.Sites, site)
	}
	return v
}

func viewWorker(w jobs.Worker) workerView {
	return workerView{
		ID: w.ID, Host: w.Host, PID: w.PID, Concurrency: w.Concurrency, Running: w.Running,
		StartedAt: w.StartedAt.UTC(), HeartbeatAt: w.HeartbeatAt.UTC(),
	}
}

func viewGate(site string, g store.Gate) gateView {
	if g.Open {
		return gateView{Name: site, Gate: "open"}
	}
	since := g.Since.UTC()
	v := gateView{Name: site, Gate: "breaker", Reason: g.Reason, Since: &since}
	if g.Paused {
		v.Gate = "paused"
	}
	return v
}
