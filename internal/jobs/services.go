package jobs

import (
	"context"
	"log/slog"
	"time"
)

// serviceTimeout bounds one round of a service, so that a silent Redis cannot
// hold up the next, nor the end of Run.
const serviceTimeout = 10 * time.Second

// every calls do at once and then at each interval, until ctx ends.
func every(ctx context.Context, interval time.Duration, do func(context.Context) error, failed func(error)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		round, cancel := context.WithTimeout(ctx, serviceTimeout)
		if err := do(round); err != nil && ctx.Err() == nil {
			failed(err)
		}
		cancel()
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

func (r *Runner) keepSwept(ctx context.Context) {
	every(ctx, r.opt.sweepEvery, r.sweep, func(err error) { r.noise.warn("jobs.sweep_failed", err) })
}

func (r *Runner) sweep(ctx context.Context) error {
	committed, requeued, err := r.keeper.sweep(ctx, r.opt.Client)
	if committed+requeued > 0 {
		r.opt.Log.Info("jobs.swept", slog.Int("commits_repeated", committed), slog.Int("requeued", requeued))
	}
	return err
}

// lastSweep settles what can be settled once no worker runs. What it leaves,
// the reapers of other processes find.
func (r *Runner) lastSweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, closingTime)
	defer cancel()
	for range 2 { // the second time tells what is stranded from what is on its way
		if err := r.sweep(ctx); err != nil {
			r.noise.warn("jobs.sweep_failed", err)
			return
		}
	}
}

func (r *Runner) keepReaped(ctx context.Context) {
	reaper := &reaper{client: r.opt.Client, own: r.keeper.pool, deadAfter: r.opt.deadAfter, now: r.opt.Now, seen: map[string]beat{}}
	look := func(ctx context.Context) error {
		requeued, err := reaper.look(ctx)
		if requeued > 0 {
			r.opt.Log.Warn("jobs.reaped", slog.Int("requeued", requeued))
		}
		return err
	}
	every(ctx, r.opt.reapEvery, look, func(err error) { r.noise.warn("jobs.reap_failed", err) })
}

func (r *Runner) keepTrimmed(ctx context.Context) {
	trim := func(ctx context.Context) error {
		dropped, err := trimDead(ctx, r.opt.Client, r.opt.Now(), r.opt.DeadRetention, r.opt.DeadLimit)
		if dropped > 0 {
			r.opt.Log.Warn("jobs.dead_letters_trimmed", slog.Int64("dropped", dropped),
				slog.Duration("retention", r.opt.DeadRetention), slog.Int("limit", r.opt.DeadLimit))
		}
		return err
	}
	every(ctx, trimEvery, trim, func(err error) { r.noise.warn("jobs.trim_failed", err) })
}
