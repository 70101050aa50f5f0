package reconcile

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/member"
)

// chunkSize is how many members are recalled and decided at once.
const chunkSize = 1000

// chunk is a part of Ghost's members, in the order of their ids.
type chunk struct {
	members []member.Facts
	bad     []string  // ids of records that cannot be read
	from    time.Time // before the first was asked for
	last    string    // the last id in it
}

// walked is what a walk sends: a chunk, or, last, why it ended early.
type walked struct {
	chunk
	err error
}

// walk reads ahead of whoever takes the chunks, so that Ghost need not wait for
// the deciding. It ends with its context.
func (r *run) walk(ctx context.Context, members iter.Seq2[member.Facts, error]) <-chan walked {
	out := make(chan walked, 4)
	r.readers.Go(func() {
		defer close(out)
		send := func(w walked) bool {
			select {
			case out <- w:
				return true
			case <-ctx.Done():
				return false
			}
		}
		c := chunk{from: r.Now()}
		for facts, err := range members {
			switch {
			case errors.Is(err, ghost.ErrInvalidMember):
				c.bad = append(c.bad, facts.ID)
			case err != nil:
				send(walked{err: fmt.Errorf("reading Ghost's members: %w", err)})
				return
			default:
				c.members = append(c.members, facts)
			}
			if c.last = facts.ID; len(c.members)+len(c.bad) < chunkSize {
				continue
			}
			if !send(walked{chunk: c}) {
				return
			}
			c = chunk{from: r.Now(), members: make([]member.Facts, 0, chunkSize)}
		}
		if len(c.members)+len(c.bad) > 0 {
			send(walked{chunk: c})
		}
	})
	return out
}

// allMembers walks through Ghost, and goes on where a request failed for no
// lasting reason.
func (r *run) allMembers(ctx context.Context, after string) iter.Seq2[member.Facts, error] {
	return func(yield func(member.Facts, error) bool) {
		stopped := false
		for !stopped {
			progressed := false
			err := r.again(ctx, func(ctx context.Context) error {
				for facts, err := range r.req.Site.Ghost.Members(ctx, after) {
					if err != nil && !errors.Is(err, ghost.ErrInvalidMember) {
						if progressed { // a new row of tries
							return nil
						}
						return err
					}
					after, progressed = facts.ID, true
					if !yield(facts, err) {
						stopped = true
						return nil
					}
				}
				stopped = true
				return nil
			})
			if err != nil {
				yield(member.Facts{}, err)
				return
			}
		}
	}
}
