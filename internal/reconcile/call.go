package reconcile

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
)

// How often a request is tried, and how long to leave an account alone that
// makes too many, when the answer does not say.
const (
	tries       = 6
	longestWait = 30 * time.Second
	accountRest = 10 * time.Second
	memberRest  = 30 * time.Second
)

// call makes a paced request to Campaign Monitor, and again if it fails for no
// lasting reason.
func (r *run) call(ctx context.Context, request func(context.Context) error) error {
	return r.again(ctx, func(ctx context.Context) error {
		if err := r.slot(ctx); err != nil {
			return err
		}
		return request(ctx)
	})
}

// slot waits for the site's next rate slot.
func (r *run) slot(ctx context.Context) error {
	r.counted(func(report *Report) { report.Calls++ })
	wait, err := r.Store.Reserve(ctx, r.req.Site.Name, r.req.Site.Pace)
	if err != nil {
		return err
	}
	return sleep(ctx, wait)
}

// again repeats what fails for no lasting reason, a bounded number of times.
func (r *run) again(ctx context.Context, what func(context.Context) error) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.Multiplier, waits.MaxInterval = r.FirstWait, 2, longestWait
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := what(ctx)
		return struct{}{}, r.verdict(ctx, err)
	}, backoff.WithBackOff(waits), backoff.WithMaxTries(tries), backoff.WithNotify(func(err error, wait time.Duration) {
		r.Log.WarnContext(ctx, "sync.retry", "site", r.req.Site.Name, "run_id", r.report.RunID,
			"reason", err.Error(), "wait_ms", wait.Milliseconds())
	}))
	return bare(err)
}

// bare takes an error out of what only Retry is to know.
func bare(err error) error {
	var permanent *backoff.PermanentError
	if errors.As(err, &permanent) {
		return permanent.Unwrap()
	}
	var later *laterError
	if errors.As(err, &later) {
		return later.error
	}
	return err
}

// laterError asks for a wait of its own.
type laterError struct {
	error
	wait *backoff.RetryAfterError
}

func (e *laterError) Unwrap() []error { return []error{e.error, e.wait} }

func later(err error, wait time.Duration) error {
	return &laterError{err, &backoff.RetryAfterError{Duration: wait}}
}

// verdict says whether, and when, to try again.
func (r *run) verdict(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if failure, ok := errors.AsType[*campaignmonitor.Error](err); ok {
		switch failure.Kind() {
		case campaignmonitor.Transient:
			return err
		case campaignmonitor.TooOften:
			return later(err, max(failure.RetryAfter, memberRest))
		case campaignmonitor.RateLimited:
			rest := failure.RetryAfter
			if rest == 0 {
				rest = accountRest
			}
			// The next slot comes after the rest; nothing else is to wait for.
			return later(errors.Join(err, r.Store.HoldBack(ctx, r.req.Site.Name, r.req.Site.Pace, rest)), time.Millisecond)
		}
		return backoff.Permanent(err)
	}
	if failure, ok := errors.AsType[*ghost.Error](err); ok {
		switch failure.Kind() {
		case ghost.Transient, ghost.RateLimited:
			if failure.RetryAfter > 0 {
				return later(err, failure.RetryAfter)
			}
			return err
		}
	}
	return backoff.Permanent(err)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
