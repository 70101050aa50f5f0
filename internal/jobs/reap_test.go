package jobs

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// killed writes what a process leaves behind that was killed with jobs in its hands.
func (b *bundle) killed(pool string, heartbeat bool, ids ...string) {
	b.t.Helper()
	ctx := b.t.Context()
	for _, id := range ids {
		b.client.LPush(ctx, inProgressKey(pool), Encode(Spec{ID: id, Kind: "sync"}).Raw)
		b.client.Incr(ctx, lockKey)
		b.client.HIncrBy(ctx, lockInfoKey, pool, 1)
	}
	if heartbeat {
		b.client.SAdd(ctx, poolsKey, pool)
		b.beat(pool, time.Now())
	}
}

func (b *bundle) beat(pool string, at time.Time) {
	b.client.HSet(b.t.Context(), heartbeatKey(pool), "heartbeat_at", at.Unix(), "host", "elsewhere", "pid", 7, "concurrency", 3)
}

func TestJobsOfADeadProcessRunAgain(t *testing.T) {
	t.Parallel()
	for name, heartbeat := range map[string]bool{"with a heartbeat that stopped": true, "that left without a heartbeat": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, seen := setup(t), &runs{}
			b.killed("foreign", heartbeat, "a", "b", "c")
			b.start(RunnerOptions{
				Kinds:     []Kind{kind(func(_ context.Context, j Job) error { seen.add(j); return nil })},
				reapEvery: 20 * time.Millisecond, deadAfter: 300 * time.Millisecond,
			})
			eventually(t, "all three ran", patience, func() bool { return seen.count() == 3 })
			eventually(t, "nothing of the pool is left", patience, func() bool {
				return !b.client.HExists(t.Context(), lockInfoKey, "foreign").Val() &&
					!b.client.SIsMember(t.Context(), poolsKey, "foreign").Val() &&
					b.client.Exists(t.Context(), heartbeatKey("foreign"), inProgressKey("foreign")).Val() == 0 && b.stats().Running == 0
			})
			b.nothingLeft()
		})
	}
}

func TestALivingProcessIsNeverReaped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.killed("foreign", true, "a")
	clock := time.Unix(1700000000, 0)
	r := &reaper{client: b.client, own: func() string { return "own" }, deadAfter: 12 * time.Second, now: func() time.Time { return clock }, seen: map[string]beat{}}
	look := func() int {
		n, err := r.look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range 20 { // its clock is a day behind: only that it moves matters
		b.beat("foreign", clock.Add(-24*time.Hour))
		if n := look(); n != 0 {
			t.Fatalf("reaped at beat %d", i)
		}
		clock = clock.Add(5 * time.Second)
	}
	clock = clock.Add(6 * time.Second)
	if n := look(); n != 0 {
		t.Error("reaped 11 s after its last beat was seen")
	}
	clock = clock.Add(time.Second)
	if n := look(); n != 1 {
		t.Error("not reaped 12 s after its last beat was seen")
	}
}

func TestAnOutageOfRedisKillsNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.killed("foreign", true, "a")
	clock := time.Unix(1700000000, 0)
	r := &reaper{client: b.client, own: func() string { return "own" }, deadAfter: 12 * time.Second, now: func() time.Time { return clock }, seen: map[string]beat{}}
	if _, err := r.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(time.Minute)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.look(gone); err == nil {
		t.Fatal("no error while Redis is away")
	}
	if n, err := r.look(t.Context()); n != 0 || err != nil {
		t.Errorf("reaped %d (%v) at once after the outage", n, err)
	}
}

func TestAHeartbeatThatMovesWhileJudgedSavesThePool(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.killed("foreign", true, "a")
	r := &reaper{client: b.client}
	if n, err := r.reap(t.Context(), "foreign", "1"); n != -1 || err != nil {
		t.Errorf("reaped %d, %v", n, err)
	}
	if n := b.client.LLen(t.Context(), inProgressKey("foreign")).Val(); n != 1 {
		t.Errorf("%d jobs in progress", n)
	}
}

func TestAProcessThatWasReapedAndWakesChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.killed("frozen", true, "a")
	raw := Encode(Spec{ID: "a", Kind: "sync"}).Raw
	r := &reaper{client: b.client}
	beat := b.client.HGet(t.Context(), heartbeatKey("frozen"), "heartbeat_at").Val()
	if n, err := r.reap(t.Context(), "frozen", beat); n != 1 || err != nil {
		t.Fatalf("reaped %d, %v", n, err)
	}
	late := commit{list: inProgressKey("frozen"), raw: raw, set: retryKey, score: 1, next: "x"}
	if err := late.repeat(t.Context(), b.client, "frozen"); err != nil {
		t.Fatal(err)
	}
	if s := b.stats(); s.Depth != 1 || s.Retrying != 0 || s.Running != 0 {
		t.Errorf("after the late commit: %+v", s)
	}
	if lock := b.client.Get(t.Context(), lockKey).Val(); lock != "0" {
		t.Errorf("the lock counts %s", lock)
	}
}

func TestTwoRunnersShareTheWorkAndTheirStopLeavesNothing(t *testing.T) {
	t.Parallel()
	b, seen := setup(t), &runs{}
	kinds := []Kind{kind(func(_ context.Context, j Job) error { seen.add(j); return nil })}
	stops := []func() error{b.start(RunnerOptions{Kinds: kinds}), b.start(RunnerOptions{Kinds: kinds})}
	for i := range 300 {
		b.enqueue(Spec{ID: fmt.Sprint(i), Kind: "sync"})
	}
	eventually(t, "every job ran", patience, func() bool { return seen.count() == 300 })
	eventually(t, "both beat", patience, func() bool { return b.stats().Workers == 2 })
	for _, stop := range stops {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	once := map[string]bool{}
	for _, r := range seen.list() {
		once[r.ID] = true
	}
	if len(once) != 300 || b.stats().Workers != 0 {
		t.Errorf("%d jobs ran; %d workers listed after the stop", len(once), b.stats().Workers)
	}
	b.nothingLeft()
}
