package reconcile_test

import (
	"context"
	"testing"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// pruneByMistake prunes while the site has another site's URL, which has none of
// its members.
func (w *world) pruneByMistake() reconcile.Report {
	w.t.Helper()
	right, wrong := w.ghost, ghosttest.Run(w.t, ghosttest.Options{})
	w.ghost = wrong
	w.site.Ghost = w.ghostClient()
	run := w.sync(func(r *reconcile.Request) {
		r.Prune = true
		r.Ask = func(context.Context, reconcile.Question) (bool, error) { return true, nil }
	})
	w.settle(&run)
	w.ghost = right
	w.site.Ghost = w.ghostClient()
	if w.active() != 0 {
		w.t.Fatalf("%d are active after everybody was pruned", w.active())
	}
	return run
}

// relabel changes a member in Ghost, which sends a webhook.
func (w *world) relabel(m ghosttest.Member) {
	w.t.Helper()
	w.ghost.BulkLabel("Press", func(one ghosttest.Member) bool { return one.ID == m.ID })
	w.webhook(member.Edited, w.member(m.Email))
	w.idle()
}

// Who was pruned by mistake is no deleted member once that was taken back: what
// they do from then on is written.
func TestWhoWasPrunedByMistakeIsWrittenAgainAfterARevert(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	stop := w.work()
	w.populate(3)
	w.sync(nil)
	run := w.pruneByMistake()
	if r := w.revert(run.RunID, nil); r.Counts[reconcile.Resubscribe] != 3 || w.active() != 3 {
		t.Fatalf("%+v", r)
	}
	for i := range 3 {
		m := w.member(person(i).Email)
		memory := w.remembered(m.ID)
		if memory.DeletedAt != 0 || memory.Vanished || memory.Email != m.Email {
			t.Errorf("%d is remembered as %+v", i, memory)
		}
	}
	w.relabel(w.member(person(1).Email))
	if err := w.ghost.EditMember(w.member(person(2).Email).ID, func(m *ghosttest.Member) { m.Email = "moved@example.org" }); err != nil {
		t.Fatal(err)
	}
	w.webhook(member.Edited, w.member("moved@example.org"))
	w.idle()
	if n := len(w.list.Subscribers(w.listID)); n != 3 {
		t.Errorf("%d are on the list", n)
	}
	stop()
	w.agrees()
	w.quiet()
}

// Without a revert, too: Ghost itself shows them alive, and it was Ghost that did
// not have them when they were pruned.
func TestWhoWasPrunedByMistakeIsBackWhenGhostShowsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(3)
	w.sync(nil)
	w.pruneByMistake()
	w.relabel(w.member(person(1).Email))
	if state := w.state(person(1).Email); state != "Active" {
		t.Errorf("whose webhook came is %s", state)
	}
	r := w.sync(nil)
	w.settle(&r)
	w.agrees()
	w.quiet()
}

// A webhook's word that a member was deleted is another matter: Ghost never uses
// an id again, and what shows the member is older.
func TestWhoWasDeletedByAWebhookStaysDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(2)
	w.sync(nil)
	w.webhook(member.Deleted, w.member(person(1).Email))
	w.idle()
	w.relabel(w.member(person(1).Email))
	r := w.sync(nil)
	w.settle(&r)
	if state := w.state(person(1).Email); state != "Unsubscribed" || r.Skipped[reconcile.DeletedMeanwhile] != 1 {
		t.Errorf("%s, %+v", state, r)
	}
}

func (w *world) remembered(id string) member.Memory {
	w.t.Helper()
	known, err := w.store.Recall(w.t.Context(), siteName, []string{id})
	if err != nil {
		w.t.Fatal(err)
	}
	return known[0].Memory
}
