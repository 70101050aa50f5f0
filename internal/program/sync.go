package program

import (
	"cmp"
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// Sync makes the list of a site agree with its Ghost, and waits for what the
// engine handed over to the queue; the request's site is filled in. The report
// is good as far as the run came, also beside an error.
func (p *Program) Sync(ctx context.Context, site string, r reconcile.Request) (reconcile.Report, error) {
	return p.reconcile(ctx, newTask(TaskSync, site, by(r)), r, (*reconcile.Engine).Run)
}

// by is who has a run done, as activity and tasks name them.
func by(r reconcile.Request) string { return cmp.Or(r.By, reconcile.ByCommand) }

// Revert undoes a run of a site by its journal, as far as nothing newer stands
// in the way, and waits as Sync does.
func (p *Program) Revert(ctx context.Context, run reconcile.Kept, r reconcile.Request) (reconcile.Report, error) {
	t := newTask(TaskRevert, run.Site, by(r))
	t.Options["reverts"] = run.ID
	return p.reconcile(ctx, t, r, revertOf(run))
}

// reconcile runs, and lets everybody see how far the run is, unless it is a dry
// one, which writes nothing.
func (p *Program) reconcile(ctx context.Context, t store.Task, r reconcile.Request, run engineRun) (reconcile.Report, error) {
	if r.DryRun {
		site, err := p.siteCalled(t.Site)
		if err != nil {
			return reconcile.Report{}, err
		}
		r.Site = site
		return run(p.engine(), ctx, r)
	}
	teller := p.tell(ctx, t)
	report, err := p.runAs(ctx, teller, t.Site, r, run)
	teller.endRun(report, err)
	return report, err
}

func revertOf(run reconcile.Kept) engineRun {
	return func(e *reconcile.Engine, ctx context.Context, r reconcile.Request) (reconcile.Report, error) {
		return e.Revert(ctx, run.ID, r)
	}
}

// engineRun is a method of an engine.
type engineRun func(*reconcile.Engine, context.Context, reconcile.Request) (reconcile.Report, error)

// runAs runs with an engine, telling how far it is, and waits for what the run
// handed over to the workers.
func (p *Program) runAs(
	ctx context.Context, k *taskTeller, site string, r reconcile.Request, run engineRun,
) (report reconcile.Report, err error) {
	if r.Site, err = p.siteCalled(site); err != nil {
		return report, err
	}
	engine := p.engine()
	r = k.told(r)
	if report, err = run(engine, ctx, r); err == nil {
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
		Dir:    p.opt.Config.StateDir, KeepJournals: p.opt.Config.Retention.Journals, Log: p.opt.Log, Metrics: p.Metrics,
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
