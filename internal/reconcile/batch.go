package reconcile

import (
	"context"
	"errors"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// errUnreadable is of a record of Ghost's that is no member.
var errUnreadable = errors.New("ghost shows a record that cannot be read as a member")

// execute carries a batch out: what was decided is decided once more under the
// members' locks, since a webhook may have been faster, and written by one
// import.
func (w *walker) execute(ctx context.Context, b *batch) error {
	if w.req.DryRun {
		for _, it := range b.items {
			w.tell(it.change)
		}
		return nil
	}
	done := map[*item]bool{}
	err := w.again(ctx, func(ctx context.Context) error {
		var left []*item
		for _, it := range b.items {
			if !done[it] {
				left = append(left, it)
			}
		}
		a := &attempt{walker: w, done: done}
		return a.run(ctx, left)
	})
	if err != nil {
		err = errors.Join(err, w.doubt(context.WithoutCancel(ctx), b, done))
	}
	return err
}

// attempt is one try to carry a batch out.
type attempt struct {
	*walker
	done   map[*item]bool // told, or handed over
	locks  *store.Batch
	handed []*item
	paid   bool // the import's rate slot is taken, and not used yet
}

// run ends with everybody done, or with an error after which the next attempt,
// or the next run, finds what is left to do.
func (a *attempt) run(ctx context.Context, items []*item) error {
	// Once begun, an attempt ends in good order though the run is told to stop: its
	// requests are bounded in time.
	whole := context.WithoutCancel(ctx)
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := a.pay(ctx, items); err != nil {
		return err
	}
	defer a.giveBack(whole)
	items, err := a.lock(whole, items)
	if err != nil {
		return err
	}
	defer a.keepLocks(whole, a.locks)()
	defer func() { // failing that, they end by themselves
		if a.locks != nil {
			_ = a.locks.Unlock(whole)
		}
	}()
	if items, err = a.decideAgain(whole, items); err != nil {
		return err
	}
	if err := a.writeAll(ctx, whole, items); err != nil {
		return err
	}
	if err := a.locks.Unlock(whole); err != nil {
		return err
	}
	a.locks = nil
	return a.handOverDone(whole)
}

// lock takes the locks of all members that are free. A worker has the others.
func (a *attempt) lock(ctx context.Context, items []*item) ([]*item, error) {
	claims := make([]store.Claim, len(items))
	for i, it := range items {
		claims[i] = store.Claim{ID: it.facts.ID, Emails: it.emails}
	}
	locks, took, err := a.Store.LockBatch(ctx, a.req.Site.Name, claims, a.BatchLease)
	if err != nil {
		return nil, err
	}
	a.locks = locks
	var free []*item
	for i, it := range items {
		if took[i] {
			free = append(free, it)
		} else {
			a.hand(it)
		}
	}
	return free, nil
}

// decideAgain decides from what is remembered now. Whoever was written by a
// worker meanwhile, or waits for one, is left to it.
func (a *attempt) decideAgain(ctx context.Context, items []*item) ([]*item, error) {
	c := chunk{}
	for _, it := range items {
		c.members = append(c.members, it.facts)
	}
	now := make([]item, len(items))
	if err := a.recall(ctx, c, now); err != nil {
		return nil, err
	}
	// Only while the run has its lock is it known whom workers wrote since it began.
	if err := a.walker.lock.Renew(ctx); err != nil {
		return nil, err
	}
	var same []*item
	for i, it := range items {
		fresh := now[i].subject
		fresh.shown, fresh.now, fresh.cleared = it.shown, it.now, it.cleared
		it.subject = fresh
		it.decision = a.plan.decide(&it.subject, new(member.Case))
		switch it.way {
		case nothing:
			a.finish(it)
		case remember, write:
			same = append(same, it)
		default:
			a.hand(it)
		}
	}
	return same, nil
}

// writeAll saves what is to be remembered, imports what is to be written, and
// saves what came of it.
func (a *attempt) writeAll(ctx, whole context.Context, items []*item) error {
	var quiet, writes []*item
	for _, it := range items {
		if it.way == write {
			it.Begin(it.step)
			writes = append(writes, it)
		} else {
			quiet = append(quiet, it)
		}
	}
	kept, err := a.save(whole, append(quiet, writes...))
	if err != nil {
		return err
	}
	for _, it := range quiet {
		if kept[it] {
			a.finish(it)
		}
	}
	var sent []*item
	for _, it := range writes {
		if kept[it] {
			sent = append(sent, it)
		}
	}
	if len(sent) == 0 {
		return nil
	}
	if err := a.journal.before(sent); err != nil {
		return err
	}
	return a.importAll(ctx, whole, sent)
}

// save keeps the items' memories; those that were not kept are handed over,
// because another has their locks.
func (a *attempt) save(ctx context.Context, items []*item) (map[*item]bool, error) {
	cases := make([]*member.Case, len(items))
	for i, it := range items {
		cases[i] = it.Case
	}
	flags, err := a.locks.Save(ctx, cases)
	if err != nil {
		return nil, err
	}
	kept := make(map[*item]bool, len(items))
	for i, it := range items {
		if kept[it] = flags[i]; !flags[i] {
			a.hand(it)
		}
	}
	return kept, nil
}

// importAll sends the import and learns from the answer.
func (a *attempt) importAll(ctx, whole context.Context, items []*item) error {
	if !a.paid {
		if err := a.slot(ctx); err != nil {
			return err
		}
	}
	a.paid = false
	i := campaignmonitor.Import{Subscribers: make([]campaignmonitor.Write, len(items))}
	for n, it := range items {
		it.sent = true
		i.Subscribers[n] = campaignmonitor.WriteOf(it.step, a.req.Site.ConsentToTrack)
	}
	result, err := a.req.Site.List.Import(whole, a.req.Site.ListID, i)
	if err != nil {
		return err
	}
	refused := map[string]campaignmonitor.ImportFailure{}
	for _, failure := range result.Failures {
		refused[member.AddressKey(failure.Email)] = failure
	}
	var written []*item
	for _, it := range items {
		if failure, bad := refused[member.AddressKey(it.step.Want.Email)]; bad {
			a.refuse(it, failure)
			continue
		}
		it.Learn(it.step, member.Result{New: it.change.Kind == Add})
		if next := it.Next(); next.Action != member.Finish {
			a.hand(it)
			continue
		}
		written = append(written, it)
	}
	kept, err := a.save(whole, written)
	if err != nil {
		return err
	}
	for _, it := range written {
		if kept[it] {
			a.finish(it)
		}
	}
	return nil
}

// refuse leaves one whom the import did not take to a worker, once: it finds out
// what becomes of the fields, or makes a dead letter with the reason.
func (a *attempt) refuse(it *item, failure campaignmonitor.ImportFailure) {
	answer, err := campaignmonitor.Answer(failure.Err())
	switch {
	case err == nil && answer.Answer == member.BadAddress:
		it.change.Kind, it.change.Reason, it.change.Err = Fail, InvalidAddress, failure.Err()
	case err == nil && answer.Answer == member.Unconfirmed:
		it.change.Kind, it.change.Reason = Update, Unconfirmed
	case err == nil:
		it.change.Kind, it.change.Reason = Update, refusal(failure.Code)
	}
	a.journal.undone(it)
	a.hand(it)
}

// refusal is the reason that a code of Campaign Monitor's gives.
func refusal(code int) Reason {
	switch code {
	case 205:
		return DeletedOnList
	case 206:
		return OptedOut
	case 207:
		return Bounced
	}
	return Suppressed
}

// finish tells of a member that is done.
func (a *attempt) finish(it *item) {
	a.done[it] = true
	if it.way == write {
		outcome := member.Updated
		if it.change.Kind == Add {
			outcome = member.Created
		}
		a.Metrics.MemberOutcome(a.req.Site.Name, string(outcome))
	}
	a.tell(it.change)
}

// hand leaves a member to a worker, once the locks are given back.
func (a *attempt) hand(it *item) { a.handed = append(a.handed, it) }

func (a *attempt) handOverDone(ctx context.Context) error {
	if err := a.handOver(ctx, a.handed); err != nil {
		return err
	}
	for _, it := range a.handed {
		a.done[it] = true
	}
	return nil
}
