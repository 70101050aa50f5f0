package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// The upstreams, as metrics and codes name them.
const (
	upstreamGhost = "ghost"
	upstreamList  = "campaignmonitor"
)

// How long to leave alone a member that was written too often, and an account
// that makes too many requests, when the answer does not say.
const (
	memberRest  = 30 * time.Second
	accountRest = 10 * time.Second
	pausedRetry = time.Minute
)

// listFailed turns a failure of Campaign Monitor into what the job layer does
// with it. Waiting for a limit, a breaker or a person uses no attempt.
func (a *attempt) listFailed(ctx context.Context, err error) error {
	var failure *campaignmonitor.Error
	if !errors.As(err, &failure) {
		return err
	}
	coded := jobs.WithCode(err, fmt.Sprintf("cm:%d", cmp.Or(failure.Code, failure.Status)))
	switch failure.Kind() {
	case campaignmonitor.Canceled:
		return jobs.Snooze(0)
	case campaignmonitor.TooOften:
		return jobs.Snooze(max(failure.RetryAfter, memberRest))
	case campaignmonitor.RateLimited:
		return a.crowded(ctx, coded, max(failure.RetryAfter, accountRest))
	case campaignmonitor.Credentials, campaignmonitor.Config:
		return a.pause(ctx, upstreamList, err)
	case campaignmonitor.Transient:
		return retryAfter(a.failed(ctx, upstreamList, coded), failure.RetryAfter)
	}
	return jobs.Permanent(coded)
}

// crowded waits, with all of the site, as an account that is asked too much wants
// it. What was refused together is one failure for the breaker: else the requests
// that ten workers had under way would open it, and its closing let them all go
// again, to be refused together.
func (a *attempt) crowded(ctx context.Context, err error, rest time.Duration) error {
	begun, holdErr := a.Store.BeginHold(ctx, a.site.Name, a.site.Pace, rest)
	if holdErr != nil {
		return holdErr
	}
	a.tried[upstreamList] = true
	if begun || a.gate.Probe {
		_ = a.failed(ctx, upstreamList, err) // the wait is the same
	}
	return jobs.Snooze(rest)
}

// ghostFailed does the same for Ghost.
func (a *attempt) ghostFailed(ctx context.Context, err error) error {
	var failure *ghost.Error
	if !errors.As(err, &failure) {
		return err
	}
	coded := jobs.WithCode(err, fmt.Sprintf("ghost:%d", failure.Status))
	switch failure.Kind() {
	case ghost.Credentials, ghost.Redirected, ghost.Unreadable, ghost.Config:
		return a.pause(ctx, upstreamGhost, err)
	case ghost.Invalid:
		return coded
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return jobs.Snooze(0)
	}
	return retryAfter(a.failed(ctx, upstreamGhost, coded), failure.RetryAfter)
}

// failed counts a failure for the breaker. A job that finds the breaker closing,
// or was its probe, waits and loses no attempt.
func (a *attempt) failed(ctx context.Context, upstream string, err error) error {
	ctx = context.WithoutCancel(ctx) // the failure may be that the job's time is over
	closed, storeErr := a.Store.Fail(ctx, a.site.Name, upstream, err.Error())
	if storeErr != nil {
		return errors.Join(err, storeErr)
	}
	a.tried[upstream] = true
	a.gate.Failures[upstream]++
	if closed {
		a.reportGate(OutcomeBroken, codeOf(err))
		a.Log.ErrorContext(ctx, "site.breaker_opened", "site", a.site.Name, "upstream", upstream, "reason", err.Error())
	}
	if closed || a.gate.Probe {
		return jobs.Snooze(pausedRetry)
	}
	return err
}

// pause stops the site's jobs until a person mends the configuration: retrying
// would only fill the dead letters.
func (a *attempt) pause(ctx context.Context, upstream string, err error) error {
	closed, storeErr := a.Store.Pause(ctx, a.site.Name, upstream, err.Error())
	if storeErr != nil {
		return errors.Join(err, storeErr)
	}
	a.tried[upstream] = true
	if closed {
		a.reportGate(OutcomePaused, codeOf(err))
		a.Log.ErrorContext(ctx, "site.paused", "site", a.site.Name, "upstream", upstream, "reason", err.Error(),
			"next", "mend the configuration; the site is tried again every minute")
	}
	return jobs.Snooze(pausedRetry)
}

// succeeded ends a row of failures. When that opens the gate, the site's waiting
// jobs fall due at once, paced by its limit.
func (a *attempt) succeeded(ctx context.Context, upstream string) error {
	a.tried[upstream] = true
	if !a.gate.Shaken(upstream) {
		return nil
	}
	opened, err := a.Store.Succeed(ctx, a.site.Name, upstream)
	if err != nil {
		return err
	}
	delete(a.gate.Failures, upstream)
	if !opened {
		return nil
	}
	before := a.gate
	a.gate = store.Gate{Open: true, Failures: map[string]int{}}
	n, err := a.Queue.Expedite(ctx, a.site.Name)
	a.reportGate(OutcomeResumed, "")
	a.Log.InfoContext(ctx, "site.resumed", "site", a.site.Name, "upstream", upstream, "jobs", n)
	return errors.Join(err, a.Store.AskFullWalkAfter(ctx, a.site.Name, before))
}

func retryAfter(err error, d time.Duration) error {
	if _, snoozed := jobs.SnoozedFor(err, time.Time{}); snoozed || d == 0 {
		return err
	}
	return jobs.RetryAfter(err, d)
}

// putBack leaves the entry for the next run, or for a replay.
func (a *attempt) putBack(ctx context.Context, err error) error {
	r := store.Release{
		Site: a.job.Site, ID: a.job.Key, Version: a.taken.Version, Why: store.ForRetry,
		Due: a.Now().Add(max(a.nextDelay(), jobs.RetryAfterOf(err))), Keep: a.KeepDead, Job: again(a.job),
	}
	switch delay, snoozed := jobs.SnoozedFor(err, a.Now()); {
	case snoozed:
		r.Why, r.Due = store.ForSlot, a.Now().Add(delay)
	case a.job.LastAttempt || jobs.IsPermanent(err):
		r.Why = store.Dead
	default:
		a.reportRetry(err)
		a.Log.WarnContext(ctx, "member.retry", append(about(a.job), "event_ids", a.taken.Events, "reason", reason(err))...)
	}
	return a.Store.Release(ctx, r)
}

func reason(err error) string {
	if err == nil {
		return "panic"
	}
	return err.Error()
}

// nextDelay is how long the job layer waits at most before the next attempt.
func (a *attempt) nextDelay() time.Duration {
	if n := a.job.Attempt - 1; n < len(a.Retries) {
		return a.Retries[n] + a.Retries[n]/4
	}
	return 0
}
