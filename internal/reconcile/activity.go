package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/store"
)

// What the activity says of runs. The outcome of one that ended early has a code.
const (
	EventSync   = "sync"
	EventRevert = "sync.revert"

	OutcomeBegun  = "begun"
	OutcomeDone   = "done"
	OutcomeFailed = "failed"
)

// Who has runs done, as the activity names them.
const (
	ByCommand  = "cli"
	BySchedule = "schedule"
)

// noteWithin bounds what a run waits for its own activity.
const noteWithin = 2 * time.Second

// noteBegun writes that a run begins, unless it is a dry one, which does nothing.
func (r *run) noteBegun(ctx context.Context) {
	if !r.req.DryRun {
		r.note(ctx, store.Activity{At: r.report.Began, Outcome: OutcomeBegun})
	}
}

// noteEnded writes what came of a run that got as far as its journal, unless it
// was of chosen members, as the schedule has them all day, and had nothing to do.
func (r *run) noteEnded(ctx context.Context, err error) {
	if r.journal == nil || r.partial && err == nil && r.report.Changed()+r.report.Failed == 0 {
		return
	}
	end := store.Activity{
		At: r.report.Ended, Outcome: OutcomeDone, Took: r.report.Ended.Sub(r.report.Began), Counts: map[string]int{},
	}
	for kind, n := range r.report.Counts {
		if n > 0 {
			end.Counts[string(kind)] = n
		}
	}
	if r.report.Held > 0 {
		end.Counts[foundHeld] = r.report.Held
	}
	if err != nil {
		end.Outcome, end.Code = OutcomeFailed, codeOf(err)
	}
	r.note(ctx, end)
}

// note writes an entry, or leaves it: a run is not to fail for its activity.
func (r *run) note(ctx context.Context, a store.Activity) {
	a.Site, a.JobID, a.Who, a.Event = r.req.Site.Name, r.report.RunID, r.req.By, EventSync
	if r.journal.header.Reverts != "" {
		a.Event = EventRevert
	}
	switch {
	case r.req.Scheduled:
		a.Who = BySchedule
	case a.Who == "":
		a.Who = ByCommand
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	if err := r.Store.Note(ctx, a); err != nil {
		r.Log.WarnContext(ctx, "activity.lost", "entries", 1, "reason", err.Error())
	}
}

// codeOf is why a run ended early, in one word.
func codeOf(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, ErrRefused):
		return "refused"
	}
	if failure, ok := errors.AsType[*campaignmonitor.Error](err); ok {
		return fmt.Sprintf("cm:%d", cmp.Or(failure.Code, failure.Status))
	}
	if failure, ok := errors.AsType[*ghost.Error](err); ok {
		return fmt.Sprintf("ghost:%d", failure.Status)
	}
	return "error"
}
