package reconcile_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/store"
)

// rename gives a member another name, and a webhook tells.
func (w *world) rename(m ghosttest.Member, name string) {
	w.t.Helper()
	if err := w.ghost.EditMember(m.ID, func(m *ghosttest.Member) { m.Name = name }); err != nil {
		w.t.Error(err)
	}
	w.webhook(member.Edited, m)
}

func memberLock(id string) string { return "{ghostcm}:lock:" + siteName + ":m:" + id }

// locked waits until a member is locked, or the context ends, and says when.
func (w *world) locked(ctx context.Context, id string) time.Time {
	for ctx.Err() == nil {
		if w.redis.Exists(ctx, memberLock(id)).Val() == 1 {
			return time.Now()
		}
		time.Sleep(time.Millisecond)
	}
	return time.Time{}
}

func TestMembersStayLockedAsLongAsTheirImportTakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(3)
	w.engine.BatchLease = 150 * time.Millisecond
	m := w.member(person(1).Email)
	done := make(chan struct{})
	w.sync(at(reconcile.Members, 1, func() {
		w.list.SetDelay(4 * w.engine.BatchLease)
		go func() {
			defer close(done)
			w.locked(t.Context(), m.ID)
			for w.redis.Exists(t.Context(), memberLock(m.ID)).Val() == 1 {
				time.Sleep(time.Millisecond)
			}
			if w.state(m.Email) == "" {
				t.Error("the lock ended while the import was under way")
			}
		}()
	}))
	<-done
	w.agrees()
}

func TestNobodyIsLockedWhileAnImportWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(3)
	id := w.member(person(1).Email).ID
	const rest = 500 * time.Millisecond
	var until time.Time
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	first := make(chan time.Time, 1)
	w.sync(at(reconcile.Members, 1, func() {
		until = time.Now().Add(rest)
		if err := w.store.HoldBack(t.Context(), siteName, w.site.Pace, rest); err != nil {
			t.Error(err)
		}
		go func() { first <- w.locked(ctx, id) }()
	}))
	stop()
	if at := <-first; !at.IsZero() && at.Before(until) {
		t.Errorf("locked %v before the import could be sent", until.Sub(at))
	}
	w.agrees()
}

func TestASlotThatNoImportUsesIsGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(1)
	calls := w.sync(dryRun).Calls
	if _, ok, err := w.store.Lock(t.Context(), siteName, w.member(person(0).Email).ID, time.Minute); !ok {
		t.Fatal(err)
	}
	r := w.sync(nil)
	if spare := w.redis.LLen(t.Context(), "{ghostcm}:spare:"+siteName).Val(); spare != 1 || r.Handed != 1 || r.Calls != calls {
		t.Errorf("%d spare, %d calls instead of %d, %+v", spare, r.Calls, calls, r)
	}
}

// Without its lock, a run does not know whom workers wrote since it read the list.
func TestARunThatLostItsLockWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(1000) // a full batch, which is on its way at once
	_, err := w.engine.Run(t.Context(), w.request(at(reconcile.Listing, 1, func() {
		w.redis.Del(t.Context(), "{ghostcm}:run:"+siteName, "{ghostcm}:touched:"+siteName)
	})))
	if !errors.Is(err, store.ErrRunLost) || w.list.WriteCount() != 0 {
		t.Errorf("%v, %d writes", err, w.list.WriteCount())
	}
}

// The answer to an import is lost, a worker writes something newer, and then the
// import takes effect after all.
func TestAnImportThatTakesEffectLateDoesNotUndoAWorker(t *testing.T) {
	t.Parallel()
	for _, stopped := range []bool{false, true} {
		w := newWorld(t, worldOptions{})
		w.work()
		w.populate(3)
		w.engine.FirstWait = time.Second
		m := w.member(person(1).Email)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for !strings.Contains(w.log.all(), "sync.retry") && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			w.rename(m, "Newest")
			w.idle()
			w.list.Seed(w.listID, cmtest.Subscriber{Email: m.Email, Name: m.Name})
			if stopped {
				stop()
			}
		}()
		_, err := w.engine.Run(ctx, w.request(at(reconcile.Members, 1, func() { w.list.FailNext(cmtest.BadGateway) })))
		if stopped != errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		<-done
		w.idle()
		if s, _ := w.list.Subscriber(w.listID, m.Email); s.Name != "Newest" {
			t.Errorf("stopped %t: the old name %q stands", stopped, s.Name)
		}
	}
}
