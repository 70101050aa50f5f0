package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// resumable is how long after its beginning a run that was cut short is gone on
// with.
const resumable = 24 * time.Hour

// progressOf is what a checkpoint keeps beside the cursor.
type progressOf struct {
	Counts  map[Kind]int   `json:"counts"`
	Skipped map[Reason]int `json:"skipped"`
	Failed  int            `json:"failed"`
	// Rewalk is whether what lies before the cursor has to be seen again: to know
	// who is not in Ghost, or for what is done at the end. It costs reading alone:
	// what was done is found done.
	Rewalk bool `json:"rewalk"`
}

// checkpoint keeps how far the run is.
func (r *run) checkpoint(ctx context.Context, cursor string) error {
	if r.lock == nil || r.partial {
		return nil
	}
	r.mu.Lock()
	p := progressOf{
		Counts: r.report.Counts, Skipped: r.report.Skipped, Failed: r.report.Failed,
		Rewalk: r.req.Prune || r.req.Scheduled || r.req.OptOuts || len(r.later) > 0,
	}
	counts, err := json.Marshal(p)
	r.mu.Unlock()
	if err != nil {
		return fmt.Errorf("keeping a checkpoint: %w", err)
	}
	return r.lock.Checkpoint(ctx, store.Checkpoint{
		RunID: r.report.RunID, Cursor: cursor, Options: r.req.fingerprint(r.layout), Began: r.report.Began, Counts: counts,
	})
}

// resume finds where an earlier run of the same kind was cut short, and returns
// the id behind which to go on.
func (r *run) resume(ctx context.Context) (after string, err error) {
	if r.lock == nil {
		return "", nil
	}
	c, found, err := r.lock.Resume(ctx)
	if err != nil || !found || c.Options != r.req.fingerprint(r.layout) || r.Now().Sub(c.Began) > resumable || !namesFile(c.RunID) {
		return "", err
	}
	var p progressOf
	if err := json.Unmarshal(c.Counts, &p); err != nil {
		return "", nil //nolint:nilerr // of another version: the run begins anew, which does no harm
	}
	r.counted(func(report *Report) { report.Resumed, report.RunID = true, c.RunID })
	r.nameJournal("")
	if p.Rewalk {
		return "", nil
	}
	r.behind = c.Cursor != ""
	r.counted(func(report *Report) {
		report.Failed = p.Failed
		for kind, n := range p.Counts {
			report.Counts[kind] = n
			report.Members += n
		}
		for reason, n := range p.Skipped {
			report.Skipped[reason] = n
		}
	})
	return c.Cursor, nil
}
