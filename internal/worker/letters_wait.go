package worker

import (
	"context"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Replays follows the letters of one replay until each is done or dead again. It
// holds the name of each member, and nothing else of the letters.
type Replays struct {
	letters Letters
	run     string
	members map[store.Ref]int // how many letters each has
	others  int               // letters of other kinds
	quiet   int               // readings in a row without a job of them
	ended   Ended
}

// Ended is how the letters of a replay stand, by their number.
type Ended struct {
	Done      int
	DiedAgain int
	Waiting   int // still queued, running, or waiting for a retry
}

// Follow begins to follow the replay of that name (jobs.Revival.Run).
func (l Letters) Follow(run string) *Replays {
	return &Replays{letters: l, run: run, members: map[store.Ref]int{}}
}

// Add follows a letter that was replayed.
func (r *Replays) Add(letter jobs.DeadLetter) {
	r.quiet = 0
	if letter.Kind != KindMember {
		r.others++
		return
	}
	r.members[store.Ref{Site: letter.Site, ID: letter.Key}]++
}

// Wait looks every interval until no letter waits any more, patience is over, or
// ctx ends, which is no error either: what then still waits is counted as waiting.
func (r *Replays) Wait(ctx context.Context, patience, every time.Duration) (Ended, error) {
	ticker, over := time.NewTicker(every), time.NewTimer(patience)
	defer ticker.Stop()
	defer over.Stop()
	for {
		if err := r.look(ctx); err != nil && ctx.Err() == nil {
			return r.stand(), err
		}
		if r.stand().Waiting == 0 {
			return r.stand(), nil
		}
		select {
		case <-ctx.Done():
			return r.stand(), nil
		case <-over.C:
			return r.stand(), nil
		case <-ticker.C:
		}
	}
}

func (r *Replays) stand() Ended {
	e := r.ended
	for _, n := range r.members {
		e.Waiting += n
	}
	e.Waiting += r.others
	return e
}

func (r *Replays) look(ctx context.Context) error {
	const atOnce = 500
	page := make([]store.Ref, 0, atOnce)
	for ref := range r.members {
		if page = append(page, ref); len(page) == atOnce {
			if err := r.settle(ctx, page); err != nil {
				return err
			}
			page = page[:0]
		}
	}
	if err := r.settle(ctx, page); err != nil || r.others == 0 {
		return err
	}
	return r.settleOthers(ctx)
}

// settle counts the members whose entry is gone, or dead again.
func (r *Replays) settle(ctx context.Context, members []store.Ref) error {
	waits, err := r.letters.Store.Waits(ctx, members)
	if err != nil {
		return err
	}
	for i, wait := range waits {
		switch wait {
		case "":
			r.ended.Done += r.members[members[i]]
		case string(store.Dead):
			r.ended.DiedAgain += r.members[members[i]]
		default:
			continue
		}
		delete(r.members, members[i])
	}
	return nil
}

// settleOthers counts by jobs what has no inbox: one reading of the queue alone
// may miss a job that is moved meanwhile.
func (r *Replays) settleOthers(ctx context.Context) error {
	underway, err := r.letters.Queue.Underway(ctx, r.run)
	if err != nil {
		return err
	}
	if r.quiet++; underway > 0 {
		r.quiet = 0
	}
	if r.quiet < 2 {
		return nil
	}
	again := 0
	for letter, err := range r.letters.Queue.Dead(ctx, jobs.DeadFilter{}) {
		if err != nil {
			return err
		}
		if letter.Run == r.run && letter.Kind != KindMember {
			again++
		}
	}
	again = min(again, r.others)
	r.ended.Done, r.ended.DiedAgain, r.others = r.ended.Done+r.others-again, r.ended.DiedAgain+again, 0
	return nil
}
