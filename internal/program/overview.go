package program

import (
	"context"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Overview is how the queue, the workers and the sites are at one moment.
type Overview struct {
	Queue   jobs.Stats
	Waiting int // members whose events are not applied yet
	Workers []jobs.Worker
	Sites   []SiteState // as configured
}

// SiteState is a site and whether its jobs may reach its upstreams.
type SiteState struct {
	Name string
	Gate store.Gate
}

// Overview asks Redis, patiently: it is for people, /health asks in its own way.
func (p *Program) Overview(ctx context.Context) (o Overview, err error) {
	if o.Queue, err = p.Queue.Stats(ctx); err != nil {
		return o, err
	}
	waiting, err := p.Store.WaitingEntries(ctx)
	if err != nil {
		return o, err
	}
	o.Waiting = int(waiting)
	if o.Workers, err = p.Queue.Workers(ctx); err != nil {
		return o, err
	}
	o.Sites, err = p.siteStates(ctx, p.Store)
	return o, err
}

func (p *Program) siteStates(ctx context.Context, from *store.Store) ([]SiteState, error) {
	names := p.siteNames()
	gates, err := from.Gates(ctx, names)
	if err != nil {
		return nil, err
	}
	states := make([]SiteState, len(names))
	for i, name := range names {
		states[i] = SiteState{Name: name, Gate: gates[i]}
	}
	return states, nil
}
