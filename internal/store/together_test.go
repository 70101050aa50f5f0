package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

// storm takes one event of each of n members at once, and returns what became of
// each.
func (b *bundle) storm(n int) (receipts []store.Receipt, failed []error) {
	receipts, failed = make([]store.Receipt, n), make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			e := b.edited()
			e.Facts = member.Facts{ID: memberNo(i)}
			d := store.Delivery{Site: site, EventID: fmt.Sprint("event-", i), Event: e}
			receipts[i], failed[i] = b.Accept(b.t.Context(), d, job(fmt.Sprint("job-", i)))
		})
	}
	all.Wait()
	return receipts, failed
}

func memberNo(i int) string { return fmt.Sprintf("%024x", i) }

func TestEventsThatComeAtOnceGetEachTheirAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 500
	for range 2 { // the second time Redis has forgotten the script
		receipts, failed := b.storm(n)
		for i, r := range receipts {
			if failed[i] != nil || r.JobID != fmt.Sprint("job-", i) {
				t.Fatalf("event %d: %+v, %v", i, r, failed[i])
			}
		}
		if backlog, err := b.Backlog(t.Context()); backlog.Members != n || err != nil {
			t.Errorf("%d members wait, %v", backlog.Members, err)
		}
		if err := b.redis.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		if err := b.redis.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnEventThatCannotBeTakenFailsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const broken = 7
	b.redis.Set(t.Context(), "{ghostcm}:inbox:"+site+":"+memberNo(broken), "no hash", 0)
	_, failed := b.storm(50)
	for i, err := range failed {
		if (err != nil) != (i == broken) {
			t.Errorf("event %d: %v", i, err)
		}
	}
}

// Ghost waits for 2 s: whatever Redis does, nobody waits for the others.
func TestWhoseTimeIsUpIsLetGo(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	b := &bundle{t: t, now: time.UnixMilli(1_700_000_000_000)}
	b.redis = open(t, store.Options{URL: server.URL(), Timeouts: store.WorkerTimeouts()})
	b.Store = store.New(b.redis, func() time.Time { return b.now })
	b.accept("one", b.edited())
	server.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			e := b.edited()
			e.Facts = member.Facts{ID: memberNo(i)}
			if _, err := b.Accept(ctx, store.Delivery{Site: site, Event: e}, job("late")); err == nil {
				t.Errorf("event %d was taken by nobody", i)
			}
		})
	}
	all.Wait() // Redis does not answer before it is thawed
	server.Thaw()
	b.accept("two", b.edited())
}
