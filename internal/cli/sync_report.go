package cli

import (
	"maps"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// runView is one site's run in --json.
type runView struct {
	Type        string         `json:"type,omitempty"` // run, in NDJSON
	Site        string         `json:"site"`
	RunID       string         `json:"run_id"`
	DryRun      bool           `json:"dry_run"`
	Resumed     bool           `json:"resumed"`
	Members     int            `json:"members"`
	Subscribers int            `json:"subscribers"`
	Counts      map[string]int `json:"counts"`  // every kind
	Skipped     map[string]int `json:"skipped"` // by reason
	Handed      handedView     `json:"handed"`
	Held        int            `json:"held"`         // removals left undone: too many
	NotInGhost  int            `json:"not_in_ghost"` // active, and left alone without --prune
	Failed      int            `json:"failed"`
	Calls       int            `json:"calls"` // to Campaign Monitor
	BeganAt     *time.Time     `json:"began_at"`
	EndedAt     *time.Time     `json:"ended_at"`
	Journal     string         `json:"journal,omitempty"`
	Error       string         `json:"error,omitempty"`
	ExitCode    int            `json:"exit_code"`

	changed int // how many changes were made, or planned
}

// handedView is what was handed over to the queue, and what became of it.
type handedView struct {
	Total   int `json:"total"`
	Done    int `json:"done"`
	Failed  int `json:"failed"`
	Waiting int `json:"waiting"` // for a retry
}

func viewRun(site string, r reconcile.Report) runView {
	v := runView{
		Site: site, RunID: r.RunID, DryRun: r.DryRun, Resumed: r.Resumed, Members: r.Members, Subscribers: r.Subscribers,
		Counts: map[string]int{}, Skipped: map[string]int{}, Failed: r.Failed, Calls: r.Calls,
		Handed: handedView{Total: r.Handed, Done: r.HandedDone, Failed: r.HandedFailed, Waiting: r.HandedWaiting},
		Held:   r.Held, NotInGhost: r.NotInGhost, changed: r.Changed(),
		BeganAt: known(r.Began), EndedAt: known(r.Ended), Journal: r.Journal,
	}
	for _, kind := range reconcile.Kinds() {
		v.Counts[string(kind)] = r.Counts[kind]
	}
	for reason, n := range r.Skipped {
		v.Skipped[string(reason)] = n
	}
	return v
}

// rows are the counts that are not zero: site, what, how many, why.
func (v runView) rows() (rows [][]string) {
	add := func(what string, n int, why string) {
		if n > 0 {
			rows = append(rows, []string{v.Site, what, count(n), dash(why)})
		}
	}
	for _, kind := range reconcile.Kinds() {
		if kind != reconcile.Skip {
			add(string(kind), v.Counts[string(kind)], "")
			continue
		}
		for _, reason := range slices.Sorted(maps.Keys(v.Skipped)) {
			add(string(kind), v.Skipped[reason], reason)
		}
	}
	add("left alone", v.NotInGhost, "not in Ghost, see --prune")
	add("by the queue", v.Handed.Done, "done")
	add("by the queue", v.Handed.Failed, "failed, see ghostcm dlq list")
	add("by the queue", v.Handed.Waiting, "waiting, see ghostcm status")
	if rows == nil {
		rows = [][]string{{v.Site, string(reconcile.Unchanged), "0", "-"}}
	}
	return rows
}
