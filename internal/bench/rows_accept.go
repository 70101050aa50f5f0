package main

import (
	"context"
	"errors"

	"github.com/ghostcm/ghostcm/internal/bench/load"
	"github.com/ghostcm/ghostcm/internal/bench/rig"
	"github.com/ghostcm/ghostcm/internal/bench/seed"
)

// The sides.
const (
	ours    = "ghostcm"
	bare    = "limit"
	seeds   = "seed"
	library = "gocraft"
)

// start starts a system in a world.
type start func(context.Context, *rig.World) (*rig.System, error)

func receiver(ctx context.Context, w *rig.World) (*rig.System, error) { return w.Ghostcm(ctx, 0) }

func bareReceiver(ctx context.Context, w *rig.World) (*rig.System, error) { return w.Limit(ctx, 0) }

func seedReceiver(ctx context.Context, w *rig.World) (*rig.System, error) { return w.Seed(ctx, false) }

// posting measures how a receiver answers.
func posting(start start, spec func(*session) load.Spec) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		w, err := s.world(1, 0)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		system, err := start(s, w)
		if err != nil {
			return nil, err
		}
		return post(s, w, system, spec(s))
	}
}

// post sends what the spec says, after a moment of the same to warm up, unless it
// is to find the system cold.
func post(s *session, w *rig.World, system *rig.System, spec load.Spec) (metrics, error) {
	spec.Targets = system.Targets()
	if !spec.Together {
		warm := spec
		warm.Run, warm.Events, warm.Seconds = "warm", 0, s.seconds(0.5)
		if _, err := w.Load(s, warm); err != nil {
			return nil, err
		}
	}
	spec.Run = "r"
	r, err := w.Load(s, spec)
	if err != nil {
		return nil, err
	}
	return metrics{"rate": r.PerSecond, "p50": r.P50, "p99": r.P99, "max": r.Max}, nil
}

func closed(s *session) load.Spec { return load.Spec{Connections: 16, Seconds: s.seconds(2)} }

func fresh(s *session) load.Spec {
	return load.Spec{Connections: 16, Seconds: s.seconds(2), Fresh: true}
}

func open(s *session) load.Spec {
	return load.Spec{Connections: 64, Rate: 1000, Events: s.n(3000)}
}

func together(*session) load.Spec {
	return load.Spec{Connections: 100, Events: 100, Fresh: true, Together: true}
}

// storm measures so many connections at the same moment, far more than a Ghost
// opens: how many of them are taken, and the slowest answer.
func storm(connections int) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		w, err := s.world(1, 0)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		system, err := receiver(s, w)
		if err != nil {
			return nil, err
		}
		spec := load.Spec{Targets: system.Targets(), Connections: connections, Events: connections, Fresh: true, Together: true, Run: "r"}
		r, err := w.Load(s, spec)
		if err != nil && !errors.Is(err, rig.ErrWrong) { // wrong answers are what is counted
			return nil, err
		}
		return metrics{"taken": 100 * float64(r.Events-r.Wrong) / float64(connections), "max": r.Max}, nil
	}
}

func acceptRows() []row {
	return []row{
		{
			name: "accept", title: "accept, c = 16, AOF everysec",
			sides: []side{{name: ours, measure: posting(receiver, closed)}, {name: bare, measure: posting(bareReceiver, closed)},
				{name: seeds, missing: seed.Missing, measure: posting(seedReceiver, closed)}},
			checks: []check{{of: ours, than: bare, metric: "rate", unit: "/s", bound: 0.8, atLeast: true, share: true},
				{of: ours, than: seeds, metric: "rate", unit: "/s", bound: 6, atLeast: true}},
		},
		{
			name: "fresh", title: "accept, a new connection each",
			sides:  []side{{name: ours, measure: posting(receiver, fresh)}, {name: bare, measure: posting(bareReceiver, fresh)}},
			checks: []check{{of: ours, than: bare, metric: "rate", unit: "/s", bound: 0.8, atLeast: true, share: true}},
		},
		{
			name: "p99", title: "accept, 1,000/s open loop: p99",
			sides:  []side{{name: ours, measure: posting(receiver, open)}, {name: bare, measure: posting(bareReceiver, open)}},
			checks: []check{{of: ours, than: bare, metric: "p99", unit: "ms", bound: 1.5}, {of: ours, metric: "p99", unit: "ms", bound: 5}},
		},
		{
			name: "burst", title: "100 connections at once, cold: slowest answer",
			sides:  []side{{name: ours, measure: posting(receiver, together)}, {name: bare, measure: posting(bareReceiver, together)}},
			checks: []check{{of: ours, metric: "max", unit: "ms", bound: 100}},
		},
		{
			name: "storm", title: "2,000 connections at once, cold: taken",
			sides:  []side{{name: ours, measure: storm(2000)}},
			checks: []check{{of: ours, metric: "taken", unit: "%", bound: 100, atLeast: true}},
			note:   "No target of the issue: what is not taken at once is refused, and Ghost does not repeat it.",
		},
	}
}
