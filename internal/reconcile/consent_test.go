package reconcile_test

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

func TestNobodyWhoLeftTheListIsMadeActive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(10)
	gone := map[string]reconcile.Reason{"Unsubscribed": reconcile.OptedOut, "Bounced": reconcile.Bounced,
		"Deleted": reconcile.DeletedOnList, "Unconfirmed": reconcile.Unconfirmed}
	i := 0
	address := map[string]string{}
	for state := range gone {
		address[state] = person(i).Email
		w.list.Seed(w.listID, cmtest.Subscriber{Email: address[state], State: state, Name: "Old Name"})
		i++
	}
	w.work()
	report := w.sync(nil)
	w.settle(&report)
	if report.Counts[reconcile.Add] != 6 || report.Handed != 4 || report.HandedDone != 4 {
		t.Errorf("%+v", report)
	}
	for state, reason := range gone {
		if now := w.state(address[state]); now != state {
			t.Errorf("%s became %s", state, now)
		}
		if s, _ := w.list.Subscriber(w.listID, address[state]); s.Name == "Old Name" {
			t.Errorf("%s: the fields were not written", state)
		}
		if c := w.change(address[state]); c.Reason != reason {
			t.Errorf("%s: %+v", state, c)
		}
	}
	if again := w.sync(nil); again.Changed() != 0 || again.Counts[reconcile.Skip] != 4 {
		t.Errorf("a second run: %+v", again)
	}
	w.quiet()
	if r := w.list.Reactivations(); len(r) > 0 {
		t.Errorf("made active: %+v", r)
	}
}

func TestHistoriesSurviveTheLossOfRedis(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(3)
	changed := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range 3 {
		m := w.member(person(i).Email)
		w.list.Seed(w.listID, cmtest.Subscriber{Email: m.Email, Name: m.Name, Fields: map[string]string{
			"ghost_status": "free", "ghost_previous_status": "paid", "ghost_status_changed_at": changed.Format("2006-01-02"),
		}})
	}
	if err := w.ghost.EditMember(w.member(person(1).Email).ID, func(m *ghosttest.Member) { m.Status = "comped" }); err != nil {
		t.Fatal(err)
	}
	w.sync(nil)
	for i, want := range [][2]string{{"paid", "2024-03-01"}, {"free", time.Now().UTC().Format("2006-01-02")}, {"paid", "2024-03-01"}} {
		s, _ := w.list.Subscriber(w.listID, person(i).Email)
		if s.Fields["ghost_previous_status"] != want[0] || s.Fields["ghost_status_changed_at"] != want[1] {
			t.Errorf("%d: %v, want %v", i, s.Fields, want)
		}
	}
	if err := w.redis.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	w.quiet()
	if r := w.sync(nil); r.Changed() != 0 {
		t.Errorf("%+v", r)
	}
	w.quiet()
}

func TestWhoJoinsAgainIsActiveAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(5)
	w.sync(nil)
	email := person(2).Email
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email == email })
	report := w.sync(func(r *reconcile.Request) { r.Prune = true })
	w.settle(&report)
	if w.state(email) != "Unsubscribed" || report.Counts[reconcile.Unsubscribe] != 1 {
		t.Fatalf("%s, %+v", w.state(email), report)
	}
	w.quiet()
	w.ghost.Import([]ghosttest.Member{person(2)})
	report = w.sync(nil)
	w.settle(&report)
	if w.state(email) != "Active" || report.Counts[reconcile.Resubscribe] != 1 {
		t.Errorf("%s, %+v", w.state(email), report)
	}
	w.quiet()
}

func TestSuppressedMembersFollowThePolicyUnlessIncluded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(6)
	suppress := func(i int) {
		if err := w.ghost.SetSuppressed(w.member(person(i).Email).ID, true); err != nil {
			t.Fatal(err)
		}
	}
	suppress(0) // never on the list
	w.sync(nil)
	if s := w.state(person(0).Email); s != "" {
		t.Errorf("a suppressed member was added: %s", s)
	}
	suppress(1) // on the list
	report := w.sync(nil)
	w.settle(&report)
	if c := w.change(person(1).Email); w.state(c.Email) != "Unsubscribed" || c.Kind != reconcile.Unsubscribe || c.Reason != reconcile.Suppressed {
		t.Errorf("%s, %+v", w.state(c.Email), c)
	}
	w.quiet()
	include := func(r *reconcile.Request) { r.IncludeDisabled = true }
	report = w.sync(include)
	w.settle(&report)
	if w.state(person(0).Email) != "Active" || w.state(person(1).Email) != "Unsubscribed" || report.Changed() != 1 {
		t.Errorf("%s, %s, %+v", w.state(person(0).Email), w.state(person(1).Email), report)
	}
	w.quiet()
	if r := w.sync(nil); r.Changed() != 0 || w.state(person(0).Email) != "Active" {
		t.Errorf("the next run took the included off again: %+v", r)
	}
}

func TestManyRemovalsAreAskedForFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(40)
	w.sync(nil)
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email > person(14).Email })
	prune := func(r *reconcile.Request) { r.Prune = true }
	report, err := w.engine.Run(t.Context(), w.request(prune))
	if !isErr(err, reconcile.ErrRefused) || report.Held != 25 || w.active() != 40 {
		t.Fatalf("%v, %+v, %d active", err, report, w.active())
	}
	var asked reconcile.Question
	report = w.sync(func(r *reconcile.Request) {
		prune(r)
		r.Ask = func(_ ctx, q reconcile.Question) (bool, error) { asked = q; return true, nil }
	})
	w.settle(&report)
	if asked != (reconcile.Question{Kind: reconcile.TooManyRemovals, Count: 25, Bound: 20}) || w.active() != 15 {
		t.Errorf("asked %+v, %d active", asked, w.active())
	}
	w.agrees()
}

func TestABoundMayBeAPart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(40)
	w.sync(nil)
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email == person(3).Email })
	_, err := w.engine.Run(t.Context(), w.request(func(r *reconcile.Request) { r.Prune, r.MaxRemovals = true, reconcile.Bound{Percent: 2} }))
	if !isErr(err, reconcile.ErrRefused) {
		t.Errorf("1 of 40 is within 2 %%: %v", err)
	}
	report := w.sync(func(r *reconcile.Request) { r.Prune, r.MaxRemovals = true, reconcile.Bound{Percent: 2.5} })
	w.settle(&report)
	w.agrees()
}

func TestOrphansAreUntouchedWithoutPrune(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(3)
	w.list.Seed(w.listID, cmtest.Subscriber{Email: "stranger@example.org", Name: "Stranger"},
		cmtest.Subscriber{Email: "gone@example.org", State: "Unsubscribed"})
	report := w.sync(nil)
	if w.state("stranger@example.org") != "Active" || report.NotInGhost != 1 {
		t.Errorf("%s, %+v", w.state("stranger@example.org"), report)
	}
	report = w.sync(func(r *reconcile.Request) { r.Prune = true })
	w.settle(&report)
	if w.state("stranger@example.org") != "Unsubscribed" || w.change("stranger@example.org").Reason != reconcile.Unknown {
		t.Errorf("%s, %+v", w.state("stranger@example.org"), report)
	}
	w.ghost.Import([]ghosttest.Member{{Email: "stranger@example.org", Name: "Stranger"}})
	report = w.sync(nil)
	w.settle(&report)
	if w.state("stranger@example.org") != "Active" {
		t.Error("our own removal was taken for an opt-out")
	}
	w.quiet()
}

func TestKeepingTheDeletedPrunesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{policy: member.Policy{OnDelete: member.DeleteKeeps, OnOptOut: member.OptOutField,
		OnSuppressed: member.OptOutField, Resubscribe: member.ResubscribeNever}})
	w.populate(3)
	w.sync(nil)
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email == person(1).Email })
	if r := w.sync(func(r *reconcile.Request) { r.Prune = true }); r.Changed() != 0 || r.NotInGhost != 1 {
		t.Errorf("%+v", r)
	}
}

func TestOptOutsAreHandedOverOnceAndOnlyThePersonsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(4)
	w.sync(nil)
	w.list.SetState(w.listID, person(0).Email, "Unsubscribed")
	w.list.SetState(w.listID, person(1).Email, "Bounced")
	w.list.SetState(w.listID, person(2).Email, "Unsubscribed")
	w.ghost.BulkUnsubscribe(func(m ghosttest.Member) bool { return m.Email == person(2).Email })
	w.sync(nil)
	if len(w.told) != 0 {
		t.Errorf("handed over though nobody asked: %v", w.told)
	}
	optOuts := func(r *reconcile.Request) { r.OptOuts = true }
	if r := w.sync(func(r *reconcile.Request) { optOuts(r); r.DryRun = true }); r.Counts[reconcile.OptOut] != 1 || len(w.told) != 0 {
		t.Errorf("%+v, %v", r, w.told)
	}
	if r := w.sync(optOuts); r.Counts[reconcile.OptOut] != 1 || len(w.told) != 1 || w.told[0] != w.member(person(0).Email).ID {
		t.Errorf("%+v, %v", r, w.told)
	}
}
