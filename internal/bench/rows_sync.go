package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/ghostcm/ghostcm/internal/bench/rig"
	"github.com/ghostcm/ghostcm/internal/bench/seed"
)

// engine runs the sync engine's own benchmark: its work without the APIs and Redis.
func engine(members int) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		cmd := exec.CommandContext(s, "go", "test", "-run", "^$", "-bench", fmt.Sprintf("^BenchmarkEngine$/^%d$", members),
			"-benchtime", "1x", "./internal/reconcile")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("the engine's benchmark: %w: %s", err, out)
		}
		rate := regexp.MustCompile(`([0-9.e+]+) members/s`).FindSubmatch(out)
		if rate == nil {
			return nil, fmt.Errorf("%w: the engine's benchmark says %s", rig.ErrWrong, bytes.TrimSpace(out))
		}
		value, err := strconv.ParseFloat(string(rate[1]), 64)
		return metrics{"rate": value}, err
	}
}

// syncing runs `sync` twice with the real binary: first everybody is imported, then
// nobody has changed.
func syncing(members int) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		n := s.n(members)
		w, err := s.world(1, n)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		before, err := w.Used(s)
		if err != nil {
			return nil, err
		}
		first, err := synced(s, w, n)
		if err != nil {
			return nil, err
		}
		after, err := w.Used(s)
		if err != nil {
			return nil, err
		}
		second, err := synced(s, w, n)
		if err != nil {
			return nil, err
		}
		return metrics{
			"initial": float64(n) / first.Took.Seconds(), "second": float64(n) / second.Took.Seconds(),
			"peak": max(first.Peak, second.Peak), "known": (after - before) / float64(n), "members": float64(n),
		}, nil
	}
}

// synced syncs the only site, after which everybody has to be on its list.
func synced(ctx context.Context, w *rig.World, members int) (rig.Ran, error) {
	ran, err := w.Run(ctx, "sync", "site1", "--yes")
	if err != nil {
		return ran, err
	}
	sum, err := w.Upstream.Wait(ctx, 0, time.Minute)
	if err == nil && sum.Active != members {
		err = fmt.Errorf("%w: %d subscribers of %d", rig.ErrWrong, sum.Active, members)
	}
	return ran, err
}

func fetching(members int) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		n := s.n(members)
		w, err := s.world(1, n)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		took, err := w.Fetch(s, n)
		return metrics{"initial": float64(n) / took.Seconds()}, err
	}
}

func seedSyncing(members int) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		n := s.n(members)
		w, err := s.world(1, 0)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		seconds, err := w.SeedSync(s, n)
		return metrics{"initial": float64(n) / seconds}, err
	}
}

func syncRows() []row {
	return []row{
		{
			name: "engine", title: "full sync, the engine's own work, 100,000 members",
			sides:  []side{{name: ours, measure: engine(100_000)}},
			checks: []check{{of: ours, metric: "rate", unit: "/s", bound: 100_000, atLeast: true}},
		},
		{
			name: "sync", title: "full sync of 20,000 members, all of it", runs: 3,
			sides: []side{{name: ours, measure: syncing(20_000)}, {name: "pages", measure: fetching(20_000)},
				{name: seeds, missing: seed.Missing, measure: seedSyncing(500)}},
			checks: []check{{of: ours, than: "pages", metric: "initial", unit: "/s", bound: 0, atLeast: true, share: true},
				{of: ours, than: seeds, metric: "initial", unit: "/s", bound: 0, atLeast: true},
				{of: ours, metric: "known", unit: "B in Redis per known member", bound: 300}},
			note: "pages only fetches Ghost's pages; the seed's way is measured on 500. No target but for Redis.",
		},
		{
			name: "million", title: "full sync of 1,000,000 members", runs: 1,
			sides:  []side{{name: ours, measure: syncing(1_000_000)}},
			checks: []check{{of: ours, metric: "peak", unit: "MiB", bound: 250}},
		},
	}
}
