package reconcile

import (
	"context"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// claimed are members whose locks a revert holds, and of whose subscribers
// nothing is remembered any more.
type claimed struct {
	locks *store.Batch
	undos []undo
	cases []*member.Case
}

// claim takes the locks of members, forgets what is remembered of the list, so
// that it is never wrong, and notes in the journal what is about to be done.
// Whoever is with a worker is left to it.
func (r *run) claim(ctx context.Context, all []undo) (c claimed, unlock func(), err error) {
	claims := make([]store.Claim, len(all))
	for i, u := range all {
		claims[i] = store.Claim{ID: u.ID, Emails: u.addresses()}
	}
	locks, took, err := r.Store.LockBatch(ctx, r.req.Site.Name, claims, r.BatchLease)
	if err != nil {
		return c, nil, err
	}
	renewed := r.keepLocks(ctx, locks)
	unlock = func() {
		renewed()
		_ = locks.Unlock(ctx) // failing that, they end by themselves
	}
	defer func() {
		if err != nil {
			unlock()
		}
	}()
	c.locks = locks
	for i, u := range all {
		if took[i] {
			c.undos = append(c.undos, u)
			continue
		}
		r.tell(u.skipped())
	}
	if c.cases, err = r.forgetful(ctx, c.undos); err != nil {
		return c, nil, err
	}
	kept, err := locks.Save(ctx, c.cases)
	if err != nil {
		return c, nil, err
	}
	c.undos, c.cases = keep(c.undos, kept), keep(c.cases, kept)
	return c, unlock, r.journal.write(undoEntries(c.undos)...)
}

// forgetful are the members' cases as they are remembered, but for the list.
func (r *run) forgetful(ctx context.Context, undos []undo) ([]*member.Case, error) {
	ids := make([]string, len(undos))
	var emails []string
	for i, u := range undos {
		ids[i] = u.ID
		emails = append(emails, u.addresses()...)
	}
	recalled, err := r.Store.Recall(ctx, r.req.Site.Name, ids)
	if err != nil {
		return nil, err
	}
	known, err := r.Store.RecallAddresses(ctx, r.req.Site.Name, emails)
	if err != nil {
		return nil, err
	}
	cases := make([]*member.Case, len(undos))
	for i, u := range undos {
		cases[i] = &member.Case{ID: u.ID, Memory: recalled[i].Memory, Addresses: map[string]member.Address{}}
		cases[i].Memory.ForgetWritten()
		for _, email := range u.addresses() {
			key := member.AddressKey(email)
			cases[i].Addresses[key] = known[key]
		}
	}
	return cases, nil
}

// undoValues brings former values back by one import.
func (r *run) undoValues(ctx context.Context, all []undo) error {
	return r.again(ctx, func(ctx context.Context) error {
		whole := context.WithoutCancel(ctx)
		if err := r.slot(ctx); err != nil { // nobody is to be locked while that waits
			return err
		}
		c, unlock, err := r.claim(whole, all)
		if err != nil {
			return err
		}
		defer unlock()
		if len(c.undos) == 0 {
			return nil
		}
		i := campaignmonitor.Import{}
		for _, u := range c.undos {
			i.Subscribers = append(i.Subscribers, campaignmonitor.WriteOf(r.plan.step(u), r.req.Site.ConsentToTrack))
		}
		result, err := r.req.Site.List.Import(whole, r.req.Site.ListID, i)
		if err != nil {
			return err
		}
		refused := map[string]error{}
		for _, f := range result.Failures {
			refused[member.AddressKey(f.Email)] = f.Err()
		}
		for _, u := range c.undos {
			if err := refused[member.AddressKey(u.now.email)]; err != nil {
				u.change.Kind, u.change.Err = Fail, err
			}
			r.tell(u.change)
		}
		return nil
	})
}

func keep[T any](all []T, kept []bool) []T {
	var some []T
	for i, one := range all {
		if kept[i] {
			some = append(some, one)
		}
	}
	return some
}

func (u undo) addresses() []string {
	emails := []string{u.now.email}
	if u.change.ToEmail != "" {
		emails = append(emails, u.change.ToEmail)
	}
	return emails
}

func undoEntries(all []undo) []entry {
	var entries []entry
	for _, u := range all {
		e := entry{Kind: u.change.Kind, ID: u.ID, Reason: u.change.Reason}
		e.After = &snapshot{Email: u.now.email, Fields: map[string]string{}}
		e.Before = &snapshot{Email: u.now.email, Name: u.now.name, State: u.now.state, Fields: map[string]string{}}
		if u.change.ToEmail != "" {
			e.After.Email = u.change.ToEmail
		}
		for _, f := range u.change.Fields {
			e.Before.Fields[f.Field], e.After.Fields[f.Field] = f.From, f.To
		}
		entries = append(entries, e)
	}
	return entries
}
