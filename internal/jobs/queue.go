package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Queue puts jobs in and looks at what is there. It runs none: see Runner.
// It is safe for concurrent use.
type Queue struct {
	client redis.UniversalClient
	now    func() time.Time

	mu    sync.RWMutex
	wakes []func() // the runners of this process
}

// NewQueue makes a queue over a client that stays the caller's to close.
func NewQueue(client redis.UniversalClient) *Queue { return &Queue{client: client, now: time.Now} }

// Enqueue puts a job in and wakes a worker, in one round trip. If it returns an
// error the job may still have been queued.
func (q *Queue) Enqueue(ctx context.Context, s Spec) (id string, err error) {
	e := Encode(s)
	pipe := q.client.Pipeline()
	pushed := pipe.LPush(ctx, e.QueueKey, e.Raw)
	pipe.Publish(ctx, e.WakeChannel, "queued")
	_, _ = pipe.Exec(ctx) // the wake-up may fail: workers also poll
	if err := pushed.Err(); err != nil {
		return "", fmt.Errorf("enqueueing a job: %w", err)
	}
	q.Wake()
	return e.ID, nil
}

// Wake tells the runner in this process, if there is one, that there is a job.
// Those who push an Encoded job themselves call it afterwards.
func (q *Queue) Wake() {
	q.mu.RLock()
	defer q.mu.RUnlock()
	for _, wake := range q.wakes {
		wake()
	}
}

func (q *Queue) onWake(wake func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakes = append(q.wakes, wake)
}

// Stats is the queue at a glance.
type Stats struct {
	Depth    int           // jobs that wait for a worker
	Oldest   time.Duration // how long the next of them has waited; zero if none
	Running  int
	Retrying int // jobs that wait for a time: retries, snoozes, rate slots
	Dead     int
	Workers  int // processes with a living heartbeat
}

// Stats counts what there is, in two round trips.
func (q *Queue) Stats(ctx context.Context) (Stats, error) {
	pipe := q.client.Pipeline()
	depth, tail := pipe.LLen(ctx, queueKey), pipe.LIndex(ctx, queueKey, -1)
	running, retrying, dead := pipe.Get(ctx, lockKey), pipe.ZCard(ctx, retryKey), pipe.ZCard(ctx, deadKey)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return Stats{}, fmt.Errorf("reading the queue: %w", err)
	}
	workers, err := q.Workers(ctx)
	if err != nil {
		return Stats{}, err
	}
	s := Stats{Depth: int(depth.Val()), Retrying: int(retrying.Val()), Dead: int(dead.Val()), Workers: len(workers)}
	if n, err := running.Int(); err == nil {
		s.Running = max(n, 0)
	}
	if e, err := decode(tail.Val()); err == nil {
		s.Oldest = max(q.now().Sub(time.Unix(e.EnqueuedAt, 0)), 0)
	}
	return s, nil
}

// OldestQueuedAt is when the next job was enqueued, to the second; ok is false
// if none waits.
func (q *Queue) OldestQueuedAt(ctx context.Context) (at time.Time, ok bool, err error) {
	raw, err := q.client.LIndex(ctx, queueKey, -1).Result()
	if errors.Is(err, redis.Nil) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("reading the oldest job: %w", err)
	}
	e, err := decode(raw)
	if err != nil {
		return time.Time{}, false, nil //nolint:nilerr // a worker will bury it; it has no age
	}
	return time.Unix(e.EnqueuedAt, 0), true, nil
}
