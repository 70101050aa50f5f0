package jobs

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// The demo runs on an in-memory Redis written in Go, whose scripts differ in
// details. It has to carry a job through everything that can happen to one.
func TestTheInMemoryRedisOfTheDemoIsEnough(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr(), Protocol: 2})
	t.Cleanup(func() { _ = client.Close() })
	b := &bundle{t: t, client: client, queue: NewQueue(client), logs: &logBuffer{}}
	b.killed("foreign", true, "reaped")
	b.die(1200, 700, time.Unix(1700000000, 0))
	seen := &runs{}
	stop := b.start(RunnerOptions{
		Queue: b.queue, reapEvery: 20 * time.Millisecond, deadAfter: 100 * time.Millisecond, DeadLimit: 1000,
		Kinds: []Kind{kind(func(_ context.Context, j Job) error {
			switch n := seen.add(j); {
			case j.Key == "dies":
				return Permanent(errors.New("gone"))
			case j.Key == "waits" && n == 1:
				return RetryAfter(errors.New("later"), time.Hour)
			}
			return nil
		}, time.Millisecond)},
	})
	eventually(t, "trimmed", patience, func() bool { return b.stats().Dead == 1000 })
	eventually(t, "the dead process' job ran", patience, func() bool { return seen.count() == 1 })
	b.enqueue(Spec{Kind: "sync", Site: "news", Key: "waits"})
	dies := b.enqueue(Spec{Kind: "sync", Site: "news", Key: "dies"})
	eventually(t, "one waits, one died", patience, func() bool { s := b.stats(); return s.Retrying == 1 && s.Dead == 1001 })
	if n, err := b.queue.Expedite(t.Context(), "news"); n != 1 || err != nil {
		t.Errorf("expedited %d, %v", n, err)
	}
	eventually(t, "the one that waited ran again", patience, func() bool { return seen.count() == 4 })
	if all := b.dead(DeadFilter{}); len(all) != 1001 {
		t.Errorf("streamed %d dead letters", len(all))
	}
	for _, l := range b.dead(DeadFilter{ID: dies}) {
		if ok, err := b.queue.Replay(t.Context(), l, Revival{}); !ok || err != nil {
			t.Errorf("replay: %t, %v", ok, err)
		}
	}
	eventually(t, "the replayed one ran again", patience, func() bool { return seen.count() == 5 })
	if err := stop(); err != nil {
		t.Error(err)
	}
	b.nothingLeft()
}
