package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// What activity says beside the outcomes of members' cases.
const (
	EventSite   = "site" // what concerns a whole site
	EventOptOut = "optout"

	OutcomeRetried = store.OutcomeRetried
	OutcomeDead    = store.OutcomeDead
	OutcomeBroken  = "breaker_opened"
	OutcomePaused  = "paused"
	OutcomeResumed = "resumed"
)

// Why an event waits, as the code of an entry says it.
const (
	whyBroken = "breaker"
	whyPaused = "paused"
)

// report tells log, metrics and activity what came of a member's case.
func (a *attempt) report(ctx context.Context, c *member.Case, outcome member.Outcome) {
	now := a.Now()
	entry := a.entry(string(outcome))
	entry.EmailHash, entry.Code = member.AddressHash(c.Memory.Email), standing(c, outcome)
	entry.EmailHash = cmp.Or(entry.EmailHash, a.job.EmailHash) // after a removal nothing is remembered
	a.Metrics.MemberOutcome(a.site.Name, string(outcome))
	record := append(about(a.job), "event_ids", a.taken.Events, "outcome", string(outcome),
		"email_hash", member.AddressHash(c.Memory.Email), "calls", a.calls, "took_ms", now.Sub(a.begun).Milliseconds())
	if sent := a.taken.Entry.SentAt; sent > 0 {
		entry.Lag = now.Sub(time.UnixMilli(sent))
		a.Metrics.EventWritten(a.site.Name, entry.Lag)
		record = append(record, "lag_ms", entry.Lag.Milliseconds())
	}
	a.recorder.add(entry)
	a.Log.InfoContext(ctx, "member.done", record...)
}

// standing is the state of someone who is left as they are, in the words of
// Campaign Monitor; "" for everybody else.
func standing(c *member.Case, outcome member.Outcome) string {
	if outcome != member.OptedOutFields && outcome != member.NotAdded {
		return ""
	}
	for _, a := range c.Addresses {
		if a.OptOut != nil && a.Owner == c.ID {
			return "cm:" + a.OptOut.State
		}
	}
	return ""
}

// reportRetry is for a job that failed and will be tried again.
func (a *attempt) reportRetry(err error) {
	entry := a.entry(OutcomeRetried)
	entry.Code = codeOf(err)
	a.recorder.add(entry)
}

// reportWait is for a job that the site's gate does not let pass.
func (a *attempt) reportWait(g store.Gate) {
	if a.job.Kind != KindMember { // what waits is told by the inbox, where others have nothing
		return
	}
	entry := a.entry(store.Waits)
	entry.Took, entry.Code = 0, whyBroken
	if g.Paused {
		entry.Code = whyPaused
	}
	a.recorder.add(entry)
}

// reportDeath is for a job that becomes a dead letter.
func (w *Worker) reportDeath(job jobs.Job, err error) {
	entry := w.entryOf(job, OutcomeDead)
	entry.Code = codeOf(err)
	w.recorder.add(entry)
}

// reportGate is for a site whose gate closes or opens.
func (a *attempt) reportGate(outcome, code string) {
	a.recorder.add(store.Activity{At: a.Now(), Site: a.site.Name, Event: EventSite, Outcome: outcome, Code: code})
}

func (a *attempt) entry(outcome string) store.Activity {
	entry := a.entryOf(a.job, outcome)
	entry.EventIDs = a.taken.Events
	if !a.begun.IsZero() {
		entry.Took = entry.At.Sub(a.begun)
	}
	return entry
}

func (w *Worker) entryOf(job jobs.Job, outcome string) store.Activity {
	entry := store.Activity{
		At: w.Now(), Site: job.Site, Event: job.Event, MemberID: job.Key, EmailHash: job.EmailHash, Outcome: outcome,
		Attempt: job.Attempt, JobID: job.ID,
	}
	if job.Kind == KindOptOut {
		entry.Event = EventOptOut
	}
	return entry
}

// codeOf is why something failed, in one word.
func codeOf(err error) string {
	var list *campaignmonitor.Error
	var publication *ghost.Error
	switch code := jobs.CodeOf(err); {
	case err == nil:
		return "panic"
	case code != "":
		return code
	case errors.As(err, &list):
		return fmt.Sprintf("cm:%d", cmp.Or(list.Code, list.Status))
	case errors.As(err, &publication):
		return fmt.Sprintf("ghost:%d", publication.Status)
	case errors.Is(err, store.ErrLeaseLost):
		return "lease_lost"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "error"
}
