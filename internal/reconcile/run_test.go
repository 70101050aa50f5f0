package reconcile_test

import (
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

func TestAnInitialSyncAddsEverybodyInFewCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	const n = 2500
	w.populate(n)
	report := w.sync(nil)
	w.agrees()
	if report.Counts[reconcile.Add] != n || report.Changed() != n || report.Members != n || report.Handed != 0 {
		t.Errorf("%+v", report)
	}
	calls := len(w.list.Requests())
	if most := n/1000 + 5 + 20; calls > most || report.Calls > most {
		t.Errorf("%d calls, %d counted, at most %d", calls, report.Calls, most)
	}
	for _, s := range w.list.Subscribers(w.listID) {
		if s.Automations != 0 {
			t.Fatal("an import started automations")
		}
	}
	writes := w.list.WriteCount()
	if again := w.sync(nil); again.Changed() != 0 || again.Counts[reconcile.Unchanged] != n || w.list.WriteCount() != writes {
		t.Errorf("a second run wrote: %+v", again)
	}
	w.quiet()
}

func TestADryRunTellsAllAndWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(10)
	w.list.Seed(w.listID, cmtest.Subscriber{Email: "reader00001@example.org", Name: "Someone Else",
		Fields: map[string]string{"ghost_status": "paid", "ghost_signup_date": "2020-01-02"}})
	before, keys := w.list.WriteCount(), w.keys()
	report := w.sync(dryRun)
	if report.Counts[reconcile.Add] != 9 || report.Counts[reconcile.Update] != 1 || report.Journal != "" {
		t.Errorf("%+v", report)
	}
	if w.list.WriteCount() != before {
		t.Error("a dry run wrote to the list")
	}
	if now := w.keys(); now != keys {
		t.Errorf("a dry run left in Redis %s", now)
	}
	c := w.change("reader00001@example.org")
	for _, want := range []reconcile.FieldChange{{Field: "name", From: "Someone Else", To: "Reader 1"}, {Field: "status", From: "paid", To: "free"}} {
		found := false
		for _, f := range c.Fields {
			found = found || f == want
		}
		if !found {
			t.Errorf("%+v is not among %+v", want, c.Fields)
		}
	}
}

// keys are the keys in Redis, but for the site's pace, which every request needs.
func (w *world) keys() string {
	w.t.Helper()
	all, err := w.redis.Keys(w.t.Context(), "*").Result()
	if err != nil {
		w.t.Fatal(err)
	}
	var kept []string
	for _, key := range all {
		if !strings.Contains(key, ":pace:") {
			kept = append(kept, key)
		}
	}
	return strings.Join(kept, " ")
}

func TestDriftMadeByHandIsMended(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(20)
	w.sync(nil)
	w.list.Seed(w.listID, cmtest.Subscriber{Email: "reader00003@example.org", Name: "Wrong", Fields: map[string]string{"ghost_labels": "Nonsense"}})
	report := w.sync(nil)
	if report.Counts[reconcile.Update] != 1 || report.Changed() != 1 {
		t.Errorf("%+v", report)
	}
	w.agrees()
	w.quiet()
}

func TestBulkEditsInGhostReachTheList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(50)
	w.sync(nil)
	w.ghost.BulkLabel("Press", func(m ghosttest.Member) bool { return strings.HasSuffix(m.Email, "7@example.org") })
	w.ghost.Import([]ghosttest.Member{{Email: "new@example.org", Name: "New"}})
	report := w.sync(nil)
	if report.Counts[reconcile.Update] != 5 || report.Counts[reconcile.Add] != 1 {
		t.Errorf("%+v", report.Counts)
	}
	w.agrees()
	w.quiet()
}
