package entitlement

import (
	"context"
	"errors"
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
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	s := &sweeper{Flow: f, started: f.Now()}
	for {
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			f.Log.WarnContext(ctx, "payment_sweep.failed", "reason", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// sweeper is what one process remembers from round to round.
type sweeper struct {
	*Flow
	started time.Time
	settled bool      // the settings that this process has were applied
	rearmed time.Time // when dead letters are looked at next
}

// round looks once. A fault of one task does not keep the others from theirs.
func (s *sweeper) round(ctx context.Context) error {
	var errs []error
	if !s.settled {
		err := s.ApplySettings(ctx)
		s.settled = err == nil
		errs = append(errs, err)
	}
	errs = append(errs, s.SweepDue(ctx))
	if s.Now().Sub(s.started) > settleFor {
		errs = append(errs, s.SweepLost(ctx))
	}
	if now := s.Now(); !now.Before(s.rearmed) {
		_, err := s.Rearm(ctx)
		// Reading many dead letters takes a while, and members' may be many.
		s.rearmed = now.Add(max(rearmEvery, 50*s.Now().Sub(now)))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
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
