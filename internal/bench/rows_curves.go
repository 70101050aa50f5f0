package main

import (
	"fmt"

	"github.com/ghostcm/ghostcm/internal/bench/load"
)

// manySites measures accepting and draining with so many sites, all of which have
// had an event before.
func manySites(sites int) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		w, system, err := s.warmed(sites, whole(1))
		if err != nil {
			return nil, err
		}
		defer w.Close()
		n := s.n(3000)
		got, err := drain(s, w, system, load.Spec{Connections: 16, Events: n, Run: "r"})
		if err != nil {
			return nil, err
		}
		return metrics{"accept": got["accept"], "drain": got["rate"]}, nil
	}
}

func sitesRows() []row {
	r := row{name: "sites", title: "50 and 200 sites: accept, drain", runs: 5,
		note: "Accepting and draining share the two cores here, so both are lower than alone."}
	for _, n := range []int{1, 10, 50, 200} {
		r.sides = append(r.sides, side{name: sitesOf(n), measure: manySites(n)})
	}
	for _, n := range []int{50, 200} {
		for _, metric := range []string{"accept", "drain"} {
			r.checks = append(r.checks, check{of: sitesOf(n), than: sitesOf(1), metric: metric, unit: metric + "/s", bound: 0.85,
				atLeast: true, share: true})
		}
	}
	return []row{r}
}

func sitesOf(n int) string {
	if n == 1 {
		return "1 site"
	}
	return fmt.Sprintf("%d sites", n)
}

// manyWorkers measures draining with so many worker processes, without and with a
// delay of Campaign Monitor's.
func manyWorkers(workers int) func(*session) (metrics, error) {
	return func(s *session) (metrics, error) {
		quick, err := draining(whole(workers), 2000)(s)
		if err != nil {
			return nil, err
		}
		slow, err := delayed(whole(workers), 300*workers)(s)
		if err != nil {
			return nil, err
		}
		return metrics{"drain": quick["rate"], "delayed": slow["rate"]}, nil
	}
}

func curveRows() []row {
	workers := row{name: "workers", title: "worker processes of 10: drain without delay, and with 100 ms", runs: 2,
		note: "A curve, no target."}
	for _, n := range []int{1, 2, 4, 8} {
		workers.sides = append(workers.sides, side{name: fmt.Sprintf("%d workers", n), measure: manyWorkers(n)})
	}
	members := row{name: "members", title: "full sync by members: initial, second, peak memory", runs: 1,
		note: "A curve, no target; 1,000,000 members are the row million."}
	for _, n := range []int{1000, 10_000, 100_000} {
		members.sides = append(members.sides, side{name: figure(float64(n)), measure: syncing(n)})
	}
	return []row{workers, members}
}
