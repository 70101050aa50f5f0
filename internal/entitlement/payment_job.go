package entitlement

import (
	"context"
	"errors"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
	"github.com/ghostcm/ghostcm/internal/store"
)

// How long a delivery's job may take, and how much later than its next attempt it
// counts as lost.
const (
	paymentTimeout = 40 * time.Second
	lostAfter      = time.Minute
)

var (
	// errNoSite is the fate of jobs of a site that was taken out of the configuration,
	// or sells nothing any more.
	errNoSite = errors.New("the site is not configured here, or has no payments; add it, or drop this dead letter")
	// errAboutNothing is of an event that names neither a purchase nor another id of it.
	errAboutNothing = errors.New("the event names no purchase; report this with the provider's name for the event")
	// errBodyGone is of a letter that was replayed too late.
	errBodyGone = errors.New("the delivery is no longer kept; let the provider send it again, or backfill")
	// errNoRoom is of a delivery that was answered as taken, and has no place to stay.
	errNoRoom = errors.New("the delivery was refused, and the quarantine is full; " +
		"correct what shows that deliveries are genuine, or wait a week for room, and replay this dead letter")
)

// refusedError is of a delivery that gives nothing as things are.
type refusedError struct {
	delivery store.PaymentDelivery
	why      string
}

func (e *refusedError) Error() string { return "the delivery was refused" }

// maxNoRoom is how many a full quarantine turns away before no more of them become
// dead letters: with that many, strangers are at work, and they must not fill those.
const maxNoRoom = 100

// The codes of what keeps a delivery out of the ledger.
const (
	codeNoSite     = "config:unknown_site"
	codeNoProvider = "config:unknown_provider"
	codeBodyGone   = "payment:gone"
	codeUnreadable = "payment:unreadable"
	codeOrphans    = "payment:orphans"
	codeContended  = "payment:contended"
	codeNoRoom     = "payment:quarantine_full"
)

func (f *Flow) paymentKind() jobs.Kind {
	return jobs.Kind{
		Name: KindPayment, Schedule: f.Retries, Timeout: paymentTimeout, Handle: f.handlePayment, Died: f.paymentDied,
	}
}

// handlePayment brings what a delivery tells into the ledger. It may be done any
// number of times, also at once.
func (f *Flow) handlePayment(ctx context.Context, job jobs.Job) error {
	err := f.carryDelivery(ctx, job)
	if refused, is := errors.AsType[*refusedError](err); is {
		return f.Store.RefuseDelivery(ctx, refused.delivery, refused.why)
	}
	if err != nil {
		f.putOff(ctx, job, err)
		return err
	}
	return f.Store.FinishDelivery(ctx, job.Site, job.Key)
}

// putOff lets the sweeper leave a delivery alone until its job's next attempt.
func (f *Flow) putOff(ctx context.Context, job jobs.Job, err error) {
	wait, snoozed := jobs.SnoozedFor(err, f.Now())
	if !snoozed && (job.LastAttempt || jobs.IsPermanent(err)) {
		return // paymentDied has it
	}
	if !snoozed {
		wait = max(f.nextDelay(job), jobs.RetryAfterOf(err))
		f.noteFailure(ctx, job, outcomeRetried, err)
	}
	f.putOffDelivery(context.WithoutCancel(ctx), job, wait)
}

func (f *Flow) putOffDelivery(ctx context.Context, job jobs.Job, wait time.Duration) {
	if err := f.Store.DeferDelivery(ctx, job.Site, job.Key, f.Now().Add(wait)); err != nil {
		f.Log.WarnContext(ctx, "payment.not_put_off", "site", job.Site, "delivery_id", job.Key, "reason", err.Error())
	}
}

// nextDelay is how long the job layer waits at most before the next attempt.
func (f *Flow) nextDelay(job jobs.Job) time.Duration {
	if n := job.Attempt - 1; n < len(f.Retries) {
		return f.Retries[n] + f.Retries[n]/4
	}
	return 0
}

// paymentDied keeps the body for a replay, and the sweeper from what is a dead
// letter's now.
func (f *Flow) paymentDied(ctx context.Context, job jobs.Job, err error) {
	if err := f.Store.ShelveDelivery(ctx, job.Site, job.Key, f.KeepDead); err != nil {
		f.Log.WarnContext(ctx, "payment.not_shelved", "site", job.Site, "delivery_id", job.Key, "reason", err.Error())
	}
	f.Metrics.DeadLetter(job.Site, KindPayment)
	f.noteFailure(ctx, job, outcomeDead, err)
	f.Log.ErrorContext(ctx, "payment.dead", "site", job.Site, "delivery_id", job.Key, "job_id", job.ID,
		"code", codeOf(err), "reason", err.Error())
}

func (f *Flow) carryDelivery(ctx context.Context, job jobs.Job) error {
	site := f.sites[job.Site]
	if site == nil {
		return jobs.WithCode(errNoSite, codeNoSite)
	}
	d, found, err := f.Store.Delivery(ctx, job.Site, job.Key)
	if err != nil {
		return err
	}
	if !found {
		return jobs.WithCode(jobs.Permanent(errBodyGone), codeBodyGone)
	}
	if d.Reason != "" { // another job for it was done meanwhile
		return &refusedError{d, d.Reason}
	}
	if err := f.prove(ctx, site, d); err != nil {
		return err
	}
	events, err := payment.Normalise(d.Provider, d.Body, d.HeaderValue, d.ReceivedAt)
	if err != nil {
		return jobs.WithCode(jobs.Permanent(err), codeUnreadable)
	}
	return f.takeIn(ctx, d, events)
}

// prove asks the provider whether it made a delivery of which nobody else can tell.
// What it did not make goes into the quarantine.
func (f *Flow) prove(ctx context.Context, site *Site, d store.PaymentDelivery) error {
	if !d.Unproven {
		return nil
	}
	proofs, ok := site.Proofs[d.Provider]
	if !ok {
		return jobs.WithCode(errNoSite, codeNoProvider)
	}
	err := f.Prove(ctx, d, proofs)
	if refused, is := errors.AsType[*payment.Refused](err); is {
		return f.refuse(ctx, d, refused.Reason)
	}
	if _, odd := errors.AsType[*payment.Unreadable](err); odd {
		return nil // what it is, is told with all that cannot be read
	}
	return providerFailed(err)
}

// refuse keeps a delivery apart that gives nothing as things are; then it returns a
// refusedError. Its provider will not send it again, so without room there it becomes a
// dead letter. What a provider's simulator made is of no use ever, and is not kept.
func (f *Flow) refuse(ctx context.Context, d store.PaymentDelivery, why payment.Reason) error {
	kept, err := false, error(nil)
	if why != payment.ReasonSimulator {
		if kept, err = f.keepApart(ctx, d, why); err != nil {
			return err
		}
	}
	outcome := OutcomeRefused
	if why == payment.ReasonTest {
		outcome = OutcomeTest
	}
	f.tell(ctx, told{delivery: d, outcome: outcome, code: string(why)})
	f.Log.WarnContext(ctx, "payment.refused", "site", d.Site, "provider", d.Provider, "delivery_id", d.ID,
		"reason", string(why), "quarantined", kept)
	return &refusedError{d, string(why)}
}

// keepApart quarantines a delivery. Of those without room the first are an error, and
// the others are counted there.
func (f *Flow) keepApart(ctx context.Context, d store.PaymentDelivery, why payment.Reason) (kept bool, err error) {
	kept, err = f.Store.Quarantine(ctx, d, string(why))
	if err != nil || kept {
		return kept, err
	}
	size, err := f.Store.QuarantineSize(ctx, d.Site, d.Provider)
	if err != nil {
		return false, err
	}
	if size.Refused <= maxNoRoom {
		return false, jobs.WithCode(jobs.Permanent(errNoRoom), codeNoRoom)
	}
	return false, nil
}

// providerFailed is what the job layer does about a provider that did not answer.
func providerFailed(err error) error {
	failure, is := errors.AsType[*provider.Error](err)
	if !is {
		return err
	}
	coded := jobs.WithCode(err, providerCode(failure))
	if failure.Kind() == provider.Canceled {
		return jobs.Snooze(0)
	}
	if failure.RetryAfter > 0 {
		return jobs.RetryAfter(coded, failure.RetryAfter)
	}
	return coded
}
