package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

const (
	site    = "blog"
	id      = "65f0c0ffee65f0c0ffee65f0"
	channel = "wake"
	queue   = "{ghostcm}:jobs"
)

// bundle is a store over a Redis of the test's own, at a time of the test's own.
type bundle struct {
	*store.Store
	t     *testing.T
	redis *redis.Client

	mu  sync.Mutex
	now time.Time
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{t: t, now: time.UnixMilli(1_700_000_000_000)}
	b.redis = open(t, store.Options{URL: redistest.Start(t), Timeouts: store.WorkerTimeouts()})
	b.Store = store.New(b.redis, b.clock)
	return b
}

func (b *bundle) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bundle) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func job(name string) store.Job {
	return store.Job{ID: name, Raw: "raw " + name, QueueKey: queue, WakeChannel: channel}
}

// accept takes an event of the member, with a job that is named after it.
func (b *bundle) accept(name string, e member.Event) store.Receipt {
	b.t.Helper()
	e.Facts.ID = id
	r, err := b.Accept(b.t.Context(), store.Delivery{Site: site, EventID: "event-" + name, Event: e}, job(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// edited is an event that says little.
func (b *bundle) edited() member.Event {
	return member.Event{Type: member.Edited, SentAt: b.now}
}

// editedOf is edited of some member.
func (b *bundle) editedOf(id string) member.Event {
	e := b.edited()
	e.Facts.ID = id
	return e
}

// take takes what waits for the member, and gives its lock back at once.
func (b *bundle) take() store.Taken {
	b.t.Helper()
	begun := b.begin(id)
	if !begun.Found {
		b.t.Fatalf("nothing to take: %+v", begun)
	}
	if err := begun.Lease.Unlock(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	return begun.Taken
}

func (b *bundle) begin(id string) store.Begun {
	b.t.Helper()
	begun, err := b.Begin(b.t.Context(), site, id, "", store.Pace{}, time.Minute)
	if err != nil {
		b.t.Fatal(err)
	}
	return begun
}

// complete finishes the member's case as of that version, and says whether the
// entry is gone.
func (b *bundle) complete(version string) bool {
	b.t.Helper()
	lease := b.lock()
	c := member.New(member.Input{Entry: member.Entry{ID: id}})
	done, err := b.Finish(b.t.Context(), site, c, lease, version)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := lease.Unlock(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	return done
}

// release puts back what was taken, with a job of that name for newer events.
func (b *bundle) release(taken store.Taken, why store.Waiting, name string) {
	b.t.Helper()
	err := b.Release(b.t.Context(), store.Release{
		Site: site, ID: id, Version: taken.Version, Why: why, Due: b.now.Add(time.Hour), Keep: 24 * time.Hour, Job: job(name),
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// queued are the jobs in the queue, the oldest first.
func (b *bundle) queued() []string {
	b.t.Helper()
	jobs, err := b.redis.LRange(b.t.Context(), queue, 0, -1).Result()
	if err != nil {
		b.t.Fatal(err)
	}
	for i, j := 0, len(jobs)-1; i < j; i, j = i+1, j-1 {
		jobs[i], jobs[j] = jobs[j], jobs[i]
	}
	return jobs
}

func (b *bundle) lock() *store.Lease {
	b.t.Helper()
	lease, ok, err := b.Lock(b.t.Context(), site, id, time.Minute)
	if err != nil || !ok {
		b.t.Fatalf("the lock is not free: %t, %v", ok, err)
	}
	return lease
}

// lose ends a lease before its time.
func (b *bundle) lose() {
	b.t.Helper()
	if err := b.redis.Del(b.t.Context(), "{ghostcm}:lock:"+site+":m:"+id).Err(); err != nil {
		b.t.Fatal(err)
	}
}
