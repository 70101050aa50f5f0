package worker

import (
	"context"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Letters does what people do with dead letters. A letter about a member is moved
// together with what waits in the member's inbox, in one step, so that whoever is
// killed meanwhile has either done it or not; of the other kinds there is only
// the letter.
type Letters struct {
	Store *store.Store
	Queue *jobs.Queue
}

// Fate is what became of a letter that was to be replayed.
type Fate string

// The fates.
const (
	// Replayed is queued, or joined to a job of the same member that was.
	Replayed Fate = "replayed"
	// Gone is nothing to replay: another replayed or dropped it, or a newer event
	// has brought the member up to date, and the letter is removed.
	Gone Fate = "gone"
)

// Replay has the job done again, with the newest facts there are. The letter must
// come from Queue.Dead; jobs.ErrUnreadable if it is no job.
func (l Letters) Replay(ctx context.Context, letter jobs.DeadLetter, r jobs.Revival) (Fate, error) {
	job, err := l.Queue.Revive(letter, r)
	if err != nil {
		return "", err
	}
	if letter.Kind != KindMember {
		found, err := l.Queue.Replay(ctx, letter, r)
		return fate(found), err
	}
	became, err := l.Store.Revive(ctx, ofMember(letter), r.Keep,
		store.Job{ID: job.ID, QueueKey: job.QueueKey, Raw: job.Raw, WakeChannel: job.WakeChannel})
	if err != nil {
		return "", err
	}
	l.Queue.Wake()
	return fate(became == store.Requeued || became == store.Joined), nil
}

func fate(found bool) Fate {
	if found {
		return Replayed
	}
	return Gone
}

// Drop forgets a letter and the facts that it kept, unless newer events wait with
// them. It is false if the letter was gone already.
func (l Letters) Drop(ctx context.Context, letter jobs.DeadLetter) (bool, error) {
	if letter.Kind != KindMember {
		return l.Queue.Drop(ctx, letter)
	}
	return l.Store.DropLetter(ctx, ofMember(letter))
}

// Kept is what waits for the letter's member; empty for the other kinds.
func (l Letters) Kept(ctx context.Context, letter jobs.DeadLetter) (store.Kept, error) {
	if letter.Kind != KindMember {
		return store.Kept{}, nil
	}
	return l.Store.Kept(ctx, letter.Site, letter.Key)
}

func ofMember(letter jobs.DeadLetter) store.Letter {
	grave := letter.Grave()
	return store.Letter{Site: letter.Site, ID: letter.Key, Key: grave.Key, Raw: grave.Raw, JobID: letter.ID}
}
