package jobs

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

func TestStoppingStartsNothingMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var started atomic.Int64
	finish := make(chan struct{})
	stop := b.start(RunnerOptions{Concurrency: 5, Queue: b.queue, Kinds: []Kind{kind(func(context.Context, Job) error {
		started.Add(1)
		<-finish
		return nil
	})}})
	for range 100 {
		b.enqueue(Spec{Kind: "sync"})
	}
	eventually(t, "all workers are busy", patience, func() bool { return started.Load() == 5 })
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	eventually(t, "the runner is draining", patience, b.runner.keeper.isClosed)
	close(finish)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if n := started.Load(); n != 5 {
		t.Errorf("%d jobs were started after the stop", n-5)
	}
	if s := b.stats(); s.Depth != 95 || s.Running != 0 || s.Workers != 0 {
		t.Errorf("left: %+v", s)
	}
}

func TestDrainingLetsHandlersFinish(t *testing.T) {
	t.Parallel()
	b, running := setup(t), make(chan struct{})
	finish := make(chan struct{})
	stop := b.start(RunnerOptions{Kinds: []Kind{kind(func(ctx context.Context, _ Job) error {
		close(running)
		<-finish
		return ctx.Err()
	})}})
	b.enqueue(Spec{Kind: "sync"})
	<-running
	time.AfterFunc(200*time.Millisecond, func() { close(finish) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if s := b.stats(); s != (Stats{}) {
		t.Errorf("left: %+v", s)
	}
}

func TestHandlersThatOutlastTheDrainAreCancelledAndLoseNoAttempt(t *testing.T) {
	t.Parallel()
	b, running := setup(t), make(chan struct{}, 1)
	stop := b.start(RunnerOptions{DrainTimeout: 400 * time.Millisecond, Kinds: []Kind{kind(func(ctx context.Context, _ Job) error {
		running <- struct{}{}
		<-ctx.Done()
		return errors.New("the call was cut off")
	})}})
	b.enqueue(Spec{Kind: "sync"})
	<-running
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if s := b.stats(); s != (Stats{Retrying: 1}) {
		t.Errorf("left: %+v", s)
	}
	got := make(chan Job, 1)
	b.start(RunnerOptions{Kinds: []Kind{kind(func(_ context.Context, j Job) error { got <- j; return nil })}})
	if j := <-got; j.Attempt != 1 {
		t.Errorf("came back as attempt %d", j.Attempt)
	}
}

func TestAHungHandlerCannotHoldUpTheStop(t *testing.T) {
	t.Parallel()
	b, running, hang := setup(t), make(chan struct{}), make(chan struct{})
	defer close(hang)
	stop := b.start(RunnerOptions{DrainTimeout: 400 * time.Millisecond, grace: time.Hour, Kinds: []Kind{kind(func(context.Context, Job) error {
		close(running)
		<-hang
		return nil
	})}})
	b.enqueue(Spec{Kind: "sync"})
	<-running
	start := time.Now()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("stopping took %s", took)
	}
	if s := b.stats(); s != (Stats{Retrying: 1}) {
		t.Errorf("left: %+v", s)
	}
	if b.logs.count("job.abandoned") != 1 {
		t.Errorf("not reported:\n%s", b.logs.text())
	}
}

func TestStoppingWithoutRedisEnds(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]bool{"gone before the start": true, "gone while idle": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			if before {
				b.server.Kill()
			}
			stop := b.start(RunnerOptions{DrainTimeout: time.Second, Kinds: []Kind{kind(func(context.Context, Job) error { return nil })}})
			if before {
				eventually(t, "the runner tries", patience, func() bool { return b.logs.count("jobs.redis_unreachable") > 0 })
			} else {
				eventually(t, "the runner beats", patience, func() bool { return b.stats().Workers == 1 })
				b.server.Kill()
			}
			start := time.Now()
			_ = stop() // whether it could tidy up is not the question
			if took := time.Since(start); took > 8*time.Second {
				t.Errorf("stopping took %s", took)
			}
		})
	}
}

func TestARunnerThatStartedBeforeRedisWorksWhenItComes(t *testing.T) {
	t.Parallel()
	b, got := setup(t), make(chan Job, 1)
	b.server.Kill()
	b.start(RunnerOptions{Kinds: []Kind{kind(func(_ context.Context, j Job) error { got <- j; return nil })}})
	eventually(t, "the runner tries", patience, func() bool { return b.logs.count("jobs.redis_unreachable") > 0 })
	b.server.Restart()
	id := b.enqueue(Spec{Kind: "sync"})
	select {
	case j := <-got:
		if j.ID != id {
			t.Errorf("got %+v", j)
		}
	case <-time.After(patience):
		t.Fatal("the job did not run")
	}
}

func TestARunnerRunsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, err := NewRunner(RunnerOptions{Client: b.client, Kinds: []Kind{kind(func(context.Context, Job) error { return nil })}})
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ended); err != nil {
		t.Fatal(err)
	}
	if err := r.Run(ended); !errors.Is(err, errRanBefore) {
		t.Errorf("the second Run returned %v", err)
	}
}
