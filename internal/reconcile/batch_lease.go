package reconcile

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// pay takes the import's rate slot before anything is locked: its turn may be
// long in coming, and nobody is to wait for a member meanwhile.
func (a *attempt) pay(ctx context.Context, items []*item) error {
	if !slices.ContainsFunc(items, func(it *item) bool { return it.way == write }) {
		return nil
	}
	err := a.slot(ctx)
	a.paid = err == nil
	return err
}

// giveBack returns a slot that was not used. Failing that, it is lost.
func (a *attempt) giveBack(ctx context.Context) {
	if !a.paid {
		return
	}
	a.counted(func(report *Report) { report.Calls-- })
	_ = a.Store.Refund(ctx, a.req.Site.Name, a.req.Site.Pace)
}

// keepLocks renews the locks of a batch until it is told to stop: an import may
// take longer than they last, and each member has one writer.
func (r *run) keepLocks(ctx context.Context, locks *store.Batch) (stop func()) {
	var renewing sync.WaitGroup
	done := make(chan struct{})
	renewing.Go(func() {
		tick := time.NewTicker(r.BatchLease / 3)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				_ = locks.Renew(ctx, r.BatchLease) // Save finds out who was lost
			}
		}
	})
	return func() {
		close(done)
		renewing.Wait()
	}
}

// doubt has those written anew whom a worker wrote while the end of an import that
// carried them was not known: it may have undone that. Once the run's lock is lost,
// nobody knows who they are, so it is all.
func (w *walker) doubt(ctx context.Context, b *batch, done map[*item]bool) error {
	var ids []string
	for _, it := range b.items {
		if it.sent && !done[it] {
			ids = append(ids, it.facts.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	recalled, err := w.Store.Recall(ctx, w.req.Site.Name, ids)
	if err != nil {
		return err
	}
	if w.lock.Renew(ctx) == nil {
		for i := len(ids) - 1; i >= 0; i-- {
			if !recalled[i].Touched && recalled[i].Waiting == "" {
				ids = slices.Delete(ids, i, i+1)
			}
		}
	}
	return w.mark(ctx, ids)
}
