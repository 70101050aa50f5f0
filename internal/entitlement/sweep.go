package entitlement

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

const (
	sweepEvery = 5 * time.Second
	sweepBatch = 200
	// settleFor is how long a new process waits before it calls anything lost.
	settleFor = 30 * time.Second
)

// Sweep has done what is due by time, what was lost, and what may go on since a
// setting changed or Ghost is back, until ctx ends. Every worker process may run it.
func (f *Flow) Sweep(ctx context.Context) {
	started := f.Now()
	var tasks sync.WaitGroup
	// Each by itself: settings and dead letters may have to ask providers and Ghosts that
	// hang, and no timer is to wait for that.
	for _, t := range []task{f.raiseDead, func(ctx context.Context) (time.Duration, error) { return f.look(ctx, started) }} {
		tasks.Go(func() { f.repeat(ctx, t) })
	}
	tasks.Go(func() {
		f.repeat(ctx, f.settleIn)
		f.repeat(ctx, f.review)
	})
	tasks.Wait()
}

// task is done once, and says when to do it again; zero is never.
type task func(ctx context.Context) (next time.Duration, err error)

func (f *Flow) repeat(ctx context.Context, do task) {
	for {
		next, err := do(ctx)
		if err != nil && ctx.Err() == nil {
			f.Log.WarnContext(ctx, "payment_sweep.failed", "reason", err.Error())
		}
		if next == 0 {
			return
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// settleIn applies the settings that this process has, once.
func (f *Flow) settleIn(ctx context.Context) (next time.Duration, err error) {
	if err := f.ApplySettings(ctx); err != nil {
		return sweepEvery, err
	}
	return 0, nil
}

// raiseDead looks at dead letters. Reading many takes a while, and members' may be many.
func (f *Flow) raiseDead(ctx context.Context) (next time.Duration, err error) {
	begun := f.Now()
	_, err = f.Rearm(ctx)
	return min(max(rearmEvery, 50*f.Now().Sub(begun)), rearmAtLeast), err
}

// look finds what is due and what was lost. A fault of one does not keep the other.
func (f *Flow) look(ctx context.Context, started time.Time) (next time.Duration, err error) {
	err = f.SweepDue(ctx)
	if f.Now().Sub(started) > settleFor {
		err = errors.Join(err, f.SweepLost(ctx))
	}
	return sweepEvery, err
}

// SweepDue pushes a job for each entitlement whose time has come: its period or
// grace ends, a comp that was given by hand does, or its last job was lost. Until
// that job has looked at it, it is due again.
func (f *Flow) SweepDue(ctx context.Context) error {
	due, err := f.Store.ClaimDue(ctx, f.Now().Add(lostAfter), sweepBatch)
	if err != nil {
		return err
	}
	for _, ref := range due {
		if f.sites[ref.Site] == nil { // it is for processes that know the site
			if err := f.Store.SetDue(ctx, ref.Site, ref.ID, f.Now().Add(passOverFor)); err != nil {
				return err
			}
			continue
		}
		if err := f.enqueueAccess(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

// passOverFor is how long what another process has to do is left alone.
const passOverFor = 10 * time.Minute

func (f *Flow) enqueueAccess(ctx context.Context, ref store.Ref) error {
	_, err := f.Queue.Enqueue(ctx, jobs.Spec{Kind: KindAccess, Site: ref.Site, Key: ref.ID})
	return err
}

// SweepLost pushes new jobs for deliveries whose job was lost: their time is well
// past, and the queue, first in first out, is already at younger jobs.
func (f *Flow) SweepLost(ctx context.Context) error {
	late, err := f.Queue.Late(ctx)
	if err != nil || late > 0 { // the job layer is catching up: what seems lost may come
		return err
	}
	before := f.Now().Add(-lostAfter)
	oldest, queued, err := f.Queue.OldestQueuedAt(ctx)
	if err != nil {
		return err
	}
	if queued && oldest.Before(before.Add(2*time.Second)) {
		before = oldest.Add(-2 * time.Second)
	}
	lost, err := f.Store.ClaimDeliveries(ctx, before, f.Now().Add(lostAfter), sweepBatch)
	if err != nil {
		return err
	}
	for _, ref := range lost {
		if f.sites[ref.Site] == nil {
			if err := f.Store.DeferDelivery(ctx, ref.Site, ref.ID, f.Now().Add(passOverFor)); err != nil {
				return err
			}
			continue
		}
		if _, err := f.Queue.Enqueue(ctx, jobs.Spec{Kind: KindPayment, Site: ref.Site, Key: ref.ID}); err != nil {
			return err
		}
	}
	if len(lost) > 0 {
		f.Log.WarnContext(ctx, "payment_sweep.requeued", "deliveries", len(lost))
	}
	return nil
}
