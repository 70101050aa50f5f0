package reconcile

import (
	"context"
	"time"
)

// How often Settle looks, and after how long without any progress it gives up:
// the site may be paused, or there is no worker.
const (
	settleEvery  = 250 * time.Millisecond
	settleWithin = 2 * time.Minute
)

// Settle waits until the workers have done what the run handed over, and fills in
// what came of it. Members that wait for a retry, which may be hours away, are
// not waited for; nor are any once nothing has moved for two minutes.
func (e *Engine) Settle(ctx context.Context, r *Report, onProgress func(Progress)) error {
	left, moved := r.handed, e.Now()
	done, dead := 0, 0
	for {
		p, err := e.Store.Pending(ctx, r.Site, left)
		if err != nil {
			return err
		}
		if p.Done+p.Dead > 0 {
			moved = e.Now()
		}
		done, dead, left = done+p.Done, dead+p.Dead, p.Left
		r.HandedDone, r.HandedFailed, r.HandedWaiting = done, dead, len(left)
		if onProgress != nil {
			onProgress(Progress{Phase: Queue, Done: done + dead, Total: len(r.handed)})
		}
		if p.Waiting == 0 || e.Now().Sub(moved) > settleWithin {
			return nil
		}
		if err := sleep(ctx, settleEvery); err != nil {
			return err
		}
	}
}
