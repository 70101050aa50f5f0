package worker

import (
	"context"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
)

// shortWait is how long a worker may be held for a rate slot.
const shortWait = 100 * time.Millisecond

// ready takes the rate slot of a call and saves what must be durable before it.
// The first call of a job waits for its slot, longer than a moment outside of the
// worker; the calls after it are only counted, so that later jobs wait the longer.
func (a *attempt) ready(ctx context.Context, c *member.Case, step member.Step) error {
	wait, err := a.prepare(ctx, c, step)
	if err != nil || a.calls > 0 || wait == 0 || a.gate.Probe { // a probe must not queue behind what waits for it
		return err
	}
	if wait > shortWait {
		return jobs.SnoozeUntilSlot(a.Now().Add(wait))
	}
	return sleep(ctx, wait)
}

// prepare saves the case last before a write is sent: a worker that lost its
// lease must not write.
func (a *attempt) prepare(ctx context.Context, c *member.Case, step member.Step) (wait time.Duration, err error) {
	writes := step.Action.Writes()
	switch {
	case a.paid && writes:
		a.paid = false
		return 0, a.Store.Save(ctx, a.site.Name, c, a.lease)
	case a.paid:
		a.paid = false
		return 0, nil
	case writes:
		return a.Store.Prepare(ctx, a.site.Name, c, a.lease, a.site.Pace)
	}
	return a.Store.Reserve(ctx, a.site.Name, a.site.Pace)
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
