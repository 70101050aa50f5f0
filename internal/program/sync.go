package program

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// Sync makes the list of a site agree with its Ghost, and waits for what the
// engine handed over to the queue; the request's site is filled in. The report
// is good as far as the run came, also beside an error.
func (p *Program) Sync(ctx context.Context, site string, r reconcile.Request) (reconcile.Report, error) {
	return p.reconcile(ctx, site, r, func(engine *reconcile.Engine, r reconcile.Request) (reconcile.Report, error) {
		return engine.Run(ctx, r)
	})
}

// Revert undoes a run of a site by its journal, as far as nothing newer stands
// in the way, and waits as Sync does.
func (p *Program) Revert(ctx context.Context, run reconcile.Kept, r reconcile.Request) (reconcile.Report, error) {
	return p.reconcile(ctx, run.Site, r, func(engine *reconcile.Engine, r reconcile.Request) (reconcile.Report, error) {
		return engine.Revert(ctx, run.ID, r)
	})
}

func (p *Program) reconcile(ctx context.Context, site string, r reconcile.Request,
	run func(*reconcile.Engine, reconcile.Request) (reconcile.Report, error)) (reconcile.Report, error) {
	var err error
	if r.Site, err = p.siteCalled(site); err != nil {
		return reconcile.Report{}, err
	}
	engine := p.engine()
	report, err := run(engine, r)
	if err == nil && !r.DryRun {
		err = engine.Settle(ctx, &report, r.OnProgress)
	}
	return report, err
}

// engine is the one road of full syncs: the command, the schedule and the demo
// take it.
func (p *Program) engine() *reconcile.Engine {
	return reconcile.New(reconcile.Options{
		Store: p.Store, Inbox: worker.Inbox{Store: p.Store, Queue: p.Queue}, JobKind: worker.KindMember,
		OptOut: worker.OptOuts{Store: p.Store, Queue: p.Queue}.Look,
		Dir:    p.opt.Config.StateDir, Log: p.opt.Log, Metrics: p.Metrics,
	})
}

func (p *Program) siteCalled(name string) (reconcile.Site, error) {
	for _, s := range p.sites {
		if s.Name == name {
			return reconcileSite(s), nil
		}
	}
	return reconcile.Site{}, fmt.Errorf("no site is called %s", name)
}

func reconcileSite(s worker.Site) reconcile.Site {
	return reconcile.Site{
		Name: s.Name, Ghost: s.Ghost, List: s.List, ListID: s.ListID, Policy: s.Policy, Fields: s.Fields,
		ConsentToTrack: s.ConsentToTrack, Pace: s.Pace,
	}
}

// Assisted takes jobs from the queue in this process while do runs, so that what
// a sync hands over is done without any other process; then it drains. It does
// not call itself a worker, and keeps no schedule.
func (p *Program) Assisted(ctx context.Context, do func(context.Context)) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	var jobs errgroup.Group
	jobs.Go(func() error { return p.doJobs(working) })
	do(ctx)
	stop()
	return jobs.Wait()
}
