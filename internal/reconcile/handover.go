package reconcile

import (
	"context"
	"errors"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// event is what listings of jobs show as the event of a member that a run handed
// over.
const event = "sync"

// handOver leaves members to the workers: durably, once for each.
func (r *run) handOver(ctx context.Context, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	ids := make([]string, len(items))
	for i, it := range items {
		ids[i] = it.facts.ID
	}
	if !r.req.DryRun {
		if err := r.journal.before(items); err != nil {
			return err
		}
		if err := r.mark(ctx, ids); err != nil {
			return err
		}
	}
	for _, it := range items {
		it.change.Handed = true
		r.tell(it.change)
	}
	return nil
}

// mark has members read and written anew.
func (r *run) mark(ctx context.Context, ids []string) error {
	marks := make([]store.Mark, len(ids))
	for i, id := range ids {
		job := jobs.Encode(jobs.Spec{Kind: r.JobKind, Site: r.req.Site.Name, Key: id, Event: event, ReceivedAt: r.Now()})
		marks[i] = store.Mark{ID: id, Job: store.Job{ID: job.ID, QueueKey: job.QueueKey, Raw: job.Raw, WakeChannel: job.WakeChannel}}
	}
	return r.Store.Mark(ctx, r.req.Site.Name, marks)
}

// settleRival finds out who has an address that another member is remembered to
// own: where both still have it, in two spellings, it stays with the other, or
// every run would turn it around.
func (r *run) settleRival(ctx context.Context, it *item) error {
	if it.rival == "" {
		return nil
	}
	theirs := false
	err := r.again(ctx, func(ctx context.Context) error {
		facts, err := r.req.Site.Ghost.Member(ctx, it.rival)
		switch {
		case errors.Is(err, ghost.ErrNotFound):
			return nil
		case err == nil:
			theirs = member.SameAddress(facts.Email.Value, it.facts.Email.Value)
		}
		return err
	})
	if err != nil {
		return err
	}
	if theirs {
		it.decision = r.plan.skip(&it.subject, DuplicateAddress)
		return nil
	}
	it.cleared = true
	return nil
}
