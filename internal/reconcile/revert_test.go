package reconcile_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

func (w *world) revert(run string, change func(*reconcile.Request)) reconcile.Report {
	w.t.Helper()
	r, err := w.engine.Revert(w.t.Context(), run, w.request(func(r *reconcile.Request) {
		r.Ask = func(ctx, reconcile.Question) (bool, error) { return true, nil }
		if change != nil {
			change(r)
		}
	}))
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.log.tail())
	}
	return r
}

// A run with every kind of change is taken back to what was before.
func TestARunIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(6)
	w.sync(nil)
	w.list.Seed(w.listID, cmtest.Subscriber{Email: "stranger@example.org", Name: "Stranger"})
	before := w.snapshot()
	w.ghost.BulkLabel("Press", func(m ghosttest.Member) bool { return m.Email == person(0).Email })
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email == person(1).Email })
	if err := w.ghost.EditMember(w.member(person(2).Email).ID, func(m *ghosttest.Member) { m.Email = "moved@example.org" }); err != nil {
		t.Fatal(err)
	}
	w.ghost.Import([]ghosttest.Member{{Email: "new@example.org", Name: "New"}})
	run := w.sync(func(r *reconcile.Request) { r.Prune = true })
	w.settle(&run)
	w.agrees()

	after := w.snapshot()
	if r := w.revert(run.RunID, dryRun); r.Changed() != 5 || w.snapshot() != after {
		t.Errorf("a dry revert: %+v\n%s", r.Counts, w.snapshot())
	}
	r := w.revert(run.RunID, nil)
	for kind, n := range map[reconcile.Kind]int{reconcile.Delete: 1, reconcile.Update: 1, reconcile.ChangeAddress: 1, reconcile.Resubscribe: 2} {
		if r.Counts[kind] != n {
			t.Errorf("%s: %d, not %d: %+v", kind, r.Counts[kind], n, w.changes)
		}
	}
	if now := w.snapshot(); now != sorted(before, "new@example.org Deleted New \n") {
		t.Errorf("before\n%s\nnow\n%s", before, now)
	}
	// What Ghost says holds again by the next sync: nothing remembered lies.
	again := w.sync(func(r *reconcile.Request) { r.Prune = true })
	w.settle(&again)
	w.agrees()
	w.quiet()
}

func TestARevertLeavesWhatChangedSince(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(4)
	run := w.sync(nil)
	w.list.SetState(w.listID, person(0).Email, "Unsubscribed")
	r := w.revert(run.RunID, nil)
	if w.state(person(0).Email) != "Unsubscribed" || r.Counts[reconcile.Delete] != 3 || r.Skipped[reconcile.ChangedSince] != 1 {
		t.Errorf("%+v", r)
	}
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email == person(0).Email })
	again := w.sync(nil)
	w.settle(&again)
	if w.active() != 3 || w.state(person(0).Email) != "Unsubscribed" {
		t.Error("who was deleted by the revert is not active again, or an opt-out is")
	}
}

func TestWhoOptedOutSinceTheirRemovalStaysOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(3)
	w.sync(nil)
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email < person(2).Email })
	run := w.sync(func(r *reconcile.Request) { r.Prune = true })
	w.settle(&run)
	time.Sleep(1100 * time.Millisecond) // dates have seconds
	w.list.SetState(w.listID, person(0).Email, "Active")
	w.list.SetState(w.listID, person(0).Email, "Unsubscribed")
	r := w.revert(run.RunID, nil)
	if w.state(person(0).Email) != "Unsubscribed" || w.state(person(1).Email) != "Active" || r.Counts[reconcile.Resubscribe] != 1 {
		t.Errorf("%s, %s, %+v", w.state(person(0).Email), w.state(person(1).Email), r)
	}
}

func TestARevertCanBeReverted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(5)
	run := w.sync(nil)
	back := w.revert(run.RunID, nil)
	if w.active() != 0 {
		t.Fatalf("%d active", w.active())
	}
	w.revert(back.RunID, nil)
	if w.active() != 5 {
		t.Errorf("%d active", w.active())
	}
	w.agrees()
}

func TestARevertNeedsAJournalOfThisList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(1)
	run := w.sync(nil)
	for _, id := range []string{"", "20260101T000000Z-none", "../" + run.RunID} {
		if _, err := w.engine.Revert(t.Context(), id, w.request(nil)); !errors.Is(err, reconcile.ErrNoJournal) {
			t.Errorf("%q: %v", id, err)
		}
	}
	other := w.request(nil)
	other.Site.Name = "another"
	if _, err := w.engine.Revert(t.Context(), run.RunID, other); !errors.Is(err, reconcile.ErrNoJournal) {
		t.Errorf("another site's: %v", err)
	}
}

func TestOldJournalsAreRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(1)
	run := w.sync(nil)
	old := filepath.Join(filepath.Dir(run.Journal), "20200101T000000Z-abcd.ndjson")
	if err := os.WriteFile(old, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-91 * 24 * time.Hour)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	w.sync(nil)
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(run.Journal); err != nil {
		t.Errorf("%v", err)
	}
}
