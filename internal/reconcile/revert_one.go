package reconcile

import (
	"context"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// undoOne takes a change back that an import cannot.
func (r *run) undoOne(ctx context.Context, u undo) error {
	return r.again(ctx, func(ctx context.Context) error {
		whole := context.WithoutCancel(ctx)
		c, unlock, err := r.claim(whole, []undo{u})
		if err != nil {
			return err
		}
		defer unlock()
		if len(c.undos) == 0 {
			return nil
		}
		o := &single{run: r, undo: u, claimed: c, subject: c.cases[0]}
		done := false
		switch u.way {
		case updating:
			done, err = o.update(ctx)
		case deleting:
			done, err = o.delete(ctx)
		default:
			done, err = o.restore(ctx)
		}
		switch {
		case err != nil:
			return err
		case !done:
			r.tell(u.skipped())
			return nil
		}
		r.tell(u.change)
		return nil
	})
}

// single is one member whose locks are held.
type single struct {
	*run
	undo
	claimed
	subject *member.Case
}

// request makes a paced call whose refusals are answers.
func (o *single) request(ctx context.Context, call func(context.Context) error) (member.Result, error) {
	if err := o.slot(ctx); err != nil {
		return member.Result{}, err
	}
	return campaignmonitor.Answer(call(context.WithoutCancel(ctx)))
}

// keep saves the member. Once its lock is lost nothing more may be written of it.
func (o *single) keep(ctx context.Context) error {
	kept, err := o.locks.Save(context.WithoutCancel(ctx), o.cases)
	if err == nil && !kept[0] {
		return store.ErrLeaseLost
	}
	return err
}

func (o *single) address(email string, change func(*member.Address)) {
	key := member.AddressKey(email)
	a := o.subject.Addresses[key]
	change(&a)
	o.subject.Addresses[key] = a
}

// update brings former values, or the former address, back.
func (o *single) update(ctx context.Context) (done bool, err error) {
	site := o.req.Site
	write := campaignmonitor.WriteOf(o.plan.step(o.undo), site.ConsentToTrack)
	answer, err := o.request(ctx, func(ctx context.Context) error {
		return site.List.Update(ctx, site.ListID, o.now.email, write)
	})
	if err != nil || answer.Answer != member.Done {
		return false, err
	}
	if o.change.ToEmail == "" {
		return true, nil
	}
	o.address(o.now.email, func(a *member.Address) { *a = member.Address{} })
	o.address(o.change.ToEmail, func(a *member.Address) { a.Owner, a.ClaimedAt = o.ID, o.Now().UnixMilli() })
	o.subject.Memory.Email = write.Email
	return true, o.keep(ctx)
}

// read looks whether the subscriber is as the plan has it.
func (o *single) read(ctx context.Context) (r member.Result, err error) {
	var s campaignmonitor.Subscriber
	r, err = o.request(ctx, func(ctx context.Context) (err error) {
		s, err = o.req.Site.List.Subscriber(ctx, o.req.Site.ListID, o.now.email)
		return err
	})
	r.State, r.Date = s.State, s.Date
	return r, err
}

// delete removes who was added, if still active, and remembers that it was not
// the person's own doing; who had left before the run, is left as one who did.
func (o *single) delete(ctx context.Context) (done bool, err error) {
	r, err := o.read(ctx)
	if err != nil || r.State != member.StateActive {
		return false, err
	}
	o.address(o.now.email, func(a *member.Address) {
		*a = member.Address{Removal: &member.Removal{Delete: true}}
		if o.Kind == Resubscribe {
			*a = member.Address{OptOut: &member.OptOut{State: member.StateDeleted}}
		}
	})
	o.subject.Memory.Forsake()
	if err := o.keep(ctx); err != nil {
		return false, err
	}
	site := o.req.Site
	if _, err := o.request(ctx, func(ctx context.Context) error { return site.List.Delete(ctx, site.ListID, o.now.email) }); err != nil {
		return false, err
	}
	if r, err = o.read(ctx); err != nil || r.State == member.StateActive { // it does not show yet
		return err == nil, err
	}
	o.address(o.now.email, func(a *member.Address) { a.Observe(r) })
	return true, o.keep(ctx)
}

// restore brings back who was removed, if the list still shows our removal: any
// other inactive state is the person's own choice. The member counts as deleted no
// longer, or nothing that Ghost tells of it would be written.
func (o *single) restore(ctx context.Context) (done bool, err error) {
	r, err := o.read(ctx)
	key := member.AddressKey(o.now.email)
	if err != nil || !o.subject.Addresses[key].RemovedByUs(r.State, r.Date) {
		return false, err
	}
	if !isStranger(o.ID) {
		o.subject.Memory.Undelete(o.now.email)
		o.address(o.now.email, o.own)
		if err := o.keep(ctx); err != nil {
			return false, err
		}
	}
	i := campaignmonitor.Import{
		Subscribers: []campaignmonitor.Write{{Email: o.now.email, KeepName: true, ConsentToTrack: o.req.Site.ConsentToTrack}},
		Resubscribe: true,
	}
	var result campaignmonitor.ImportResult
	_, err = o.request(ctx, func(ctx context.Context) (err error) {
		result, err = o.req.Site.List.Import(ctx, o.req.Site.ListID, i)
		return err
	})
	if err != nil || len(result.Failures) > 0 {
		return false, err
	}
	o.address(o.now.email, func(a *member.Address) { a.Removal = nil })
	return true, o.keep(ctx)
}

// own gives an address back to the member, unless it is another's by now.
func (o *single) own(a *member.Address) {
	if a.Owner == "" {
		a.Owner, a.ClaimedAt = o.ID, o.Now().UnixMilli()
	}
}
