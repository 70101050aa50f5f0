package worker

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

const (
	sweepEvery = 5 * time.Second
	sweepBatch = 500
	// settleFor is how long a new process waits before it calls anything lost.
	settleFor   = 30 * time.Second
	passOverFor = 10 * time.Minute
)

// Sweep pushes new jobs for entries whose job was lost, and calls back jobs that
// missed the opening of their site's gate, until ctx ends. Every worker process
// may run it.
func (w *Worker) Sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	started := w.Now()
	for {
		err := w.callBack(ctx)
		n, sweepErr := 0, error(nil)
		if w.Now().Sub(started) > settleFor {
			n, sweepErr = w.SweepOnce(ctx)
		}
		if err := errors.Join(err, sweepErr); err != nil && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "sweep.failed", "reason", err.Error())
		} else if n > 0 {
			w.Log.WarnContext(ctx, "sweep.requeued", "jobs", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (w *Worker) callBack(ctx context.Context) error {
	names := slices.Collect(maps.Keys(w.sites))
	reopened, err := w.Store.Reopened(ctx, names)
	for _, name := range reopened {
		_, failed := w.Queue.Expedite(ctx, name)
		err = errors.Join(err, failed)
	}
	return err
}

// SweepOnce looks once. An entry is overdue when its time is well past and its
// job cannot be in the queue any more, because the queue, first in first out, is
// already at younger jobs.
func (w *Worker) SweepOnce(ctx context.Context) (requeued int, err error) {
	late, err := w.Queue.Late(ctx)
	if err != nil || late > 0 { // the job layer is catching up: what seems lost may come
		return 0, err
	}
	overdue, err := w.Store.Overdue(ctx, w.Now().Add(-overdueFor), sweepBatch)
	if err != nil || len(overdue) == 0 {
		return 0, err
	}
	oldest, queued, err := w.Queue.OldestQueuedAt(ctx)
	if err != nil {
		return 0, err
	}
	for _, o := range overdue {
		if w.sites[o.Site] == nil {
			// It is for processes that know the site; here it is only in the way.
			if err := w.Store.PassOver(ctx, o, w.Now().Add(passOverFor)); err != nil {
				return requeued, err
			}
			continue
		}
		if queued && !oldest.After(o.Due.Add(2*time.Second)) {
			continue
		}
		job := encode(jobs.Spec{Kind: KindMember, Site: o.Site, Key: o.ID})
		pushed, err := w.Store.Requeue(ctx, o, job)
		if err != nil {
			return requeued, err
		}
		if pushed {
			requeued++
		}
	}
	if requeued > 0 {
		w.Queue.Wake()
	}
	return requeued, nil
}
