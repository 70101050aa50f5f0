package reconcile

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
)

// Revert takes back what a run did, as far as the list still shows it: who was
// added is deleted, what was changed gets its former values, who was removed for
// not being in Ghost comes back. It is a run itself, with a journal of its own.
//
// Ghost is not asked: the next webhook of a member, sync or catch-up brings the
// list to what Ghost says again.
//
// Errors: as of Run, and ErrNoJournal.
func (e *Engine) Revert(ctx context.Context, runID string, req Request) (Report, error) {
	return e.run(ctx, req, func(ctx context.Context, r *run) error {
		h, entries, err := readJournal(r.Dir, runID)
		if err != nil {
			return err
		}
		if h.Site != req.Site.Name || h.List != req.Site.ListID {
			return fmt.Errorf("%w on this list: it was one of site %s", ErrNoJournal, h.Site)
		}
		r.partial = true // it leaves the checkpoint of a sync alone
		if r.journal != nil {
			r.journal.header.Reverts = runID
		}
		return r.revert(ctx, entries)
	})
}

func (r *run) revert(ctx context.Context, entries []entry) error {
	r.noteBegun(ctx)
	list, err := r.readList(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = list.Close() }()
	r.list, r.plan.list = list, list
	all, err := r.planUndoing(entries)
	if err != nil {
		return err
	}
	if r.req.DryRun {
		for _, u := range all {
			r.tell(u.change)
		}
		return nil
	}
	if err := r.mayDelete(ctx, all); err != nil {
		return err
	}
	return r.undoAll(ctx, all)
}

// planUndoing plans for every change, the last first.
func (r *run) planUndoing(entries []entry) ([]undo, error) {
	find := func(email string) (row, bool, error) {
		now, i, err := r.list.find(email)
		return now, i >= 0, err
	}
	var all []undo
	done := 0
	for i := len(entries) - 1; i >= 0; i-- {
		u, err := r.plan.undoOf(entries[i], find)
		if err != nil {
			return nil, err
		}
		if u.way != leaving {
			done++
		}
		all = append(all, u)
		if done == r.req.Limit && done > 0 {
			break
		}
	}
	return all, nil
}

func (r *run) mayDelete(ctx context.Context, all []undo) error {
	n := 0
	for _, u := range all {
		if u.way == deleting {
			n++
		}
	}
	bound := r.req.MaxRemovals.of(r.report.Active)
	if n <= bound {
		return nil
	}
	err := r.ask(ctx, Question{Kind: TooManyRemovals, Count: n, Bound: bound})
	if err != nil {
		r.counted(func(report *Report) { report.Held = n })
	}
	return err
}

func (r *run) undoAll(ctx context.Context, all []undo) error {
	undoing, failed := errgroup.WithContext(ctx)
	undoing.SetLimit(importsAtOnce)
	var values []undo
	send := func() {
		batch := values
		values = nil
		if len(batch) > 0 {
			undoing.Go(func() error { return r.undoValues(failed, batch) })
		}
	}
	for i, u := range all {
		if failed.Err() != nil {
			break
		}
		switch u.way {
		case leaving:
			r.tell(u.change)
		case reimporting:
			if values = append(values, u); len(values) == campaignmonitor.MaxImport {
				send()
			}
		default:
			undoing.Go(func() error { return r.undoOne(failed, u) })
		}
		r.progress(Progress{Phase: Members, Done: i + 1, Total: len(all)})
	}
	send()
	if err := undoing.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}
