package jobs

import (
	"context"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
)

func TestTheLibrarysOwnReaperFindsNothingToReap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.killed("foreign", true, "a")
	raw, err := dialer(b.client)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := &conn{Conn: raw, keeper: newKeeper(1, time.Second)}
	defer c.Close()
	if pools, err := redis.Strings(c.Do("SMEMBERS", poolsKey)); err != nil || len(pools) != 0 {
		t.Errorf("it finds %v, %v", pools, err)
	}
}

func TestACommitOfAnUnknownShapeIsAnError(t *testing.T) {
	t.Parallel()
	c := &conn{keeper: newKeeper(1, time.Second)}
	for _, send := range [][]any{{"MULTI"}, {"DEL", "something"}} {
		if err := c.Send(send[0].(string), send[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Do("EXEC"); err == nil {
		t.Error("a job's end was swallowed")
	}
}

func TestAProcessKeepsItsRunningJobs(t *testing.T) {
	t.Parallel()
	b, seen, finish := setup(t), &runs{}, make(chan struct{})
	b.start(RunnerOptions{
		Kinds:     []Kind{kind(func(_ context.Context, j Job) error { seen.add(j); <-finish; return nil })},
		reapEvery: 10 * time.Millisecond, deadAfter: 50 * time.Millisecond, sweepEvery: 5 * time.Millisecond,
	})
	b.enqueue(Spec{Kind: "sync"})
	eventually(t, "it runs", patience, func() bool { return seen.count() == 1 })
	b.killed("foreign", true, "other") // reaped by the same looks that see our own pool
	eventually(t, "the foreign pool's job runs", patience, func() bool { return seen.count() == 2 })
	close(finish)
	eventually(t, "both are done", patience, func() bool { return b.stats() == Stats{Workers: 1} })
	if n := seen.count(); n != 2 {
		t.Errorf("%d runs of two jobs", n)
	}
}
