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
	states := make([]SiteState, 0, len(p.opt.Config.Sites))
	for _, name := range p.siteNames() {
		gate, err := from.Gate(ctx, name)
		if err != nil {
			return states, err
		}
		states = append(states, SiteState{Name: name, Gate: gate})
	}
	return states, nil
}
