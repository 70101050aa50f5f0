package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// reaper gives the jobs of dead processes back to the queue. A pool is dead when
// its heartbeat, written every 5 s, did not move for deadAfter while this
// reaper watched: clocks of different machines are never compared, and an
// outage of Redis, in which nobody can beat, kills nobody.
type reaper struct {
	client    redis.UniversalClient
	own       func() string // the pool of this process, which is never reaped
	deadAfter time.Duration
	now       func() time.Time
	seen      map[string]beat
}

type beat struct {
	value string // heartbeat_at; empty for a pool that left without one
	since time.Time
}

// look reads every pool's heartbeat and reaps the dead; to be called every few
// seconds, by one goroutine. It returns the number of jobs given back.
func (r *reaper) look(ctx context.Context) (requeued int, err error) {
	beats, err := r.beats(ctx)
	if err != nil {
		clear(r.seen)
		return 0, fmt.Errorf("reading heartbeats: %w", err)
	}
	for _, id := range r.unmoved(beats) {
		n, err := r.reap(ctx, id, beats[id])
		if err != nil {
			return requeued, fmt.Errorf("reaping a dead pool: %w", err)
		}
		delete(r.seen, id)
		requeued += max(n, 0)
	}
	return requeued, nil
}

// beats is the heartbeat of every known pool but our own. A pool that stopped
// in order is no longer listed; if it left jobs in progress, lock_info has it.
func (r *reaper) beats(ctx context.Context) (map[string]string, error) {
	listed, err := r.client.SMembers(ctx, poolsKey).Result()
	if err != nil {
		return nil, err
	}
	counted, err := r.client.HKeys(ctx, lockInfoKey).Result()
	if err != nil {
		return nil, err
	}
	own, beats := r.own(), map[string]string{}
	for _, id := range append(listed, counted...) {
		if _, done := beats[id]; done || id == own {
			continue
		}
		at, err := r.client.HGet(ctx, heartbeatKey(id), "heartbeat_at").Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, err
		}
		beats[id] = at
	}
	return beats, nil
}

func (r *reaper) unmoved(beats map[string]string) []string {
	var dead []string
	seen := make(map[string]beat, len(beats))
	for id, value := range beats {
		b, known := r.seen[id]
		if !known || b.value != value {
			b = beat{value: value, since: r.now()}
		}
		seen[id] = b
		if known && r.now().Sub(b.since) >= r.deadAfter {
			dead = append(dead, id)
		}
	}
	r.seen = seen
	return dead
}

func (r *reaper) reap(ctx context.Context, id, heartbeat string) (int, error) {
	keys := []string{inProgressKey(id), queueKey, lockKey, lockInfoKey, poolsKey, heartbeatKey(id)}
	return reapScript.Run(ctx, r.client, keys, id, heartbeat, wakeChannel).Int()
}
