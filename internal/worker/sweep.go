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
)

// Sweep pushes new jobs for entries whose job was lost, and calls back jobs that
// missed the opening of their site's gate, until ctx ends. Every worker process
// may run it.
func (w *Worker) Sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		err := w.callBack(ctx)
		n, sweepErr := w.SweepOnce(ctx)
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
	overdue, err := w.Store.Overdue(ctx, w.Now().Add(-overdueFor), sweepBatch)
	if err != nil || len(overdue) == 0 {
		return 0, err
	}
	oldest, queued, err := w.Queue.OldestQueuedAt(ctx)
	if err != nil {
		return 0, err
	}
	for _, o := range overdue {
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
