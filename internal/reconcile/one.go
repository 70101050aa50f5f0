package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/member"
)

// Find looks a subscriber of the site's list up; found is false if there is none.
type Find func(ctx context.Context, email string) (s campaignmonitor.Subscriber, found bool, err error)

// One says what a full sync would do now for a member as Ghost shows it. It writes
// nothing, and tries nothing twice.
//
// Errors: *FieldsMissingError, *ghost.Error and *campaignmonitor.Error, and those
// of find.
func (e *Engine) One(ctx context.Context, req Request, facts member.Facts, find Find) (Change, error) {
	r, err := e.single(ctx, req)
	if err != nil {
		return Change{}, err
	}
	r.list, r.plan.list = &listing{}, &listing{} // the list is looked at, though not as a whole
	items := make([]item, 1)
	if err := r.recall(ctx, chunk{members: []member.Facts{facts}, from: r.report.Began}, items); err != nil {
		return Change{}, err
	}
	s := &items[0].subject
	if err := r.lookUp(ctx, s, find); err != nil {
		return Change{}, err
	}
	d := r.plan.decide(s, new(member.Case))
	if d.rival != "" {
		theirs, err := r.rivalHas(ctx, d.rival, facts.Email.Value)
		if err != nil {
			return Change{}, err
		}
		if theirs {
			return r.plan.skip(s, DuplicateAddress).change, nil
		}
	}
	return d.change, nil
}

// OneGone says what a full sync with Prune would do now with a subscriber whom
// Ghost does not have. A member whom Ghost has after all is One's.
func (e *Engine) OneGone(ctx context.Context, req Request, subscriber campaignmonitor.Subscriber) (Change, error) {
	r, err := e.single(ctx, req)
	if err != nil {
		return Change{}, err
	}
	c := Change{Kind: Unchanged, Email: subscriber.Email, Name: subscriber.Name}
	if kind := r.removalKind(); kind != "" && subscriber.State == member.StateActive {
		c.Kind, c.Reason = kind, NotInGhost
	}
	return c, nil
}

// single is a run that decides and does nothing else.
func (e *Engine) single(ctx context.Context, req Request) (*run, error) {
	req.DryRun = true
	r := &run{Engine: e, req: req, adding: true, report: Report{Site: req.Site.Name, Began: e.Now()}}
	shape, err := req.Site.List.Shape(ctx, req.Site.ListID, req.Site.Fields)
	if err != nil {
		return nil, fmt.Errorf("asking for the list's fields: %w", err)
	}
	if len(shape.Missing) > 0 {
		return nil, &FieldsMissingError{Site: req.Site.Name, Fields: shape.Missing}
	}
	r.layout = shape.Layout.Settled()
	r.plan = newPlanner(req, r.layout, r.report.Began)
	if req.Site.Policy.Resubscribe == member.ResubscribeGhostOptIns {
		present, err := req.Site.List.SystemDate(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking Campaign Monitor for its time: %w", err)
		}
		r.plan.since = func(date string) time.Time { return campaignmonitor.SameClock(present, date, r.report.Began) }
	}
	return r, nil
}

// lookUp finds what the list shows at the member's addresses.
func (r *run) lookUp(ctx context.Context, s *subject, find Find) error {
	keys := columnsOf(r.layout)
	for _, email := range s.emails {
		subscriber, found, err := find(ctx, email)
		if err != nil {
			return err
		}
		if !found {
			s.shown = append(s.shown, member.Sighting{At: email})
			continue
		}
		s.shown = append(s.shown, r.plan.sighting(keys.row(subscriber), email))
	}
	return nil
}

// rivalHas says whether Ghost shows the address at another member.
func (r *run) rivalHas(ctx context.Context, id, email string) (bool, error) {
	facts, err := r.req.Site.Ghost.Member(ctx, id)
	if errors.Is(err, ghost.ErrNotFound) {
		return false, nil
	}
	return err == nil && member.SameAddress(facts.Email.Value, email), err
}
