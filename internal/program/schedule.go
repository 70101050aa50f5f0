package program

import (
	"context"
	"time"

	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// keepSchedule catches the sites up until ctx ends. The stop that it returns waits
// for turns under way, as long as jobs are waited for: what a turn had not done
// comes again in the next.
func (p *Program) keepSchedule(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	schedule := p.schedule()
	go func() {
		defer close(ended)
		schedule.Run(ctx)
	}()
	return func() {
		cancel()
		patience := time.NewTimer(p.opt.Drain)
		defer patience.Stop()
		select {
		case <-ended:
		case <-patience.C:
			p.opt.Log.Warn("catchup.abandoned", "next", "its turn comes again, for whichever worker asks")
		}
	}
}

func (p *Program) schedule() *reconcile.Schedule {
	w := p.opt.Config.Worker
	o := reconcile.ScheduleOptions{
		Engine: p.engine(), Every: w.ReconcileInterval, SilenceAfter: p.opt.Config.Alerts.SilenceAfter,
		Hints: worker.OptOuts{Store: p.Store, Queue: p.Queue},
	}
	for _, s := range p.sites {
		o.Sites = append(o.Sites, reconcile.ScheduledSite{Site: reconcileSite(s), OptOuts: s.OptOutsToGhost})
	}
	return reconcile.NewSchedule(o)
}
