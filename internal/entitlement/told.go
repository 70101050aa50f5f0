package entitlement

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
	"github.com/ghostcm/ghostcm/internal/store"
)

// EventPayment is what the activity calls what concerns purchases.
const EventPayment = "payment"

// What became of an event, as metrics, records and the activity name it.
const (
	OutcomeMerged  = "merged"  // the ledger knows it
	OutcomeOrphan  = "orphan"  // kept until the purchase that it is about is known
	OutcomeContact = "contact" // says who a customer is
	OutcomeIgnored = "ignored" // says nothing about access
	OutcomeTest    = "test"    // of a sandbox: quarantined
	OutcomeRefused = "refused" // not genuine, as its provider says: quarantined

	outcomeRetried = "retried"
	outcomeDead    = "dead"
)

// Outcomes lists what may become of an event, for metrics that start their series
// at zero.
func Outcomes() []string {
	return []string{OutcomeMerged, OutcomeOrphan, OutcomeContact, OutcomeIgnored, OutcomeTest, OutcomeRefused}
}

// told is what became of one event of a delivery.
type told struct {
	delivery     store.PaymentDelivery
	event        payment.Event
	entitlements []string // that it is about
	outcome      string
	code         string // why; "" stands for what the event means
}

// tell counts an event, and tells of it in the log and the activity.
func (f *Flow) tell(ctx context.Context, t told) {
	d := t.delivery
	f.Metrics.PaymentEvent(d.Site, d.Provider, t.outcome)
	code := cmp.Or(t.code, string(t.event.Action))
	hash := member.AddressHash(cmp.Or(t.event.Customer.MemberEmail, t.event.Customer.Email))
	f.Log.InfoContext(ctx, "payment.taken_in", "site", d.Site, "provider", d.Provider, "delivery_id", d.ID,
		"action", string(t.event.Action), "entitlements", t.entitlements, "outcome", t.outcome, "email_hash", hash,
		"took_ms", f.Now().Sub(d.ReceivedAt).Milliseconds())
	f.note(ctx, store.Activity{
		At: f.Now(), Site: d.Site, Event: EventPayment, EmailHash: hash, Outcome: t.outcome, Code: code,
		EventIDs: append([]string{d.ID}, t.entitlements...),
	})
}

// noteFailure tells the activity of a job that failed.
func (f *Flow) noteFailure(ctx context.Context, job jobs.Job, outcome string, err error) {
	f.note(context.WithoutCancel(ctx), store.Activity{
		At: f.Now(), Site: job.Site, Event: EventPayment, EmailHash: job.EmailHash, Outcome: outcome, Code: codeOf(err),
		Attempt: job.Attempt, JobID: job.ID, EventIDs: []string{job.Key},
	})
}

// note writes an entry of activity. That it cannot is no reason to do the work again.
func (f *Flow) note(ctx context.Context, a store.Activity) {
	if err := f.Store.Note(ctx, a); err != nil {
		f.Log.LogAttrs(ctx, slog.LevelDebug, "activity.lost", slog.String("site", a.Site), slog.String("reason", err.Error()))
	}
}

// codeOf is why something failed, in one word.
func codeOf(err error) string {
	failure, is := errors.AsType[*provider.Error](err)
	switch code := jobs.CodeOf(err); {
	case code != "":
		return code
	case is:
		return providerCode(failure)
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "error"
}

func providerCode(e *provider.Error) string { return fmt.Sprintf("%s:%d", e.Provider, e.Status) }
