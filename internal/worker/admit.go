package worker

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// attempt is one run of a job.
type attempt struct {
	*Worker
	site  *site
	job   jobs.Job
	begun time.Time

	shares bool // counted in as one of its site's jobs

	gate  store.Gate
	tried map[string]bool // upstreams that answered, or failed to
	paid  bool            // the rate slot of the next call is paid for
	lease *store.Lease
	taken store.Taken
	wrote bool // a write was sent
	calls int
}

// errNewer says that an event came while the job ran: its facts are still in
// the inbox.
var errNewer = errors.New("a newer event came meanwhile")

// errNoSite is the fate of jobs of a site that was taken out of the
// configuration, or that only newer processes know.
var errNoSite = errors.New("the site is not configured here; add it, or drop this dead letter")

// slotFor is how late a job may use its rate slot. The slots that workers slept
// through would else all be used at once.
const slotFor = 5 * time.Second

func (w *Worker) attempt(job jobs.Job) *attempt {
	a := &attempt{Worker: w, site: w.sites[job.Site], job: job, tried: map[string]bool{}}
	a.paid = !job.Slot.IsZero() && w.Now().Sub(job.Slot) < slotFor
	return a
}

// handle runs a job until no newer event is left in the member's inbox.
func (w *Worker) handle(ctx context.Context, job jobs.Job) error {
	a := w.attempt(job)
	if a.site == nil {
		return a.strand(ctx)
	}
	defer a.leaveShare()
	for range 3 {
		if err := a.once(ctx); !errors.Is(err, errNewer) {
			return err
		}
	}
	return a.postpone(ctx, 0, "newer")
}

// once lets the job pass, takes what waits for the member, and works on that.
func (a *attempt) once(ctx context.Context) (err error) {
	bare := context.WithoutCancel(ctx) // what must be given back, also when the job's time is over
	defer func() { err = errors.Join(err, a.giveBack(bare)) }()
	pace := a.site.Pace
	if a.paid {
		pace = store.Pace{}
	}
	begun, err := a.Store.Begin(ctx, a.site.Name, a.job.Key, a.job.Address, pace, leaseFor)
	if begun.Found {
		defer func() { _ = begun.Lease.Unlock(bare) }() // failing that, it ends by itself
	}
	if err != nil {
		return err
	}
	a.gate = begun.Gate
	if err := a.admit(ctx, begun); err != nil || !begun.Found {
		return err
	}
	a.lease, a.taken, a.begun, a.wrote = begun.Lease, begun.Taken, a.Now(), false
	return a.carried(ctx)
}

// admit puts the job off where something stands in its way.
func (a *attempt) admit(ctx context.Context, b store.Begun) error {
	switch {
	case !b.Gate.Open:
		a.paid = false // what comes first then is the next probe
		a.reportWait(b.Gate)
		return a.postpone(ctx, b.Gate.Wait, "gate")
	case b.Gate.Held > 0:
		a.paid = false
		return a.postpone(ctx, b.Gate.Held, "held back")
	case b.Slot > 0:
		if err := a.leave(ctx, b.Slot, "slot"); err != nil {
			return err
		}
		return jobs.SnoozeUntilSlot(a.Now().Add(b.Slot))
	case b.Busy:
		return a.later(lockedRetry)
	case b.Found && !a.enterShare(ctx):
		return a.postpone(ctx, sharedRetry+rand.N(sharedRetry), "share") //nolint:gosec // it spreads load and guards nothing
	}
	return nil
}

// enterShare counts the job in, unless its site has its part of the workers.
func (a *attempt) enterShare(ctx context.Context) bool {
	a.shares = a.shares || a.share.enter(ctx, a.job.Site)
	return a.shares
}

func (a *attempt) leaveShare() {
	if a.shares {
		a.share.leave(a.job.Site)
	}
}

// postpone puts off a job that has taken nothing yet.
func (a *attempt) postpone(ctx context.Context, d time.Duration, why string) error {
	if err := a.leave(ctx, d, why); err != nil {
		return err
	}
	return a.later(d)
}

// later comes back after d, with the rate slot if it is paid for.
func (a *attempt) later(d time.Duration) error {
	if !a.paid {
		return jobs.Snooze(d)
	}
	a.paid = false
	return jobs.SnoozeUntilSlot(a.Now().Add(d))
}

func (a *attempt) leave(ctx context.Context, d time.Duration, why string) error {
	a.Log.DebugContext(ctx, "member.waiting", append(about(a.job), "why", why, "for", d.String())...)
	if a.job.Kind != KindMember { // the entry is another job's
		return nil
	}
	return a.Store.Release(ctx, store.Release{
		Site: a.job.Site, ID: a.job.Key, Why: store.ForSlot, Due: a.Now().Add(d), Job: again(a.job),
	})
}

// strand keeps the entry of a job whose site is not known here until its next
// attempt, or for a replay.
func (a *attempt) strand(ctx context.Context) error {
	err := jobs.WithCode(errNoSite, "config:unknown_site")
	return errors.Join(err, a.putBack(ctx, err))
}

// giveBack returns what was taken and not used: a rate slot, and the probe of a
// closed gate by a job that never met the upstream in question.
func (a *attempt) giveBack(ctx context.Context) error {
	var err error
	if a.paid {
		a.paid = false
		err = a.Store.Refund(ctx, a.site.Name, a.site.Pace)
	}
	if a.gate.Probe && !a.tried[a.gate.Upstream] {
		err = errors.Join(err, a.Store.ReturnProbe(ctx, a.site.Name))
	}
	return err
}
