package worker

import (
	"context"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

// shortWait is how long a worker may be held for a rate slot.
const shortWait = 100 * time.Millisecond

// pace takes the rate slot of the next call. The first call of a job waits for
// its slot, longer than a moment outside of the worker; the calls after it are
// only counted, so that later jobs wait the longer.
func (a *attempt) pace(ctx context.Context) error {
	if a.paid {
		a.paid = false
		return nil
	}
	wait, err := a.Store.Reserve(ctx, a.site.Name, a.site.Pace)
	if err != nil || a.calls > 0 || wait == 0 || a.gate.Probe { // a probe must not queue behind what waits for it
		return err
	}
	if wait > shortWait {
		return jobs.SnoozeUntilSlot(a.Now().Add(wait))
	}
	return sleep(ctx, wait)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return jobs.Snooze(0)
	}
}
