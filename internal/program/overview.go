package program

import (
	"context"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/server"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Overview is how the queue, the inbox, the workers and the sites are at one
// moment: what status, /health and /metrics tell.
type Overview struct {
	Queue   jobs.Stats
	Inbox   store.Backlog
	Workers []jobs.Worker // for Program.Overview only
	Sites   []SiteState   // as configured
}

// SiteState is a site, whether its jobs may reach its upstreams, and how its
// scheduled catch-up stands.
type SiteState struct {
	Name    string
	Gate    store.Gate
	CatchUp store.CatchUp
}

// Overview asks Redis, patiently: it is for people.
func (p *Program) Overview(ctx context.Context) (Overview, error) {
	o, err := p.overview(ctx, p.Queue, p.Store)
	if err != nil {
		return o, err
	}
	o.Workers, err = p.Queue.Workers(ctx)
	return o, err
}

func (p *Program) overview(ctx context.Context, queue *jobs.Queue, from *store.Store) (o Overview, err error) {
	if o.Queue, err = queue.Stats(ctx); err != nil {
		return o, err
	}
	if o.Inbox, err = from.Backlog(ctx); err != nil {
		return o, err
	}
	names := p.siteNames()
	gates, err := from.Gates(ctx, names)
	if err != nil {
		return o, err
	}
	catchUps, err := from.CatchUps(ctx, names)
	if err != nil {
		return o, err
	}
	for i, name := range names {
		o.Sites = append(o.Sites, SiteState{Name: name, Gate: gates[i], CatchUp: catchUps[i]})
	}
	return o, nil
}

// vitals is how the program is, for /health and /readyz.
type vitals struct{ *Program }

// Vitals asks Redis to take a write before anything else: one that is full or
// read-only would answer the questions, and lose the webhooks.
func (v vitals) Vitals(ctx context.Context) (server.Vitals, error) {
	state := server.Vitals{Spool: v.intake.Waiting().Records, SpoolReady: v.intake.Ready()}
	if err := v.prompt.Writable(ctx); err != nil {
		return state, err
	}
	o, err := v.overview(ctx, v.prompts, v.prompt)
	if err != nil {
		state.Unread = true
		return state, nil //nolint:nilerr // Redis takes webhooks; the answer says that the rest is unknown
	}
	q := o.Queue
	state = server.Vitals{
		Spool: state.Spool, SpoolReady: state.SpoolReady,
		Depth: q.Depth, Oldest: q.Oldest, Retrying: q.Retrying, Dead: q.Dead, Workers: q.Workers,
		Waiting: o.Inbox.Members, WaitingOldest: o.Inbox.Oldest,
	}
	for _, site := range o.Sites {
		switch {
		case site.Gate.Paused:
			state.Paused = append(state.Paused, site.Name)
		case site.Gate.Closed():
			state.Broken = append(state.Broken, site.Name)
		}
	}
	return state, nil
}

// queueState is the same for a scrape.
func (p *Program) queueState(ctx context.Context) (metrics.Queue, error) {
	if err := p.prompt.Writable(ctx); err != nil {
		return metrics.Queue{}, err
	}
	o, err := p.overview(ctx, p.prompts, p.prompt)
	if err != nil {
		return metrics.Queue{}, err
	}
	state := metrics.Queue{
		Depth: o.Queue.Depth, Oldest: o.Queue.Oldest, Retrying: o.Queue.Retrying, DeadLetters: o.Queue.Dead,
		Workers: o.Queue.Workers, Waiting: o.Inbox.Members, WaitingOldest: o.Inbox.Oldest,
	}
	for _, s := range o.Sites {
		site := metrics.Site{Name: s.Name, Paused: s.Gate.Paused, CaughtUp: s.CatchUp.Good}
		if !s.Gate.Paused {
			site.Broken = s.Gate.Upstream
		}
		state.Sites = append(state.Sites, site)
	}
	return state, nil
}
