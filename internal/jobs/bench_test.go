package jobs

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

func BenchmarkEnqueueToHandler(b *testing.B) {
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: redistest.New(b).Socket(), Protocol: 2})
	defer client.Close()
	queue, got := NewQueue(client), make(chan struct{}, 1)
	r, err := NewRunner(RunnerOptions{Client: client, Queue: queue, Kinds: []Kind{kind(func(context.Context, Job) error {
		got <- struct{}{}
		return nil
	})}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	for b.Loop() {
		if _, err := queue.Enqueue(b.Context(), Spec{Kind: "sync", Site: "news", Key: "m1", ReceivedAt: time.Unix(1700000000, 0)}); err != nil {
			b.Fatal(err)
		}
		<-got
	}
	stop()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}

func BenchmarkEncode(b *testing.B) {
	for b.Loop() {
		if e := Encode(Spec{Kind: "sync", Site: "news", Key: "65f0c0ffee", Event: "member.edited", ReceivedAt: time.Unix(1700000000, 0)}); e.Raw == "" {
			b.Fatal("nothing encoded")
		}
	}
}
