package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gocraft/work"
	"github.com/redis/go-redis/v9"
)

func TestEncodeWritesWhatTheLibraryReads(t *testing.T) {
	t.Parallel()
	e := Encode(Spec{ID: "j1", Kind: "sync", Site: "news", Key: "m1", EnqueuedAt: time.Unix(1700000000, 0)})
	var got work.Job
	if err := json.Unmarshal([]byte(e.Raw), &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != "job" || got.ID != "j1" || got.EnqueuedAt != 1700000000 || got.Args["key"] != "m1" {
		t.Errorf("the library reads %+v", got)
	}
	if e.ID != "j1" || e.QueueKey != "{ghostcm}:jobs:job" || e.WakeChannel != "{ghostcm}:wake" {
		t.Errorf("encoded for elsewhere: %+v", e)
	}
	if a, b := Encode(Spec{}), Encode(Spec{}); a.ID == b.ID || len(a.ID) != 24 {
		t.Errorf("ids %q and %q", a.ID, b.ID)
	}
}

func TestStatsCountWhatWaitsAndWhatRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if s := b.stats(); s != (Stats{}) {
		t.Errorf("an empty queue has %+v", s)
	}
	if _, ok, err := b.queue.OldestQueuedAt(t.Context()); ok || err != nil {
		t.Errorf("an empty queue has an oldest job (%v)", err)
	}
	now := time.Unix(1700000000, 0)
	b.queue.now = func() time.Time { return now }
	b.enqueue(Spec{Kind: "sync", EnqueuedAt: now.Add(-90 * time.Second)})
	b.enqueue(Spec{Kind: "sync", EnqueuedAt: now})
	b.client.ZAdd(t.Context(), retryKey, redis.Z{Score: 1, Member: "r"})
	b.client.ZAdd(t.Context(), deadKey, redis.Z{Score: 1, Member: "d1"}, redis.Z{Score: 1, Member: "d2"})
	b.killed("alive", false, "x")
	b.client.SAdd(t.Context(), poolsKey, "alive", "silent")
	b.beat("alive", now.Add(-14*time.Second))
	b.beat("silent", now.Add(-15*time.Second))
	if s, want := b.stats(), (Stats{Depth: 2, Oldest: 90 * time.Second, Running: 1, Retrying: 1, Dead: 2, Workers: 1}); s != want {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
	if at, ok, err := b.queue.OldestQueuedAt(t.Context()); !ok || err != nil || !at.Equal(now.Add(-90*time.Second)) {
		t.Errorf("oldest %v %t %v", at, ok, err)
	}
	ws, err := b.queue.Workers(t.Context())
	if err != nil || len(ws) != 1 || ws[0].ID != "alive" || ws[0].Host != "elsewhere" || ws[0].PID != 7 || ws[0].Concurrency != 3 || ws[0].Running != 1 {
		t.Errorf("workers %+v, %v", ws, err)
	}
}

func TestExpediteMovesTheSitesRetriesOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	later := float64(time.Now().Add(time.Hour).Unix())
	wait := func(id, site, slot string, score float64) {
		e := entry{Name: jobName, ID: id, Args: map[string]string{argSite: site}}
		e.set(argSlot, slot)
		b.client.ZAdd(t.Context(), retryKey, redis.Z{Score: score, Member: e.encode()})
	}
	pipe := b.client.Pipeline()
	for i := range 3000 {
		e := entry{Name: jobName, ID: fmt.Sprint(i), Args: map[string]string{argSite: "news", argKey: strings.Repeat("k", 40)}}
		pipe.ZAdd(t.Context(), retryKey, redis.Z{Score: later, Member: e.encode()})
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait("other", "news2", "", later)
	wait("slot", "news", "1700000000000", later)
	wait("due", "news", "", 5)
	b.client.ZAdd(t.Context(), retryKey, redis.Z{Score: later, Member: `poison "site":"news"`})
	if n, err := b.queue.Expedite(t.Context(), "news"); n != 3000 || err != nil {
		t.Errorf("expedited %d, %v", n, err)
	}
	waiting := b.client.ZRangeArgs(t.Context(), redis.ZRangeArgs{Key: retryKey, Start: later, Stop: "+inf", ByScore: true}).Val()
	if len(waiting) != 3 {
		t.Errorf("%d jobs still wait, want the other site's, the one with a slot, and what is no job", len(waiting))
	}
	if n := b.client.ZCount(t.Context(), retryKey, "5", "5").Val(); n != 1 {
		t.Error("a job that was due before was put off")
	}
	if n, err := b.queue.Expedite(t.Context(), "a site with a space"); n != 0 || err != nil {
		t.Errorf("expedited %d, %v", n, err)
	}
}

func TestAnEntryThatIsNoJobEndsAmongTheDead(t *testing.T) {
	t.Parallel()
	b, seen := setup(t), &runs{}
	poison := []string{"not json", "{}", `{"name":"job","id":"x","args":{"kind":7}}`, `{"name":"other","id":"x","args":{}}`, ""}
	for _, p := range poison {
		b.client.LPush(t.Context(), queueKey, p)
	}
	if _, ok, err := b.queue.OldestQueuedAt(t.Context()); ok || err != nil {
		t.Errorf("poison has an age (%v)", err)
	}
	b.start(RunnerOptions{Kinds: []Kind{kind(func(_ context.Context, j Job) error { seen.add(j); return nil })}})
	b.enqueue(Spec{Kind: "sync"})
	eventually(t, "the job behind it ran", patience, func() bool { return seen.count() == 1 })
	eventually(t, "all of it was buried", patience, func() bool { return b.stats().Dead == len(poison) })
	b.nothingLeft()
	if b.logs.count("jobs.unreadable_entry") == 0 || strings.Contains(b.logs.text(), "not json") {
		t.Errorf("the log should name the fact and not the content:\n%s", b.logs.text())
	}
	for _, l := range b.dead(DeadFilter{}) {
		if !strings.Contains(l.Reason, "not a job") {
			t.Errorf("reason %q", l.Reason)
		}
		if _, err := b.queue.Replay(t.Context(), l, Revival{}); !errors.Is(err, ErrUnreadable) {
			t.Errorf("replaying it: %v", err)
		}
		if ok, err := b.queue.Drop(t.Context(), l); !ok || err != nil {
			t.Errorf("dropping it: %t, %v", ok, err)
		}
	}
	if n := b.stats().Dead; n != 0 {
		t.Errorf("%d still there", n)
	}
}

func TestAWaitingEntryThatIsNoJobHoldsUpNoRetry(t *testing.T) {
	t.Parallel()
	b, seen := setup(t), &runs{}
	for i, p := range []string{"not json", ""} {
		b.client.ZAdd(t.Context(), retryKey, redis.Z{Score: float64(i), Member: p})
	}
	b.client.ZAdd(t.Context(), retryKey, redis.Z{Score: 100, Member: Encode(Spec{Kind: "sync"}).Raw})
	b.start(RunnerOptions{Kinds: []Kind{kind(func(_ context.Context, j Job) error { seen.add(j); return nil })}})
	eventually(t, "the retry behind them ran", patience, func() bool { return seen.count() == 1 })
	eventually(t, "it is done", patience, func() bool { return b.stats() == Stats{Dead: 2, Workers: 1} })
	b.nothingLeft()
}

func TestAnEnqueueEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.enqueue(Spec{}) // the connection exists
	b.server.Freeze()
	defer b.server.Thaw()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: b.server.Socket(), ContextTimeoutEnabled: true, MaxRetries: -1})
	defer client.Close()
	start := time.Now()
	if _, err := NewQueue(client).Enqueue(ctx, Spec{}); err == nil {
		t.Error("no error from a Redis that does not answer")
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}
