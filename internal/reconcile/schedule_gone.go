package reconcile

import (
	"context"
	"errors"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// isOfOne says whether an error is about one record alone.
func isOfOne(err error) bool { return errors.Is(err, ghost.ErrInvalidMember) }

// letGo marks those who left Ghost, and whom we once wrote, for a worker, which
// asks Ghost for each and keeps to the day's bound. Are they more than the bound
// leaves, none is: this may be another site's Ghost.
func (c *catchUp) letGo(ctx context.Context, gone []string) error {
	gone, err := c.written(ctx, gone)
	if err != nil || len(gone) == 0 {
		return err
	}
	left, err := c.Store.VanishedLeft(ctx, c.site.Name)
	if err != nil {
		return err
	}
	if len(gone) > left {
		c.held += len(gone)
		c.found[foundHeld] += len(gone)
		return nil
	}
	marks := make([]store.Mark, len(gone))
	for i, id := range gone {
		job := jobs.Encode(jobs.Spec{Kind: c.JobKind, Site: c.site.Name, Key: id, Event: event, ReceivedAt: c.Now()})
		marks[i] = store.Mark{ID: id, Job: store.Job{ID: job.ID, QueueKey: job.QueueKey, Raw: job.Raw, WakeChannel: job.WakeChannel}}
	}
	c.found[foundGone] += len(gone)
	return c.Store.Mark(ctx, c.site.Name, marks)
}

// written leaves out those who never were on the list by our doing, those of
// whose deletion a webhook told, and those who are a worker's or a dead letter.
func (c *catchUp) written(ctx context.Context, gone []string) ([]string, error) {
	known, err := c.Store.Recall(ctx, c.site.Name, gone)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i, id := range gone {
		if m := known[i].Memory; known[i].Waiting == "" && m.Email != "" && m.DeletedAt == 0 {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
