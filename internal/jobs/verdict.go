package jobs

import (
	"errors"
	"maps"
	"math"
	"strconv"
	"time"

	"github.com/gocraft/work"
)

// verdict is what becomes of a job after a run.
type verdict struct {
	outcome      Outcome
	notBefore    time.Time // of the next run
	slot         time.Time // that the next run has paid for
	reason, code string
}

// judge reads a handler's error. While draining, a plain error is taken for the
// cancellation's doing and costs no attempt.
func (r *Runner) judge(k Kind, j Job, err error) verdict {
	now := r.opt.Now()
	if err == nil {
		return verdict{outcome: Done}
	}
	v := verdict{reason: reasonOf(err), code: codeOf(err)}
	if snooze, ok := errors.AsType[*snoozeError](err); ok {
		v.outcome, v.notBefore, v.slot = Snoozed, now.Add(snooze.delay), snooze.slot
		if !v.slot.IsZero() {
			v.notBefore = v.slot
		}
		return v
	}
	if _, ok := errors.AsType[*permanentError](err); ok {
		v.outcome = Died
		return v
	}
	if r.handlers.Err() != nil {
		v.outcome, v.notBefore = Snoozed, now
		return v
	}
	if j.LastAttempt {
		v.outcome = Died
		return v
	}
	delay := r.jittered(k.Schedule[j.Attempt-1])
	if after, ok := errors.AsType[*retryAfterError](err); ok {
		delay = max(delay, after.delay)
	}
	v.outcome, v.notBefore = Retried, now.Add(delay)
	return v
}

// jittered spreads a delay by ±20 %.
func (r *Runner) jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*r.opt.Jitter()))
}

// apply steers the library by the only means it leaves: the exported fields of
// its job, which it reads after the handler. It adds one to Fails, keeps the
// job for a retry while Fails is below maxFails, and asks backoff when. The map
// of arguments is replaced, never written: the library reads it meanwhile.
func (v verdict) apply(wj *work.Job, args map[string]string, now time.Time) error {
	if v.outcome == Done {
		return nil
	}
	args = maps.Clone(args)
	delete(args, argSlot)
	delete(args, argNotBefore)
	if v.outcome != Snoozed {
		remember(args, Attempt{At: now.UTC().Truncate(time.Millisecond), Code: v.code, Reason: v.reason})
	}
	switch v.outcome {
	case Snoozed:
		wj.Fails--
	case Died:
		args[argAttempts], args[argCode] = strconv.FormatInt(wj.Fails+1, 10), v.code
		wj.Fails = maxFails - 1
	}
	if !v.notBefore.IsZero() {
		args[argNotBefore] = millis(v.notBefore)
	}
	if !v.slot.IsZero() {
		args[argSlot] = millis(v.slot)
	}
	wj.Args = make(map[string]any, len(args))
	for k, value := range args {
		wj.Args[k] = value
	}
	return errors.New(v.reason)
}

// fallbackDelay is for a job that failed without a verdict, seconds.
const fallbackDelay = 5

// backoff is the delay in whole seconds that the library adds to its clock when
// it commits. Measured from FailedAt, which is never later than that clock, and
// rounded up, it is never early.
func backoff(wj *work.Job) int64 {
	ms, _ := wj.Args[argNotBefore].(string)
	at := timeOf(ms)
	if at.IsZero() {
		return fallbackDelay
	}
	return max(0, int64(math.Ceil(float64(at.UnixMilli())/1000))-wj.FailedAt)
}
