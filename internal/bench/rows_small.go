package main

import (
	"os"
	"time"

	"github.com/ghostcm/ghostcm/internal/bench/load"
	"github.com/ghostcm/ghostcm/internal/bench/rig"
	"github.com/ghostcm/ghostcm/internal/bench/seed"
)

// starting measures a server from its start to its first good answer.
func starting(start start) func(*session) (metrics, error) {
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
		return metrics{"ready": float64(system.Ready.Microseconds()) / 1000}, nil
	}
}

// idling measures what both processes hold and use while nothing happens, after
// they have worked once. Shares are of one core.
func idling(start start) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		w, system, err := s.warmed(1, start)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		time.Sleep(time.Duration(s.seconds(3) * float64(time.Second))) // until the first ticks are over
		worker := system.Server
		if len(system.Workers) > 0 {
			worker = system.Workers[0]
		}
		redis, working, err := use(s, w.RedisPid(), worker.Pid())
		if err != nil {
			return nil, err
		}
		serveMiB, _, err := rig.Resident(system.Server.Pid())
		if err != nil {
			return nil, err
		}
		workerMiB, _, err := rig.Resident(worker.Pid())
		return metrics{"serve": serveMiB, "worker": workerMiB, "redis_cpu": redis, "worker_cpu": working}, err
	}
}

// use is what two processes use of a core over some seconds, in per cent.
func use(s *session, a, b int) (ofA, ofB float64, err error) {
	var used [2][2]time.Duration
	began := time.Now()
	for i := range used {
		if used[i][0], err = rig.CPU(a); err != nil {
			return 0, 0, err
		}
		if used[i][1], err = rig.CPU(b); err != nil {
			return 0, 0, err
		}
		if i == 0 {
			time.Sleep(time.Duration(s.seconds(6) * float64(time.Second)))
		}
	}
	took := time.Since(began)
	share := func(which int) float64 { return 100 * float64(used[1][which]-used[0][which]) / float64(took) }
	return share(0), share(1), nil
}

// queued measures what Redis needs for an event that waits.
func queued(s *session) (metrics, error) {
	w, err := s.world(1, 0)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	system, err := w.Ghostcm(s, 0)
	if err != nil {
		return nil, err
	}
	if _, err := w.Load(s, load.Spec{Targets: system.Targets(), Connections: 16, Events: 100, Run: "warm"}); err != nil {
		return nil, err
	}
	before, err := w.Used(s)
	if err != nil {
		return nil, err
	}
	n := s.n(10_000)
	if _, err := w.Load(s, load.Spec{Targets: system.Targets(), Connections: 16, Events: n, Run: "r"}); err != nil {
		return nil, err
	}
	after, err := w.Used(s)
	return metrics{"queued": (after - before) / float64(n)}, err
}

func binary(s *session) (metrics, error) {
	size, err := weigh(s.binary)
	return metrics{"size": size}, err
}

// weigh is how large a file is, in MiB.
func weigh(path string) (float64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return float64(info.Size()) / (1 << 20), nil
}

// commands measures commands that have to be there at once; each is run a few
// times, and the median counts.
func commands(s *session) (metrics, error) {
	w, err := s.world(1, 0)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	got := metrics{}
	for name, args := range map[string][]string{
		"help": {"--help"}, "sites": {"sites"}, "completion": {"__complete", "sync", ""}, "script": {"completion", "bash"},
	} {
		var took []float64
		for range 5 {
			d, err := w.Time(s, args...)
			if err != nil {
				return nil, err
			}
			took = append(took, float64(d.Microseconds())/1000)
		}
		got[name] = median(took)
	}
	return got, nil
}

func smallRows() []row {
	return []row{
		{
			name: "start", title: "start to ready",
			sides: []side{{name: ours, measure: starting(receiver)}, {name: bare, measure: starting(bareReceiver)},
				{name: seeds, runs: 2, missing: seed.Missing, measure: starting(seedReceiver)}},
			checks: []check{{of: ours, metric: "ready", unit: "ms", bound: 50}},
		},
		{
			name: "idle", title: "idle: resident serve, worker; CPU of Redis, worker",
			sides: []side{{name: ours, measure: idling(whole(1))},
				{name: seeds, runs: 1, missing: seed.Missing, measure: idling(seedWhole)}},
			checks: []check{{of: ours, metric: "serve", unit: "MiB", bound: 30}, {of: ours, metric: "worker", unit: "MiB", bound: 40},
				{of: ours, metric: "redis_cpu", unit: "% of a core", bound: 0.5},
				{of: ours, metric: "worker_cpu", unit: "% of a core", bound: 0.5}},
		},
		{
			name: "queued", title: "Redis memory per queued event",
			sides:  []side{{name: ours, measure: queued}},
			checks: []check{{of: ours, metric: "queued", unit: "B", bound: 1536}},
		},
		{
			name: "binary", title: "binary, stripped", runs: 1,
			sides:  []side{{name: ours, measure: binary}},
			checks: []check{{of: ours, metric: "size", unit: "MiB", bound: mostBinary}},
		},
		{
			name: "commands", title: "--help, sites, completion",
			sides: []side{{name: ours, measure: commands}},
			checks: []check{{of: ours, metric: "help", unit: "ms", bound: 30}, {of: ours, metric: "sites", unit: "ms", bound: 30},
				{of: ours, metric: "completion", unit: "ms", bound: 30}, {of: ours, metric: "script", unit: "ms", bound: 30}},
		},
	}
}
