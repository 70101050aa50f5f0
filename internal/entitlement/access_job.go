package entitlement

import (
	"context"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// How long an access job may take, and the locks under it, which outlast it.
const (
	accessTimeout = 45 * time.Second
	leaseFor      = 50 * time.Second
	lockedRetry   = time.Second
)

func (f *Flow) accessKind() jobs.Kind {
	return jobs.Kind{
		Name: KindAccess, Schedule: f.Retries, Timeout: accessTimeout, Handle: f.handleAccess, Died: f.accessDied,
	}
}

// visit is one run of an access job.
type visit struct {
	*Flow
	site  *Site
	job   jobs.Job
	begun time.Time

	gate   store.Gate
	met    bool // Ghost was asked something
	about  store.Versioned
	leases []*store.Lease
	did    act // what was written
	// overtaken is whether an event has changed the ledger meanwhile: what was settled
	// may be out of date already.
	overtaken bool
	linked    bool // v.about was saved in this visit, and is what is known of it
}

// handleAccess brings the access of an entitlement's person to what all of that
// person's entitlements ask for. It may run any number of times, also at once.
func (f *Flow) handleAccess(ctx context.Context, job jobs.Job) error {
	site := f.sites[job.Site]
	if site == nil {
		return jobs.WithCode(errNoSite, codeNoSite)
	}
	v := &visit{Flow: f, site: site, job: job, begun: f.Now()}
	bare := context.WithoutCancel(ctx) // what must be given back, also when the job's time is over
	err := v.passed(ctx)
	return v.ended(bare, err)
}

// passed does the work if the site's Ghost is not resting.
func (v *visit) passed(ctx context.Context) error {
	if err := v.enter(ctx); err != nil {
		return err
	}
	defer v.unlock(context.WithoutCancel(ctx))
	return v.carry(ctx)
}

// carry reads what is known of the person, settles that in Ghost, and keeps what
// came of it.
func (v *visit) carry(ctx context.Context) error {
	about, found, err := v.Store.Entitlement(ctx, v.site.Name, v.job.Key)
	if err != nil {
		return err
	}
	if !found { // forgotten, or past its days: its timer would ring for ever
		return v.Store.SetDue(ctx, v.site.Name, v.job.Key, time.Time{})
	}
	v.about = about
	if err := v.leaveFormers(ctx); err != nil {
		return err
	}
	if v.nothingToGive(ctx) {
		return v.keepAlone(ctx)
	}
	p, err := v.find(ctx)
	if err != nil {
		return err
	}
	theirs, err := v.theirs(ctx, p)
	if err != nil {
		return err
	}
	return v.bring(ctx, p, theirs)
}

// bring has Ghost give somebody what all that is theirs gives, and keeps what came
// of it.
func (v *visit) bring(ctx context.Context, p person, theirs []store.Versioned) error {
	wanted := payment.Desired(entitlementsIn(theirs), v.site.Mapping, v.Now())
	d, err := v.settle(ctx, &p, wanted)
	if err != nil {
		return err
	}
	return v.keep(ctx, p, theirs, wanted, d)
}

// nothingToGive says whether the entitlement gives nothing and never did, so that
// Ghost need not be asked.
func (v *visit) nothingToGive(ctx context.Context) bool {
	e := &v.about.Entitlement
	if e.Access(v.site.Mapping, v.Now()).Live() || e.Linked != "" || e.Outcome.MemberID != "" || v.mayBeNative() {
		return false
	}
	if e.Email() == "" {
		return true
	}
	_, begun, err := v.Store.Grant(ctx, v.site.Name, addressID(e.Email()))
	return err == nil && !begun
}

// mayBeNative is of a purchase by Stripe that the mapping does not know: it may be
// one of Ghost's own, which come to the same account.
func (v *visit) mayBeNative() bool {
	e := &v.about.Entitlement
	return e.Provider == payment.Stripe && e.Subject.Kind == payment.Subscription && e.Email() != "" &&
		e.Access(v.site.Mapping, v.Now()).State == payment.StateUnmapped
}

// lock takes the lock under which a member's tiers are written, or of an address
// that is no member's yet.
func (v *visit) lock(ctx context.Context, id string) (*store.Lease, error) {
	lease, free, err := v.Store.Lock(ctx, v.site.Name, "p:"+id, leaseFor)
	if err != nil {
		return nil, err
	}
	if !free {
		return nil, jobs.Snooze(lockedRetry)
	}
	v.leases = append(v.leases, lease)
	return lease, nil
}

func (v *visit) unlock(ctx context.Context) {
	for _, lease := range v.leases {
		_ = lease.Unlock(ctx) // failing that, it ends by itself
	}
	v.leases = nil
}

// addressID stands for the member that an address is to become.
func addressID(email string) string { return "a:" + member.AddressHash(email) }

func entitlementsIn(all []store.Versioned) []payment.Entitlement {
	out := make([]payment.Entitlement, len(all))
	for i, v := range all {
		out[i] = v.Entitlement
	}
	return out
}

// ended says what the job layer is to do, and has the sweeper leave the entitlement
// alone until then.
func (v *visit) ended(ctx context.Context, err error) error {
	err = v.judge(ctx, err)
	if err == nil {
		return nil
	}
	wait, snoozed := jobs.SnoozedFor(err, v.Now())
	if !snoozed && (v.job.LastAttempt || jobs.IsPermanent(err)) {
		return err // accessDied has it
	}
	if !snoozed {
		wait = max(v.nextDelay(v.job), jobs.RetryAfterOf(err))
		v.noteFailure(ctx, v.job, outcomeRetried, err)
	}
	v.putOffAccess(ctx, v.job, wait)
	return err
}

func (f *Flow) putOffAccess(ctx context.Context, job jobs.Job, wait time.Duration) {
	if err := f.Store.SetDue(ctx, job.Site, job.Key, f.Now().Add(wait+lostAfter)); err != nil {
		f.Log.WarnContext(ctx, "access.not_put_off", "site", job.Site, "entitlement", job.Key, "reason", err.Error())
	}
}

// accessDied shows an entitlement as failed. Its letter brings it back.
func (f *Flow) accessDied(ctx context.Context, job jobs.Job, cause error) {
	f.Metrics.DeadLetter(job.Site, KindAccess)
	f.noteFailure(ctx, job, outcomeDead, cause)
	f.Log.ErrorContext(ctx, "access.dead", "site", job.Site, "entitlement", job.Key, "job_id", job.ID,
		"code", codeOf(cause), "reason", cause.Error())
	if err := f.markFailed(ctx, job, cause); err != nil {
		f.Log.WarnContext(ctx, "access.not_marked", "site", job.Site, "entitlement", job.Key, "reason", err.Error())
	}
}

func (f *Flow) markFailed(ctx context.Context, job jobs.Job, cause error) error {
	for range maxTries {
		known, found, err := f.Store.Entitlement(ctx, job.Site, job.Key)
		if err != nil || !found {
			return err
		}
		e := known.Entitlement
		e.Outcome.State, e.Outcome.UpdatedAt, e.Due = payment.StateFailed, f.Now(), time.Time{}
		e.Outcome.Reason = "could not be done in Ghost: " + cause.Error()
		e.Outcome.Remedy = "it is tried again once Ghost is well; or replay its dead letter"
		if jobs.IsPermanent(cause) {
			e.Outcome.Remedy = "mend the cause, then retry it"
		}
		if _, saved, err := f.Store.SaveEntitlement(ctx, e, known.Version); saved || err != nil {
			return err
		}
	}
	return errContended
}
