package program

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/store"
)

// told is a request whose progress a task tells too.
func (k *taskTeller) told(r reconcile.Request) reconcile.Request {
	change, progress := r.OnChange, r.OnProgress
	r.OnChange = func(c reconcile.Change) {
		k.change(func(t *store.Task) {
			t.Counts[string(c.Kind)]++
			if c.Kind == reconcile.Skip {
				t.Skipped[string(c.Reason)]++
			}
		})
		if change != nil {
			change(c)
		}
	}
	r.OnProgress = func(p reconcile.Progress) {
		k.change(func(t *store.Task) { t.Phase, t.Done, t.Total = string(p.Phase), p.Done, p.Total })
		if progress != nil {
			progress(p)
		}
	}
	return r
}

// endRun tells how a run ended.
func (k *taskTeller) endRun(report reconcile.Report, err error) {
	k.end(func(t *store.Task) {
		t.Members, t.Subscribers, t.Journal = report.Members, report.Subscribers, report.Journal != ""
		t.Options["run"] = report.RunID
		for kind, n := range report.Counts {
			t.Counts[string(kind)] = n
		}
		for reason, n := range report.Skipped {
			t.Skipped[string(reason)] = n
		}
		for name, n := range map[string]int{
			"held": report.Held, "not_in_ghost": report.NotInGhost, "handed": report.Handed, "handed_failed": report.HandedFailed,
			"handed_waiting": report.HandedWaiting, "active": report.Active,
		} {
			if n > 0 {
				t.Counts[name] = n
			}
		}
		t.State, t.Reason = stateOf(report, err)
	})
}

func stateOf(report reconcile.Report, err error) (store.TaskState, string) {
	switch {
	case err == nil && report.Failed+report.HandedFailed > 0:
		return store.TaskPartly, "Some members failed; the dead letters say which, and why."
	case err == nil:
		return store.TaskDone, ""
	case errors.Is(err, context.Canceled):
		return store.TaskStopped, "Stopped; the next sync goes on from there."
	}
	return store.TaskFailed, whyNot(err)
}

// whyNot says to people why a run did not happen, or not wholly.
func whyNot(err error) string {
	locked, isLocked := errors.AsType[*reconcile.ErrLocked](err)
	missing, lacks := errors.AsType[*reconcile.FieldsMissingError](err)
	switch {
	case errors.Is(err, reconcile.ErrNoAdminKey):
		return "Without an Admin API key nobody can read Ghost's members: set GHOST_URL and GHOST_ADMIN_API_KEY of the site."
	case isLocked:
		return "Another sync is at it since " + locked.Since.UTC().Format("15:04 MST") + ": " + locked.Who + ". Wait for it to end."
	case lacks:
		return fmt.Sprintf("The list has no custom field %s, and Campaign Monitor drops silently what it has no field for. "+
			"Make them with: ghostcm doctor %s --fix", strings.Join(missing.Fields, ", "), missing.Site)
	case errors.Is(err, reconcile.ErrRefused):
		return "It would have removed more subscribers than the plan showed, or mailed everybody who is added, " +
			"and neither was allowed."
	case errors.Is(err, reconcile.ErrNoJournal):
		return "There is no journal of that run on this machine."
	}
	return strings.ToUpper(err.Error()[:1]) + err.Error()[1:]
}
