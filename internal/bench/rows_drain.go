package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/bench/load"
	"github.com/ghostcm/ghostcm/internal/bench/rig"
	"github.com/ghostcm/ghostcm/internal/bench/seed"
)

func whole(workers int, env ...string) start {
	return func(ctx context.Context, w *rig.World) (*rig.System, error) { return w.Ghostcm(ctx, workers, env...) }
}

func bareWhole(ctx context.Context, w *rig.World) (*rig.System, error) { return w.Limit(ctx, 1) }

func seedWhole(ctx context.Context, w *rig.World) (*rig.System, error) { return w.Seed(ctx, true) }

func untunedWhole(ctx context.Context, w *rig.World) (*rig.System, error) { return w.Untuned(ctx, 10) }

const drainPatience = 3 * time.Minute

// warmed starts a system in a fresh world, and has it work once for each site.
func (s *session) warmed(sites int, start start) (*rig.World, *rig.System, error) {
	w, err := s.world(sites, 0)
	if err != nil {
		return nil, nil, err
	}
	system, err := start(s, w)
	if err == nil {
		err = w.Warm(s, system)
	}
	if err != nil {
		w.Close()
		return nil, nil, err
	}
	return w, system, nil
}

// draining measures events from the first post to the last write.
func draining(start start, events int) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		w, system, err := s.warmed(1, start)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		return drain(s, w, system, load.Spec{Connections: 16, Events: s.n(events), Run: "r"})
	}
}

// drain sends events and waits until each has been written, which the list has to
// show.
func drain(s *session, w *rig.World, system *rig.System, spec load.Spec) (metrics, error) {
	spec.Targets = system.Targets()
	r, err := w.Load(s, spec)
	if err != nil {
		return nil, err
	}
	sum, err := w.Upstream.Wait(s, spec.Events, drainPatience)
	if err != nil {
		return nil, err
	}
	if known := spec.Events + len(spec.Targets); sum.Active != known { // the warm ones, too
		return nil, fmt.Errorf("%w: %d subscribers of %d", rig.ErrWrong, sum.Active, known)
	}
	took := float64(sum.Last-r.Began) / 1e9
	return metrics{"rate": float64(spec.Events) / took, "accept": r.PerSecond, "calls": float64(sum.Calls) / float64(spec.Events)}, nil
}

// delayed measures edits of known members, one call each, while Campaign Monitor
// takes 100 ms for each.
func delayed(start start, events int) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		w, system, err := s.warmed(1, start)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		n, delay := s.n(events), 100*time.Millisecond
		if _, err := drain(s, w, system, load.Spec{Connections: 16, Events: n, Run: "r"}); err != nil {
			return nil, err
		}
		if err := w.Upstream.Delay(s, delay); err != nil {
			return nil, err
		}
		if err := w.Upstream.Mark(s); err != nil {
			return nil, err
		}
		if _, err := w.Load(s, load.Spec{Targets: system.Targets(), Connections: 16, Events: n, Run: "r", Edit: 1}); err != nil {
			return nil, err
		}
		sum, err := w.Upstream.Wait(s, n, drainPatience)
		if err != nil {
			return nil, err
		}
		took := float64(sum.Last-sum.First)/1e9 + delay.Seconds()
		return metrics{"rate": float64(n) / took, "calls": float64(sum.Calls) / float64(n)}, nil
	}
}

// latency measures one event at a time on a system that has nothing else to do:
// from the post to the first call to Campaign Monitor.
func latency(start start, events int, pause float64) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		w, system, err := s.warmed(1, start)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		n := s.n(events)
		r, err := w.Load(s, load.Spec{Targets: system.Targets(), Connections: 1, Events: n, Run: "r", Pause: pause})
		if err != nil {
			return nil, err
		}
		if _, err := w.Upstream.Wait(s, n, drainPatience); err != nil {
			return nil, err
		}
		at, err := w.Upstream.Arrivals(s)
		if err != nil {
			return nil, err
		}
		took := make([]float64, n)
		for i := range took {
			took[i] = float64(at[load.Email("r", i)]-r.Sent[i]) / 1e6
		}
		slices.Sort(took)
		return metrics{"p50": took[n/2], "p99": took[min(n-1, n*99/100)], "max": took[n-1]}, nil
	}
}

func drainRows() []row {
	return []row{
		{
			name: "drain", title: "2,000 events to the list, no upstream delay",
			sides: []side{{name: ours, measure: draining(whole(1), 2000)}, {name: bare, measure: draining(bareWhole, 2000)},
				{name: library, measure: draining(untunedWhole, 2000)},
				{name: seeds, runs: 3, missing: seed.Missing, measure: draining(seedWhole, 60)}},
			checks: []check{{of: ours, than: bare, metric: "rate", unit: "/s", bound: 0.5, atLeast: true, share: true},
				{of: ours, than: seeds, metric: "rate", unit: "/s", bound: 100, atLeast: true}},
			note: "The seed's worker starts a process for each event, so its rate is measured on 60.",
		},
		{
			name: "idle-event", title: "idle event to Campaign Monitor call",
			sides: []side{{name: ours, measure: latency(whole(1), 100, 30)}, {name: bare, measure: latency(bareWhole, 100, 30)},
				{name: library, runs: 1, measure: latency(untunedWhole, 8, 100)},
				{name: seeds, runs: 2, missing: seed.Missing, measure: latency(seedWhole, 20, 200)}},
			checks: []check{{of: ours, metric: "p50", unit: "ms", bound: 1.5}, {of: ours, metric: "p99", unit: "ms", bound: 5}},
		},
		{
			name: "delay", title: "100 ms upstream delay, concurrency 32",
			sides:  []side{{name: ours, measure: delayed(whole(1, "WORKER_CONCURRENCY=32"), 1600)}},
			checks: []check{{of: ours, metric: "rate", unit: "/s", bound: 0.95 * 320, atLeast: true}},
			note:   "Ideal: 32 / 0.1 s = 320/s.",
		},
	}
}
