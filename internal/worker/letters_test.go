package worker_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// The other kinds have no inbox: their letters are all there is. Members' letters
// are tried with the whole program, in package program.
func TestALetterOfAnotherKindIsReplayedAndFollowedByItsJob(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: redistest.New(t).Socket(), Protocol: 2})
	t.Cleanup(func() { _ = client.Close() })
	queue := jobs.NewQueue(client)
	letters := worker.Letters{Store: store.New(client, time.Now), Queue: queue}
	var mended atomic.Bool
	grant := jobs.Kind{Name: "grant", Handle: func(_ context.Context, j jobs.Job) error {
		if mended.Load() && j.Key == "mendable" {
			return nil
		}
		return jobs.Permanent(errors.New("no such tier"))
	}}
	runUntilTheEnd(t, jobs.RunnerOptions{Client: client, Queue: queue, Kinds: []jobs.Kind{grant}})
	for _, key := range []string{"mendable", "hopeless", "unwanted"} {
		if _, err := queue.Enqueue(t.Context(), jobs.Spec{Kind: "grant", Site: "blog", Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	awaitDead(t, queue, 3)
	mended.Store(true)
	following := letters.Follow("run")
	for letter, err := range queue.Dead(t.Context(), jobs.DeadFilter{Except: "run"}) {
		if err != nil {
			t.Fatal(err)
		}
		if letter.Key == "unwanted" {
			if ok, err := letters.Drop(t.Context(), letter); !ok || err != nil {
				t.Errorf("dropped: %t, %v", ok, err)
			}
			continue
		}
		if kept, err := letters.Kept(t.Context(), letter); kept.Waiting != "" || err != nil {
			t.Errorf("kept %+v, %v", kept, err)
		}
		if fate, err := letters.Replay(t.Context(), letter, jobs.Revival{Run: "run"}); fate != worker.Replayed || err != nil {
			t.Errorf("%s, %v", fate, err)
		}
		following.Add(letter)
		if fate, err := letters.Replay(t.Context(), letter, jobs.Revival{Run: "run"}); fate != worker.Gone || err != nil {
			t.Errorf("a second time: %s, %v", fate, err)
		}
	}
	ended, err := following.Wait(t.Context(), 30*time.Second, 5*time.Millisecond)
	if ended != (worker.Ended{Done: 1, DiedAgain: 1}) || err != nil {
		t.Errorf("ended %+v, %v", ended, err)
	}
}

func TestWhatIsNoJobCanOnlyBeDropped(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: redistest.New(t).Socket(), Protocol: 2})
	t.Cleanup(func() { _ = client.Close() })
	letters := worker.Letters{Store: store.New(client, time.Now), Queue: jobs.NewQueue(client)}
	if err := client.ZAdd(t.Context(), jobs.Namespace+":dead", redis.Z{Score: 1, Member: "{"}).Err(); err != nil {
		t.Fatal(err)
	}
	for letter, err := range letters.Queue.Dead(t.Context(), jobs.DeadFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := letters.Replay(t.Context(), letter, jobs.Revival{}); !errors.Is(err, jobs.ErrUnreadable) {
			t.Errorf("replayed: %v", err)
		}
		if ok, err := letters.Drop(t.Context(), letter); !ok || err != nil {
			t.Errorf("dropped: %t, %v", ok, err)
		}
	}
	awaitDead(t, letters.Queue, 0)
}

func runUntilTheEnd(t *testing.T, o jobs.RunnerOptions) {
	t.Helper()
	runner, err := jobs.NewRunner(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func awaitDead(t *testing.T, queue *jobs.Queue, want int) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		s, err := queue.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Dead == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d dead letters, not %d", s.Dead, want)
		}
	}
}
