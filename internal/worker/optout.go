package worker

import (
	"context"
	"errors"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// KindOptOut is the kind of the jobs that look whether a member has left the list
// in Campaign Monitor, and tell Ghost; their key is the id of the member.
const KindOptOut = "optout"

// What came of such a job, as metrics and records name it.
const (
	optOutTold     = "opt_out_told"     // the member's newsletters in Ghost are off now
	optOutNoted    = "opt_out_noted"    // Ghost is not to be told, or knows
	optOutNone     = "opt_out_none"     // no opt-out that would concern Ghost
	optOutNobody   = "opt_out_nobody"   // no member that we know has the subscriber
	optOutVanished = "opt_out_vanished" // the member has left Ghost
)

// How long the look is put off while events of the member wait, for a worker or
// for a retry: they come first, and may be an opt-in that is newer.
const (
	waitingRetry  = 2 * time.Second
	retryingRetry = time.Minute
)

// optOutKind is how the job layer runs these jobs. They need no inbox: what is to
// be done is read from both sides, so a job done twice does nothing the second
// time.
func (w *Worker) optOutKind() jobs.Kind {
	return jobs.Kind{
		Name: KindOptOut, Schedule: w.Retries, Timeout: jobTimeout, Handle: w.handleOptOut,
		Died: func(ctx context.Context, job jobs.Job, err error) {
			w.Metrics.DeadLetter(job.Site, KindOptOut)
			w.reportDeath(job, err)
			w.Log.ErrorContext(ctx, "optout.dead", append(about(job), "reason", err.Error())...)
		},
	}
}

func (w *Worker) handleOptOut(ctx context.Context, job jobs.Job) (err error) {
	a := w.attempt(job)
	if a.site == nil {
		return jobs.WithCode(errNoSite, "config:unknown_site")
	}
	bare := context.WithoutCancel(ctx) // what must be given back, also when the job's time is over
	defer func() { err = errors.Join(err, a.giveBack(bare), a.keepOptOut(bare, err)) }()
	defer a.leaveShare()
	if err := a.pass(ctx); err != nil {
		return err
	}
	lease, free, err := a.Store.Lock(ctx, a.site.Name, job.Key, leaseFor)
	if err != nil {
		return err
	}
	if !free {
		return a.later(lockedRetry)
	}
	a.lease, a.begun = lease, a.Now()
	defer func() { _ = lease.Unlock(bare) }() // failing that, it ends by itself
	outcome, err := a.optOut(ctx)
	if err != nil {
		return err
	}
	a.recorder.add(a.entry(outcome))
	a.Metrics.MemberOutcome(a.site.Name, outcome)
	a.Log.InfoContext(ctx, "optout.done", append(about(job), "outcome", outcome, "calls", a.calls,
		"took_ms", a.Now().Sub(a.begun).Milliseconds())...)
	return nil
}

// keepOptOut lets wishes that come before the next attempt join it.
func (a *attempt) keepOptOut(ctx context.Context, err error) error {
	wait, snoozed := jobs.SnoozedFor(err, a.Now())
	switch {
	case err == nil || !snoozed && (a.job.LastAttempt || jobs.IsPermanent(err)):
		return nil
	case !snoozed:
		a.reportRetry(err)
		wait = max(a.nextDelay(), jobs.RetryAfterOf(err))
	}
	return a.Store.KeepOptOut(ctx, a.site.Name, a.job.Key, wait)
}

// pass is the way through the site's gate of a job without an inbox entry.
func (a *attempt) pass(ctx context.Context) error {
	pace := a.site.Pace
	if a.paid {
		pace = store.Pace{}
	}
	gate, slot, err := a.Store.Pass(ctx, a.site.Name, pace)
	if err != nil {
		return err
	}
	a.gate = gate
	return a.admit(ctx, store.Begun{Gate: gate, Slot: slot, Found: true})
}

// optOut reads the member's subscriber, under the locks of both, and remembers
// what it shows before Ghost is told.
func (a *attempt) optOut(ctx context.Context) (outcome string, err error) {
	if err := a.Store.TakeOptOut(ctx, a.site.Name, a.job.Key); err != nil {
		return "", err
	}
	recalled, err := a.Store.Recall(ctx, a.site.Name, []string{a.job.Key})
	if err != nil {
		return "", err
	}
	known := recalled[0]
	switch known.Waiting {
	case store.Queued, store.Running, store.ForSlot:
		return "", a.later(waitingRetry)
	case store.ForRetry:
		return "", a.later(retryingRetry)
	}
	email := known.Memory.Email
	if email == "" || known.Memory.DeletedAt != 0 {
		return optOutNobody, nil
	}
	addresses, free, err := a.lease.LockAddresses(ctx, a.site.Name, []string{member.AddressKey(email)}, leaseFor)
	if err != nil {
		return "", err
	}
	if !free {
		return "", a.later(lockedRetry)
	}
	if addresses[member.AddressKey(email)].Owner != a.job.Key {
		return optOutNobody, nil
	}
	c := &member.Case{ID: a.job.Key, Memory: known.Memory, Addresses: addresses}
	if err := a.observe(ctx, c); err != nil {
		return "", err
	}
	return a.tell(ctx, c)
}

// observe reads the subscriber and keeps what its state says.
func (a *attempt) observe(ctx context.Context, c *member.Case) error {
	looking := member.New(member.Input{Entry: member.Entry{ID: c.ID}, Memory: c.Memory, Addresses: c.Addresses})
	if err := a.do(ctx, looking, member.Step{Action: member.Read, At: c.Memory.Email}); err != nil {
		return err
	}
	c.Addresses = looking.Addresses
	return a.Store.Save(ctx, a.site.Name, c, a.lease)
}

// tell ends the member's newsletters in Ghost if the opt-out is news to it.
func (a *attempt) tell(ctx context.Context, c *member.Case) (outcome string, err error) {
	key := member.AddressKey(c.Memory.Email)
	address := c.Addresses[key]
	switch {
	case !address.NewsToGhost():
		return optOutNone, nil
	case !a.site.OptOutsToGhost || a.site.Ghost == nil:
		return optOutNoted, nil
	}
	outcome, err = a.tellGhost(ctx, c)
	if err != nil || outcome == optOutVanished {
		return outcome, err
	}
	address.Told()
	c.Addresses[key] = address
	return outcome, a.Store.Save(ctx, a.site.Name, c, a.lease)
}

func (a *attempt) tellGhost(ctx context.Context, c *member.Case) (outcome string, err error) {
	facts, err := a.site.Ghost.Member(ctx, c.ID)
	if err == nil && !facts.Subscribed.Value {
		return optOutNoted, a.succeeded(ctx, upstreamGhost)
	}
	if err == nil && a.newerOptIn(c) {
		return "", a.handOver(ctx)
	}
	if err == nil {
		err = a.site.Ghost.Unsubscribe(ctx, c.ID)
	}
	if errors.Is(err, ghost.ErrNotFound) {
		return optOutVanished, a.succeeded(ctx, upstreamGhost)
	}
	if err != nil {
		return "", a.ghostFailed(ctx, err)
	}
	return optOutTold, a.succeeded(ctx, upstreamGhost)
}

// newerOptIn says whether Ghost shows an opt-in that was not held against the
// opt-out yet, where the operator wants that: it may be the newer of the two.
func (a *attempt) newerOptIn(c *member.Case) bool {
	before := c.Memory.Subscribed
	return a.site.Policy.Resubscribe == member.ResubscribeGhostOptIns &&
		(c.Memory.OptInAt != 0 || before.Known && !before.Value)
}

// handOver has the member written by all the rules first.
func (a *attempt) handOver(ctx context.Context) error {
	job := encode(jobs.Spec{Kind: KindMember, Site: a.site.Name, Key: a.job.Key})
	if err := a.Store.Mark(ctx, a.site.Name, []store.Mark{{ID: a.job.Key, Job: job}}); err != nil {
		return err
	}
	a.Queue.Wake()
	return a.later(waitingRetry)
}
