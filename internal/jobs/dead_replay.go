package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
)

// ErrUnreadable is returned for an entry that is no job and cannot be replayed.
var ErrUnreadable = errors.New("the entry is no job: it can only be dropped")

// Revival says how a dead letter becomes a job again.
type Revival struct {
	// Run names the replay that this is a part of. What becomes of the job carries
	// it, so that a replay can tell its own letters from those that it is still to
	// meet (DeadFilter.Except). Empty: it names none.
	Run string
	// Keep leaves the letter where it is; the job gets an id of its own.
	Keep bool
}

// Grave is where a dead letter lies, for those who take it out in a Redis script
// of their own: only who finds Raw in the sorted set Key may push its job.
type Grave struct{ Key, Raw string }

// Grave says where the letter lies. The letter must come from Dead.
func (l DeadLetter) Grave() Grave { return Grave{Key: deadKey, Raw: l.raw} }

// Revive makes the job that the letter was, with all its attempts but still
// remembering its history. It changes nothing. The letter must come from Dead;
// ErrUnreadable if it is no job.
func (q *Queue) Revive(l DeadLetter, r Revival) (Encoded, error) {
	e, err := decode(l.raw)
	if err != nil {
		return Encoded{}, ErrUnreadable
	}
	again := entry{Name: jobName, ID: e.ID, EnqueuedAt: q.now().Unix(), Args: maps.Clone(e.Args)}
	if r.Keep {
		again.ID = newID()
	}
	for _, arg := range []string{argAttempts, argCode, argRun} {
		delete(again.Args, arg)
	}
	again.set(argRun, r.Run)
	return Encoded{ID: again.ID, QueueKey: queueKey, Raw: again.encode(), WakeChannel: wakeChannel}, nil
}

// Replay queues the job again, in one step with the letter's removal. It is false
// if the letter is gone: replayed or dropped by another.
func (q *Queue) Replay(ctx context.Context, l DeadLetter, r Revival) (bool, error) {
	job, err := q.Revive(l, r)
	if err != nil {
		return false, err
	}
	keep := 0
	if r.Keep {
		keep = 1
	}
	n, err := moveScript.Run(ctx, q.client, []string{deadKey, queueKey}, l.raw, job.Raw, wakeChannel, keep).Int()
	if err != nil {
		return false, fmt.Errorf("replaying dead letter %s: %w", l.ID, err)
	}
	q.Wake()
	return n == 1, nil
}

// Drop forgets the letter. It is false if it was gone already. The letter must
// come from Dead.
func (q *Queue) Drop(ctx context.Context, l DeadLetter) (bool, error) {
	n, err := q.client.ZRem(ctx, deadKey, l.raw).Result()
	if err != nil {
		return false, fmt.Errorf("dropping dead letter %s: %w", l.ID, err)
	}
	return n == 1, nil
}

// trackPage is how many jobs are looked at in one round trip.
const trackPage = 1000

// Underway counts the jobs of a replay that are neither done nor dead letters
// again. It reads the whole queue. A job that falls due while it reads may be
// missed: none is underway when two readings in a row say so.
func (q *Queue) Underway(ctx context.Context, run string) (n int, err error) {
	lists := []string{queueKey}
	pools, err := q.client.HKeys(ctx, lockInfoKey).Result()
	if err != nil {
		return 0, fmt.Errorf("reading jobs in progress: %w", err)
	}
	for _, pool := range pools {
		lists = append(lists, inProgressKey(pool))
	}
	for _, list := range lists {
		found, err := q.inList(ctx, list, run)
		if err != nil {
			return 0, err
		}
		n += found
	}
	waiting, err := q.inRetry(ctx, run)
	return n + waiting, err
}

func (q *Queue) inList(ctx context.Context, list, run string) (n int, err error) {
	for start := int64(0); ; start += trackPage {
		page, err := q.client.LRange(ctx, list, start, start+trackPage-1).Result()
		if err != nil {
			return 0, fmt.Errorf("reading jobs: %w", err)
		}
		for _, raw := range page {
			n += ofRun(raw, run)
		}
		if len(page) < trackPage {
			return n, nil
		}
	}
}

func (q *Queue) inRetry(ctx context.Context, run string) (n int, err error) {
	for cursor := uint64(0); ; {
		page, next, err := q.client.ZScan(ctx, retryKey, cursor, "", trackPage).Result()
		if err != nil {
			return 0, fmt.Errorf("reading waiting jobs: %w", err)
		}
		for i := 0; i < len(page); i += 2 { // members and scores in turn
			n += ofRun(page[i], run)
		}
		if cursor = next; cursor == 0 {
			return n, nil
		}
	}
}

func ofRun(raw, run string) int {
	if e, err := decode(raw); err == nil && e.Args[argRun] == run {
		return 1
	}
	return 0
}
