package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/gocraft/work"
)

var (
	errAbandoned   = errors.New("the handler did not end when its time was over")
	errUnknownKind = errors.New("no handler for this kind of job")
)

// unknownSnooze is how long a job of an unknown kind waits: during a rolling
// deployment a newer process will take it.
const unknownSnooze = time.Minute

// diedTimeout bounds Kind.Died.
const diedTimeout = 10 * time.Second

// handle is the library's handler for every job.
func (r *Runner) handle(wj *work.Job) error {
	args := stringArgs(wj.Args)
	k, known := r.kinds[args[argKind]]
	j := jobOf(wj, args, k)
	start := r.opt.Now()
	var err error
	if known {
		err = r.run(k, j)
	} else {
		err = fmt.Errorf("%w: %w", errUnknownKind, Snooze(r.jittered(unknownSnooze)))
	}
	now := r.opt.Now()
	v := r.judge(k, j, err)
	if v.outcome == Died && k.Died != nil {
		r.died(k, j, err)
	}
	r.log(j, v, now.Sub(start), known)
	r.opt.Observe(Result{Kind: j.Kind, Site: j.Site, Outcome: v.outcome, Code: v.code, Attempt: j.Attempt, Duration: now.Sub(start)})
	return v.apply(wj, args, now)
}

func jobOf(wj *work.Job, args map[string]string, k Kind) Job {
	attempt := int(max(wj.Fails, 0)) + 1
	return Job{
		ID: wj.ID, Kind: args[argKind], Site: args[argSite], Key: args[argKey],
		Event: args[argEvent], EmailHash: args[argEmailHash], Address: args[argAddress], ReceivedAt: receivedAt(args),
		Attempt: attempt, LastAttempt: attempt > len(k.Schedule), Slot: timeOf(args[argSlot]),
	}
}

// run calls the handler and waits for it, or for the end of everyone's patience:
// a handler that ignores its context may not hold a worker, nor the drain.
func (r *Runner) run(k Kind, j Job) error {
	ctx, cancel := context.WithTimeout(r.handlers, k.Timeout)
	defer cancel()
	return r.bounded(ctx, j, func() error { return k.Handle(ctx, j) })
}

func (r *Runner) died(k Kind, j Job, cause error) {
	ctx, cancel := context.WithTimeout(r.handlers, diedTimeout)
	defer cancel()
	err := r.bounded(ctx, j, func() error { k.Died(ctx, j, cause); return nil })
	if err != nil {
		r.opt.Log.Error("job.died_unheard", logged(j), slog.String("error", reasonOf(err)))
	}
}

func (r *Runner) bounded(ctx context.Context, j Job, do func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- r.recovered(j, do) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience := time.NewTimer(r.opt.grace)
	defer patience.Stop()
	select {
	case err := <-ended:
		return err
	case <-patience.C:
	case <-r.abandon:
	}
	r.opt.Log.Error("job.abandoned", logged(j), slog.String("error", errAbandoned.Error()))
	return errAbandoned
}

func (r *Runner) recovered(j Job, do func() error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		err = WithCode(errors.New("panic: "+panicText(p)), "panic")
		r.opt.Log.Error("job.panicked", logged(j), slog.String("error", reasonOf(err)), slog.String("stack", string(debug.Stack())))
	}()
	return do()
}

// panicText leaves out what a panic was given to say: it may quote a member. The
// stack, which has no values, tells where it was.
func panicText(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("a %T; the log has its stack", p)
}

func (r *Runner) log(j Job, v verdict, took time.Duration, known bool) {
	attrs := []any{logged(j), slog.String("outcome", string(v.outcome)), slog.Int64("took_ms", took.Milliseconds())}
	if v.reason != "" {
		attrs = append(attrs, slog.String("code", v.code), slog.String("reason", v.reason))
	}
	switch {
	case !known:
		r.noise.record("job.unknown_kind", "job.unknown_kind "+j.Kind, attrs...)
	case v.outcome == Died:
		r.opt.Log.Error("job.dead", attrs...)
	case v.outcome == Retried:
		r.opt.Log.Warn("job.retried", attrs...)
	default:
		r.opt.Log.Debug("job.ended", attrs...)
	}
}

// stringArgs copies what is a string; Encode writes nothing else.
func stringArgs(args map[string]any) map[string]string {
	out := make(map[string]string, len(args))
	for k, v := range args {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}
