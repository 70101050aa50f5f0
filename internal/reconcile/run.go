package reconcile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// run is one run of an engine.
type run struct {
	*Engine
	req     Request
	layout  member.Layout
	plan    *planner
	list    *listing   // nil: the memory is believed
	lock    *store.Run // nil in a dry run
	journal *journal   // nil in a dry run
	readers sync.WaitGroup
	adding  bool // see planner
	partial bool // of chosen members: without listing and checkpoint
	behind  bool // the run began behind a cursor: not everybody was seen
	cut     bool // Limit was reached: not everybody was seen

	later []removal // found by the walk
	told  []removal // opted out in Campaign Monitor

	mu     sync.Mutex // guards the report and the callbacks
	report Report
}

// run takes the site, prepares, and does what it is told to.
func (e *Engine) run(ctx context.Context, req Request, do func(context.Context, *run) error) (Report, error) {
	r := &run{Engine: e, req: req, adding: true, report: Report{
		RunID: newRunID(e.Now()), Site: req.Site.Name, DryRun: req.DryRun, Began: e.Now(),
		Counts: map[Kind]int{}, Skipped: map[Reason]int{},
	}}
	err := r.whole(ctx, do)
	r.report.Ended = e.Now()
	r.logEnd(ctx, err)
	r.noteEnded(ctx, err)
	return r.report, err
}

func newRunID(now time.Time) string {
	return now.UTC().Format("20060102T150405Z") + "-" + strings.ToLower(rand.Text()[:4])
}

func (r *run) whole(ctx context.Context, do func(context.Context, *run) error) error {
	if r.req.Site.Ghost == nil {
		return ErrNoAdminKey
	}
	if r.req.DryRun {
		return r.prepared(ctx, do)
	}
	lock, err := r.Store.OpenRun(ctx, r.req.Site.Name, runLease, r.Who)
	var held *store.ErrRunHeld
	switch {
	case errors.As(err, &held):
		return &ErrLocked{Site: r.req.Site.Name, Who: held.Who, Since: held.Since}
	case err != nil:
		return err
	}
	r.lock = lock
	ctx, release := r.hold(ctx)
	err = r.prepared(ctx, do)
	release()
	bare := context.WithoutCancel(ctx)
	if err != nil || r.partial { // failing that, it ends by itself
		return errors.Join(err, lock.Close(bare))
	}
	return lock.Finish(bare)
}

// hold renews the run's lock until it is released, and ends the context if the
// lock is lost.
func (r *run) hold(ctx context.Context) (held context.Context, release func()) {
	held, lost := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	done := make(chan struct{})
	renewing.Go(func() {
		tick := time.NewTicker(runLease / 4)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if err := r.lock.Renew(context.WithoutCancel(ctx)); errors.Is(err, store.ErrRunLost) {
				lost(err)
				return
			}
		}
	})
	return held, func() {
		close(done)
		renewing.Wait()
		lost(nil)
	}
}

// prepared learns how the list takes facts, and opens the journal.
func (r *run) prepared(ctx context.Context, do func(context.Context, *run) error) error {
	r.Log.InfoContext(ctx, "sync.started", "site", r.req.Site.Name, "run_id", r.report.RunID, "dry_run", r.req.DryRun)
	var shape campaignmonitor.Shape
	err := r.call(ctx, func(ctx context.Context) (err error) {
		shape, err = r.req.Site.List.Shape(ctx, r.req.Site.ListID, r.req.Site.Fields)
		return err
	})
	if err != nil {
		return fmt.Errorf("asking for the list's fields: %w", err)
	}
	if len(shape.Missing) > 0 {
		return &FieldsMissingError{Site: r.req.Site.Name, Fields: shape.Missing}
	}
	if shape.ConfirmedOptIn {
		if err := r.confirmOptIn(ctx); err != nil {
			return err
		}
	}
	r.layout = shape.Layout.Settled()
	r.plan = newPlanner(r.req, r.layout, r.report.Began)
	r.plan.adding = r.adding
	if !r.req.DryRun {
		if err := r.openJournal(); err != nil {
			return err
		}
		defer func() { r.report.Journal = r.journal.Close() }()
	}
	return do(ctx, r)
}

// confirmOptIn asks before a list mails everybody who is added. A run that
// nobody watches adds nobody to such a list.
func (r *run) confirmOptIn(ctx context.Context) error {
	if r.req.DryRun {
		return nil
	}
	if r.req.Scheduled {
		r.adding = false
		return nil
	}
	return r.ask(ctx, Question{Kind: ConfirmedOptIn})
}

// ask returns ErrRefused unless the answer is yes.
func (r *run) ask(ctx context.Context, q Question) error {
	if r.req.Ask == nil {
		return ErrRefused
	}
	yes, err := r.req.Ask(ctx, q)
	if err == nil && !yes {
		err = ErrRefused
	}
	return err
}

// full is a run over the whole Ghost and the whole list.
func (r *run) full(ctx context.Context) error {
	r.noteBegun(ctx)
	var err error
	if r.plan.since, err = r.clock(ctx); err != nil {
		return err
	}
	list, err := r.readList(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = list.Close() }()
	r.list, r.plan.list = list, list
	start, err := r.resume(ctx)
	if err != nil {
		return err
	}
	if err := r.members(ctx, r.allMembers, start); err != nil {
		return err
	}
	if r.cut {
		return nil
	}
	if err := r.removals(ctx); err != nil {
		return err
	}
	return r.optOuts(ctx)
}

// counted changes the report.
func (r *run) counted(change func(*Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.report)
}

// tell counts a change and shows it.
func (r *run) tell(c Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Counts[c.Kind]++
	switch c.Kind {
	case Skip:
		r.report.Skipped[c.Reason]++
	case Fail:
		r.report.Failed++
	}
	if c.Handed && !r.req.DryRun {
		r.report.Handed++
		r.report.handed = append(r.report.handed, c.MemberID)
	}
	if r.req.OnChange != nil {
		r.req.OnChange(c)
	}
}

func (r *run) progress(p Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.req.OnProgress != nil {
		r.req.OnProgress(p)
	}
}

func (r *run) logEnd(ctx context.Context, err error) {
	record := []any{"site", r.req.Site.Name, "run_id", r.report.RunID, "dry_run", r.req.DryRun, "resumed", r.report.Resumed,
		"members", r.report.Members, "subscribers", r.report.Subscribers, "changed", r.report.Changed(), "handed", r.report.Handed,
		"failed", r.report.Failed, "held", r.report.Held, "calls", r.report.Calls,
		"took_ms", r.report.Ended.Sub(r.report.Began).Milliseconds()}
	for kind, n := range maps.All(r.report.Counts) {
		record = append(record, "count_"+string(kind), n)
	}
	if err != nil {
		r.Log.WarnContext(ctx, "sync.ended_early", append(record, "reason", err.Error())...)
		return
	}
	r.Log.InfoContext(ctx, "sync.finished", record...)
}

// thisProcess names the process for whoever finds the site held.
func thisProcess() string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed host"
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}
