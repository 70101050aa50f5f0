package main

import (
	"time"

	"github.com/ghostcm/ghostcm/internal/bench/load"
	"github.com/ghostcm/ghostcm/internal/bench/rig"
)

// roundTrips counts how often the real processes go to Redis for a webhook and for
// a job. What they do in any case, as time passes, is counted before, and taken off.
func roundTrips(s *session) (map[string]float64, error) {
	counter := &rig.Counter{}
	w, err := rig.New(s, rig.Options{Binary: s.binary, Self: s.self, Proxy: counter.Before})
	if err != nil {
		return nil, err
	}
	defer w.Close()
	const events = 300
	accepting, err := w.Ghostcm(s, 0)
	if err != nil {
		return nil, err
	}
	webhooks, err := perEvent(counter, events, func(run string) error {
		_, err := w.Load(s, load.Spec{Targets: accepting.Targets(), Connections: 1, Events: events, Run: run})
		return err
	})
	if err != nil {
		return nil, err
	}
	// The events so far are worked on first; the next ones are the jobs that count.
	if err := w.Upstream.Mark(s); err != nil {
		return nil, err
	}
	if _, err := w.Ghostcm(s, 1, "WORKER_CONCURRENCY=1"); err != nil {
		return nil, err
	}
	if _, err := w.Upstream.Wait(s, 2*events, drainPatience); err != nil {
		return nil, err
	}
	both, err := perEvent(counter, events, func(run string) error {
		if err := w.Upstream.Mark(s); err != nil {
			return err
		}
		if _, err := w.Load(s, load.Spec{Targets: accepting.Targets(), Connections: 1, Events: events, Run: "jobs" + run}); err != nil {
			return err
		}
		_, err := w.Upstream.Wait(s, events, drainPatience)
		return err
	})
	return map[string]float64{"webhook": webhooks, "job of a new member": both - webhooks}, err
}

// perEvent is the round trips of an event, measured after a first run that makes
// all connections and caches.
func perEvent(c *rig.Counter, events int, run func(name string) error) (float64, error) {
	if err := run("warm"); err != nil {
		return 0, err
	}
	const rest = 2 * time.Second
	time.Sleep(rest / 2) // what follows a run
	before := c.Trips()
	time.Sleep(rest)
	idle := float64(c.Trips()-before) / rest.Seconds()
	before = c.Trips()
	began := time.Now()
	if err := run("counted"); err != nil {
		return 0, err
	}
	return (float64(c.Trips()-before) - idle*time.Since(began).Seconds()) / float64(events), nil
}
