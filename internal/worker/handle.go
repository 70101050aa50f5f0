package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// attempt is one run of a job.
type attempt struct {
	*Worker
	site  *site
	job   jobs.Job
	begun time.Time

	gate  store.Gate
	lease *store.Lease
	taken store.Taken
	paid  bool // the rate slot of the next call is paid for
	calls int
}

// errNewer says that an event came while the job ran: its facts are still in
// the inbox.
var errNewer = errors.New("a newer event came meanwhile")

// errVanishing protects a list from a Ghost that is not its own.
var errVanishing = errors.New("ghost no longer knows this member, and today's bound for removals that no webhook announced is reached; " +
	"check SITEN_GHOST_URL, then replay")

// handle runs a job until no newer event is left in the member's inbox.
func (w *Worker) handle(ctx context.Context, job jobs.Job) error {
	s, ok := w.sites[job.Site]
	if !ok {
		return jobs.WithCode(errors.New("the site is not configured here; add it, or drop this dead letter"), "config:unknown_site")
	}
	if !w.share.enter(ctx, job.Site) {
		return w.postpone(ctx, job, sharedRetry, "share")
	}
	defer w.share.leave(job.Site)
	a := &attempt{Worker: w, site: s, job: job, paid: !job.Slot.IsZero()}
	pace := s.Pace
	if a.paid {
		pace = store.Pace{}
	}
	gate, slot, err := w.Store.Pass(ctx, job.Site, pace)
	switch {
	case err != nil:
		return err
	case !gate.Open:
		return w.postpone(ctx, job, gate.Wait, "gate")
	case slot > 0:
		return w.awaitSlot(ctx, job, slot)
	}
	a.gate = gate
	for range 3 {
		if err := a.locked(ctx); !errors.Is(err, errNewer) {
			return err
		}
	}
	return w.postpone(ctx, job, 0, "newer")
}

// postpone puts a job off that has taken nothing yet.
func (w *Worker) postpone(ctx context.Context, job jobs.Job, d time.Duration, why string) error {
	if err := w.leave(ctx, job, d, why); err != nil {
		return err
	}
	return jobs.Snooze(d)
}

// awaitSlot puts a job off until the slot that was taken for it.
func (w *Worker) awaitSlot(ctx context.Context, job jobs.Job, d time.Duration) error {
	if err := w.leave(ctx, job, d, "slot"); err != nil {
		return err
	}
	return jobs.SnoozeUntilSlot(w.Now().Add(d))
}

func (w *Worker) leave(ctx context.Context, job jobs.Job, d time.Duration, why string) error {
	w.Log.DebugContext(ctx, "member.waiting", append(about(job), "why", why, "for", d.String())...)
	return w.Store.Release(ctx, store.Release{Site: job.Site, ID: job.Key, Why: store.ForSlot, Due: w.Now().Add(d), Job: again(job)})
}

// locked takes the member's lock and what waits for it, and works on that.
func (a *attempt) locked(ctx context.Context) (err error) {
	lease, free, err := a.Store.Lock(ctx, a.site.Name, a.job.Key, leaseFor)
	if err != nil {
		return err
	}
	if !free {
		return jobs.Snooze(lockedRetry)
	}
	a.lease, a.begun = lease, a.Now()
	defer func() { // also when the job's time is over
		_ = lease.Unlock(context.WithoutCancel(ctx)) // failing that, it ends by itself
	}()
	taken, found, err := a.Store.Take(ctx, a.site.Name, a.job.Key, leaseFor)
	if err != nil || !found {
		return err
	}
	a.taken = taken
	settled := false
	defer func() {
		if !settled { // failed, or panics
			err = errors.Join(err, a.putBack(context.WithoutCancel(ctx), err))
		}
	}()
	err = a.work(ctx)
	settled = err == nil || errors.Is(err, errNewer)
	return err
}

// work finds out what is known of the member and carries the case through.
func (a *attempt) work(ctx context.Context) error {
	in, err := a.input(ctx)
	if err != nil {
		return err
	}
	keys := in.Keys()
	free, err := a.lease.LockAddresses(ctx, a.site.Name, keys, leaseFor)
	if err != nil {
		return err
	}
	if !free {
		return jobs.Snooze(lockedRetry)
	}
	if in.Addresses, err = a.Store.Addresses(ctx, a.site.Name, keys); err != nil {
		return err
	}
	return a.carry(ctx, member.New(in))
}

// input gathers what the case is decided from.
func (a *attempt) input(ctx context.Context) (in member.Input, err error) {
	in = member.Input{Entry: a.taken.Entry, Policy: a.site.Policy, Now: a.Now()}
	if in.Memory, err = a.Store.Memory(ctx, a.site.Name, a.job.Key); err != nil {
		return in, err
	}
	if in.Fresh, in.Gone, err = a.reread(ctx, in); err != nil {
		return in, err
	}
	in.Layout, err = a.layout(ctx)
	return in, err
}

// reread asks Ghost for the member: a webhook is a hint, it may be late or show
// an empty state. A signed delete needs no asking.
func (a *attempt) reread(ctx context.Context, in member.Input) (fresh *member.Facts, gone bool, err error) {
	deleted := in.Entry.DeletedAt != 0 || in.Memory.DeletedAt != 0 && !in.Memory.Vanished
	if a.site.Ghost == nil || deleted {
		return nil, false, nil
	}
	facts, err := a.site.Ghost.Member(ctx, a.job.Key)
	if err == nil {
		return &facts, false, a.succeeded(ctx, upstreamGhost)
	}
	if !errors.Is(err, ghost.ErrNotFound) {
		return nil, false, a.ghostFailed(ctx, err)
	}
	if err := a.succeeded(ctx, upstreamGhost); err != nil { // it answered
		return nil, false, err
	}
	if in.Memory.Vanished {
		return nil, true, nil
	}
	allowed, err := a.Store.AllowVanished(ctx, a.site.Name, a.job.Key)
	if err != nil {
		return nil, false, err
	}
	if !allowed {
		return nil, false, jobs.WithCode(jobs.Permanent(errVanishing), "ghost:404")
	}
	return nil, true, nil
}

// carry does step after step until the case ends.
func (a *attempt) carry(ctx context.Context, c *member.Case) error {
	const maxSteps = 20
	for range maxSteps {
		step := c.Next()
		switch step.Action {
		case member.Finish:
			return a.finish(ctx, c, step.Outcome)
		case member.Wait:
			if err := a.Store.Save(ctx, a.site.Name, c, a.lease); err != nil {
				return err
			}
			return jobs.Snooze(step.For)
		case member.Reject:
			return jobs.WithCode(jobs.Permanent(fmt.Errorf("not written: %s", step.Outcome)), "member:"+string(step.Outcome))
		}
		if err := a.do(ctx, c, step); err != nil {
			return err
		}
	}
	return fmt.Errorf("the case of this member did not end in %d steps", maxSteps)
}

// do carries out one step. A call that fails quickly, for no lasting reason, is
// tried a second time at once: a case of several calls would otherwise start
// over for each hiccup.
func (a *attempt) do(ctx context.Context, c *member.Case, step member.Step) error {
	if err := a.pace(ctx); err != nil {
		return err
	}
	c.Begin(step)
	began := a.Now()
	result, err := a.send(ctx, c, step)
	if campaignmonitor.KindOf(err) == campaignmonitor.Transient && a.Now().Sub(began) < quickly {
		if err := sleep(ctx, secondTry); err != nil {
			return err
		}
		result, err = a.send(ctx, c, step)
	}
	if err != nil {
		return a.listFailed(ctx, err)
	}
	c.Learn(step, result)
	return a.succeeded(ctx, upstreamList)
}

const (
	quickly   = 2 * time.Second
	secondTry = 500 * time.Millisecond
)

// send makes the call, after what must be durable before it.
func (a *attempt) send(ctx context.Context, c *member.Case, step member.Step) (member.Result, error) {
	if step.Action.Writes() {
		// Last before sending: a worker that lost its lease must not write.
		if err := a.Store.Save(ctx, a.site.Name, c, a.lease); err != nil {
			return member.Result{}, err
		}
	}
	a.calls++
	return a.call(ctx, step)
}

// finish keeps what was learned and clears the inbox of what was applied.
func (a *attempt) finish(ctx context.Context, c *member.Case, outcome member.Outcome) error {
	if err := a.Store.Save(ctx, a.site.Name, c, a.lease); err != nil {
		return err
	}
	cleared, err := a.Store.Complete(ctx, a.site.Name, a.job.Key, a.taken.Version)
	if err != nil {
		return err
	}
	a.report(ctx, c, outcome)
	if a.paid && cleared {
		if err := a.Store.Refund(ctx, a.site.Name, a.site.Pace); err != nil {
			return err
		}
	}
	if !cleared {
		return errNewer
	}
	return nil
}

func (a *attempt) report(ctx context.Context, c *member.Case, outcome member.Outcome) {
	now := a.Now()
	a.Metrics.MemberOutcome(a.site.Name, string(outcome))
	record := append(about(a.job), "event_ids", a.taken.Events, "outcome", string(outcome),
		"email_hash", member.AddressHash(c.Memory.Email), "calls", a.calls, "took_ms", now.Sub(a.begun).Milliseconds())
	if sent := a.taken.Entry.SentAt; sent > 0 {
		lag := now.Sub(time.UnixMilli(sent))
		a.Metrics.EventWritten(a.site.Name, lag)
		record = append(record, "lag_ms", lag.Milliseconds())
	}
	a.Log.InfoContext(ctx, "member.done", record...)
}
