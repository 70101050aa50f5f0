package program

import (
	"context"
	"time"

	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// forgetEvery is how often this process looks for journals that are too old: a run,
// too, does, but none may come again.
const forgetEvery = time.Hour

// keepJournals removes the journals of full syncs, of whatever process on this
// machine, once they are older than JOURNAL_RETENTION, until stop is called.
func (p *Program) keepJournals(ctx context.Context) (stop func()) {
	return keep(ctx, func(ctx context.Context) {
		every := time.NewTicker(forgetEvery)
		defer every.Stop()
		for ctx.Err() == nil {
			reconcile.ForgetJournals(p.opt.Config.StateDir, p.opt.Config.Retention.Journals, time.Now())
			select {
			case <-every.C:
			case <-ctx.Done():
			}
		}
	})
}
