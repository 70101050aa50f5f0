package reconcile_test

import (
	"context"
	"sync"
	"testing"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// at does something once, in the first step of a phase.
func at(phase reconcile.Phase, n int, do func()) func(*reconcile.Request) {
	var once sync.Once
	return func(r *reconcile.Request) {
		r.OnProgress = func(p reconcile.Progress) {
			if p.Phase != phase {
				return
			}
			if n--; n <= 0 {
				once.Do(do)
			}
		}
	}
}

// The run has read the member and decided to write it; a webhook is faster.
func TestWhatAWorkerWroteMeanwhileIsNotOverwritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(10)
	w.sync(nil)
	m := w.member(person(4).Email)
	w.list.Seed(w.listID, cmtest.Subscriber{Email: m.Email, Name: "By Hand"})
	r := w.sync(at(reconcile.Members, 1, func() {
		if err := w.ghost.EditMember(m.ID, func(m *ghosttest.Member) { m.Name = "Newest" }); err != nil {
			t.Error(err)
		}
		w.webhook(member.Edited, m)
		w.idle()
	}))
	if s, _ := w.list.Subscriber(w.listID, m.Email); s.Name != "Newest" {
		t.Errorf("an old name was written: %q", s.Name)
	}
	w.settle(&r)
	w.agrees()
	w.quiet()
}

// A member whom a worker is writing is left to it.
func TestALockedMemberIsLeftToItsWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(10)
	m := w.member(person(4).Email)
	lease, ok, err := w.store.Lock(t.Context(), siteName, m.ID, minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	r := w.sync(nil)
	if r.Handed != 1 || !w.change(m.Email).Handed || w.state(m.Email) != "" {
		t.Errorf("%+v", r)
	}
	if err := lease.Unlock(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.work()
	w.settle(&r)
	if r.HandedDone != 1 {
		t.Errorf("%+v", r)
	}
	w.agrees()
}

func TestWhoLeavesWhileARevertIsPlannedStaysAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(3)
	run := w.sync(nil)
	r := w.revert(run.RunID, at(reconcile.Listing, 5, func() { w.list.SetState(w.listID, person(1).Email, "Unsubscribed") }))
	if w.state(person(1).Email) != "Unsubscribed" || r.Counts[reconcile.Delete] != 2 || r.Skipped[reconcile.ChangedSince] != 1 {
		t.Errorf("%s, %+v", w.state(person(1).Email), r)
	}
}

// Removals come at the end: a run that is cut short before must not lose them.
func TestRemovalsOutliveACut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(2500)
	w.sync(nil)
	if err := w.ghost.SetSuppressed(w.member(person(0).Email).ID, true); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if _, err := w.engine.Run(ctx, w.request(at(reconcile.Members, 2, stop))); err == nil {
		t.Fatal("the run was not cut short")
	}
	r := w.sync(nil)
	w.settle(&r)
	if !r.Resumed || w.state(person(0).Email) != "Unsubscribed" {
		t.Errorf("resumed %t, %s", r.Resumed, w.state(person(0).Email))
	}
}

func TestARunIsGoneOnWithBehindItsCursor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(3500)
	w.sync(nil)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	first, err := w.engine.Run(ctx, w.request(at(reconcile.Members, 2, stop)))
	if err == nil {
		t.Fatal("the run was not cut short")
	}
	pages := w.ghost.Requests()["GET /members/"]
	second := w.sync(nil)
	if pages = w.ghost.Requests()["GET /members/"] - pages; pages >= 35 {
		t.Errorf("%d pages were read again", pages)
	}
	if second.RunID != first.RunID || second.Members != 3500 || second.Counts[reconcile.Unchanged] != 3500 {
		t.Errorf("%+v", second)
	}
	if third := w.sync(nil); third.Resumed || third.RunID == first.RunID {
		t.Errorf("a finished run was gone on with: %+v", third)
	}
}

func TestTwoSpellingsAtTheFirstSyncAreOneSubscriber(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.list.Seed(w.listID, cmtest.Subscriber{Email: "jo@example.org", Name: "Old"})
	w.ghost.Import([]ghosttest.Member{{Email: "jo@example.org", Name: "Lower"}, {Email: "JO@example.org", Name: "Upper"}})
	if r := w.sync(nil); r.Handed != 0 || r.Changed() != 1 || r.Skipped[reconcile.DuplicateAddress] != 1 {
		t.Errorf("%+v", r)
	}
	w.quiet()
}

func TestOfChosenMembersWhoOptedOutIsLeftToAWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(4)
	w.list.Seed(w.listID, cmtest.Subscriber{Email: person(2).Email, State: "Unsubscribed"})
	r := w.sync(nil)
	w.settle(&r)
	w.ghost.BulkLabel("Press", func(m ghosttest.Member) bool { return m.Email == person(2).Email })
	ids := []string{w.member(person(2).Email).ID}
	imports := w.list.WriteCount()
	r, err := w.engine.RunMembers(t.Context(), w.request(nil), w.site.Ghost.MembersByID(t.Context(), ids))
	if err != nil || r.Handed != 1 {
		t.Errorf("%v, %+v", err, r)
	}
	w.settle(&r)
	s, _ := w.list.Subscriber(w.listID, person(2).Email)
	if s.State != "Unsubscribed" || s.Fields["ghost_labels"] != "Press" || w.list.WriteCount() != imports+1 {
		t.Errorf("%+v, %d writes", s, w.list.WriteCount()-imports)
	}
}
