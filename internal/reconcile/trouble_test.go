package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

func TestARunIsRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{noFields: true})
	_, err := w.engine.Run(t.Context(), w.request(nil))
	missing, ok := errors.AsType[*reconcile.FieldsMissingError](err)
	if !ok || len(missing.Fields) != 7 || !strings.Contains(err.Error(), "ghost_status_changed_at") {
		t.Errorf("%v", err)
	}
	_, err = w.engine.Run(t.Context(), w.request(func(r *reconcile.Request) { r.Site.Ghost = nil }))
	if !errors.Is(err, reconcile.ErrNoAdminKey) {
		t.Errorf("%v", err)
	}
	lock, err := w.store.OpenRun(t.Context(), siteName, time.Minute, "someone else")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.engine.Run(t.Context(), w.request(nil))
	if held, ok := errors.AsType[*reconcile.ErrLocked](err); !ok || held.Who != "someone else" {
		t.Errorf("%v", err)
	}
	if err := lock.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.list.WriteCount() != 0 {
		t.Error("a refused run wrote")
	}
}

func TestAConfirmedOptInListIsAskedAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{confirmed: true})
	w.populate(2)
	if _, err := w.engine.Run(t.Context(), w.request(nil)); !errors.Is(err, reconcile.ErrRefused) {
		t.Errorf("%v", err)
	}
	w.sync(func(r *reconcile.Request) { r.Scheduled = true })
	if len(w.list.Subscribers(w.listID)) != 0 || w.change(person(0).Email).Reason != reconcile.ConfirmsOptIn {
		t.Error("the schedule had somebody mailed")
	}
	w.sync(func(r *reconcile.Request) {
		r.Ask = func(_ ctx, q reconcile.Question) (bool, error) { return q.Kind == reconcile.ConfirmedOptIn, nil }
	})
	if len(w.list.Subscribers(w.listID)) != 2 {
		t.Error("confirmed, and not added")
	}
}

func TestRefusedCredentialsAreToldAsSuch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	r := w.request(nil)
	var err error
	r.Site.List, err = campaignmonitor.New(campaignmonitor.Options{BaseURL: w.list.URL(), APIKey: strings.Repeat("f", 32), HTTP: newHTTP()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.engine.Run(t.Context(), r)
	if campaignmonitor.KindOf(err) != campaignmonitor.Credentials {
		t.Errorf("%v", err)
	}
	r = w.request(nil)
	key := strings.Repeat("0", 24) + ":" + strings.Repeat("ab", 32)
	if r.Site.Ghost, err = ghost.New(ghost.Options{URL: w.ghost.URL(), AdminKey: key, HTTP: newHTTP()}); err != nil {
		t.Fatal(err)
	}
	_, err = w.engine.Run(t.Context(), r)
	if failure, ok := errors.AsType[*ghost.Error](err); !ok || failure.Kind() != ghost.Credentials {
		t.Errorf("%v", err)
	}
}

func TestWhenGhostIsDownTheRunEndsAndTheNextGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(50)
	w.ghost.SetDown(true)
	_, err := w.engine.Run(t.Context(), w.request(nil))
	if failure, ok := errors.AsType[*ghost.Error](err); !ok || failure.Kind() != ghost.Transient {
		t.Errorf("%v", err)
	}
	w.ghost.SetDown(false)
	w.ghost.FailNext(ghosttest.Fault{Status: 502}, ghosttest.Fault{})
	if r := w.sync(nil); !r.Resumed || r.Counts[reconcile.Add] != 50 {
		t.Errorf("%+v", r)
	}
	w.agrees()
}

func TestFaultsOfCampaignMonitorAreOvercome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{list: cmtest.Options{
		Faults:  cmtest.Faults{Seed: 7, Probability: 0.2, Kinds: []cmtest.Fault{cmtest.Internal, cmtest.BadGateway, cmtest.BadGatewayAfter, cmtest.ResetAfter}},
		Account: cmtest.Limit{N: 200, Window: time.Second},
	}})
	w.populate(4500)
	w.sync(nil)
	w.list.SetFaults(cmtest.Faults{})
	w.agrees()
	w.quiet()
}

func TestAnImportWhoseAnswerIsLostIsFoundDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(30)
	ctx, stop := context.WithCancel(t.Context())
	r := w.request(nil)
	r.OnProgress = func(p reconcile.Progress) {
		if p.Phase == reconcile.Members {
			w.list.FailNext(cmtest.ResetAfter, cmtest.ResetAfter, cmtest.ResetAfter, cmtest.ResetAfter, cmtest.ResetAfter, cmtest.ResetAfter)
		}
	}
	_, err := w.engine.Run(ctx, r)
	stop()
	if campaignmonitor.KindOf(err) != campaignmonitor.Transient || len(w.list.Subscribers(w.listID)) != 30 {
		t.Fatalf("%v, %d on the list", err, len(w.list.Subscribers(w.listID)))
	}
	writes := w.list.WriteCount()
	if r := w.sync(nil); r.Changed() != 0 || w.list.WriteCount() != writes {
		t.Errorf("written again: %+v", r)
	}
	w.agrees()
	w.quiet()
}

func TestABadAddressBecomesOneDeadLetterAndIsNotRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(3)
	w.ghost.Import([]ghosttest.Member{{Email: "o'brien@[127.0.0.1]", Name: "Odd"}})
	report := w.sync(nil)
	w.settle(&report)
	if report.Failed != 1 || report.HandedFailed != 1 || w.change("o'brien@[127.0.0.1]").Reason != reconcile.InvalidAddress {
		t.Errorf("%+v", report)
	}
	again := w.sync(nil)
	if again.Failed != 0 || again.Handed != 0 || again.Skipped[reconcile.DeadLetter] != 1 {
		t.Errorf("%+v", again)
	}
	w.agrees("o'brien@[127.0.0.1]")
}

func TestTwoSpellingsOfAnAddressDoNotTurnItAround(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.ghost.Import([]ghosttest.Member{{Email: "jo@example.org", Name: "Lower"}, {Email: "JO@example.org", Name: "Upper"}})
	r := w.sync(nil)
	w.settle(&r)
	if r.Counts[reconcile.Add] != 1 || r.Skipped[reconcile.DuplicateAddress] != 1 {
		t.Errorf("%+v", r)
	}
	for range 2 {
		r = w.sync(nil)
		if r.Changed() != 0 {
			t.Errorf("%+v: %+v", r.Counts, changesOf(w.changes))
		}
	}
	// A webhook of the other makes it the other's, and there it stays.
	upper := w.member("JO@example.org")
	for _, m := range w.ghost.Members() {
		if m.Name == "Upper" {
			upper = m
		}
	}
	w.webhook(member.Edited, upper)
	w.idle()
	if s, _ := w.list.Subscriber(w.listID, "jo@example.org"); s.Name != "Upper" {
		t.Fatalf("the newer word is not on the list: %+v", s)
	}
	if r = w.sync(nil); r.Changed() != 0 {
		t.Errorf("turned around: %+v", changesOf(w.changes))
	}
	// It is kept up to date, though the other comes first in Ghost.
	w.ghost.BulkLabel("Press", func(m ghosttest.Member) bool { return m.Name == "Upper" })
	w.sync(nil)
	if s, _ := w.list.Subscriber(w.listID, "jo@example.org"); s.Fields["ghost_labels"] != "Press" {
		t.Errorf("%+v", s)
	}
	w.quiet()
}

// webhook does what Ghost's would.
func (w *world) webhook(kind member.EventType, m ghosttest.Member) {
	w.t.Helper()
	now := time.Now()
	in := worker.Inbox{Store: w.store, Queue: w.queue}
	_, err := in.Accept(w.t.Context(), store.Delivery{Site: siteName, EventID: fmt.Sprint(rand.Uint64()), ReceivedAt: now, Event: member.Event{
		Type: kind, SentAt: now, Facts: member.Facts{ID: m.ID, Email: member.Some(m.Email), Name: member.Some(m.Name)},
	}})
	if err != nil {
		w.t.Error(err)
	}
}

// idle waits until nothing is in the inbox.
func (w *world) idle() {
	w.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		b, err := w.store.Backlog(w.t.Context())
		if err == nil && b.Members == 0 {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%d wait: %v\n%s", b.Members, err, w.log.tail())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestAddressChangesAreMadeInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(5)
	w.sync(nil)
	if err := w.ghost.EditMember(w.member(person(2).Email).ID, func(m *ghosttest.Member) { m.Email = "moved@example.org" }); err != nil {
		t.Fatal(err)
	}
	r := w.sync(nil)
	w.settle(&r)
	c := w.change("moved@example.org")
	if c.Kind != reconcile.ChangeAddress || c.Email != person(2).Email || c.ToEmail != "moved@example.org" || !c.Handed {
		t.Errorf("%+v", c)
	}
	if len(w.list.Subscribers(w.listID)) != 5 {
		t.Error("added anew")
	}
	w.agrees()
	w.quiet()
}

func TestALimitEndsTheRunBeforeAnyRemoval(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(30)
	w.list.Seed(w.listID, cmtest.Subscriber{Email: "stranger@example.org"})
	limited := func(r *reconcile.Request) { r.Limit, r.Prune = 10, true }
	for i := range 3 {
		if r := w.sync(limited); r.Counts[reconcile.Add] != 10 || r.Changed() != 10 {
			t.Errorf("run %d: %+v", i, r)
		}
	}
	if w.state("stranger@example.org") != "Active" {
		t.Error("removed though the limit was reached")
	}
	r := w.sync(limited)
	w.settle(&r)
	w.agrees()
}

func TestARunThatIsCutShortAnywhereIsGoneOnWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(6000)
	random := rand.New(rand.NewPCG(1, 2))
	for cut := 0; cut < 8; cut++ {
		ctx, stop := context.WithCancel(t.Context())
		r := w.request(nil)
		after := random.IntN(2500)
		var once sync.Once
		r.OnChange = func(reconcile.Change) {
			if after--; after <= 0 {
				once.Do(stop)
			}
		}
		report, err := w.newEngine().Run(ctx, r)
		stop()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) || report.Ended.IsZero() {
			t.Fatalf("%v, %+v", err, report)
		}
	}
	r := w.sync(nil)
	w.settle(&r)
	w.agrees()
	w.quiet()
	if n := len(w.list.Requests()); n > 200 {
		t.Errorf("%d calls", n)
	}
}

func TestEventsWinOverTheRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	n := 3000
	if testing.Short() {
		n = 600
	}
	w.populate(n)
	w.list.Seed(w.listID, cmtest.Subscriber{Email: "stranger@example.org"}, cmtest.Subscriber{Email: person(5).Email, State: "Unsubscribed"})
	stop := make(chan struct{})
	var changing sync.WaitGroup
	changing.Go(func() { w.stir(stop, n) })
	for range 3 {
		r := w.sync(nil)
		w.settle(&r)
	}
	close(stop)
	changing.Wait()
	w.idle()
	r := w.sync(nil)
	w.settle(&r)
	w.agrees("stranger@example.org", person(5).Email)
	if w.state("stranger@example.org") != "Active" || w.state(person(5).Email) != "Unsubscribed" {
		t.Error("an orphan or an opt-out was touched")
	}
	w.quiet()
}

// stir edits, adds and deletes members, each with its webhook, until told to
// stop.
func (w *world) stir(stop chan struct{}, n int) {
	random := rand.New(rand.NewPCG(3, 4))
	all := w.ghost.Members()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		m := all[random.IntN(len(all))]
		if m.Email == person(5).Email {
			continue
		}
		switch kind := i % 10; {
		case kind == 0:
			added, err := w.ghost.AddMember(ghosttest.Member{Email: fmt.Sprintf("late%05d@example.org", i), Name: "Late"})
			if err == nil {
				w.webhook(member.Added, added)
			}
		case kind == 1 && len(all) > n/2:
			if w.ghost.DeleteMember(m.ID) == nil {
				w.webhook(member.Deleted, m)
			}
		case kind == 2:
			if w.ghost.EditMember(m.ID, func(m *ghosttest.Member) { m.Email = fmt.Sprintf("moved%05d@example.org", i) }) == nil {
				w.webhook(member.Edited, m)
			}
		default:
			if w.ghost.EditMember(m.ID, func(m *ghosttest.Member) { m.Name = fmt.Sprintf("Name %d", i) }) == nil {
				w.webhook(member.Edited, m)
			}
		}
		time.Sleep(time.Millisecond)
	}
}

func TestChosenMembersAreMadeRightWithoutReadingTheList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(20)
	w.sync(nil)
	w.ghost.BulkLabel("Press", func(m ghosttest.Member) bool { return m.Email == person(4).Email })
	w.ghost.Import([]ghosttest.Member{{Email: "new@example.org", Name: "New"}})
	ids := []string{w.member(person(4).Email).ID, w.member(person(6).Email).ID, w.member("new@example.org").ID}
	before := len(w.list.Requests())
	r, err := w.engine.RunMembers(t.Context(), w.request(nil), w.site.Ghost.MembersByID(t.Context(), ids))
	if err != nil || r.Changed() != 2 || r.Members != 3 {
		t.Errorf("%v, %+v", err, r)
	}
	if calls := len(w.list.Requests()) - before; calls > 3 {
		t.Errorf("%d calls", calls)
	}
	w.agrees()
	w.quiet()
}

func TestTheScheduleRemovesByAWorkerAndWithinTheBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(50)
	w.sync(nil)
	w.list.Seed(w.listID, cmtest.Subscriber{Email: "stranger@example.org"})
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email < person(3).Email })
	scheduled := func(r *reconcile.Request) { r.Scheduled = true }
	r := w.sync(scheduled)
	w.settle(&r)
	if r.Counts[reconcile.Unsubscribe] != 3 || r.NotInGhost != 1 || w.state("stranger@example.org") != "Active" || w.active() != 48 {
		t.Errorf("%+v, %d active", r, w.active())
	}
	w.ghost.BulkDelete(func(m ghosttest.Member) bool { return m.Email < person(30).Email })
	r = w.sync(scheduled)
	if r.Held != 27 || r.Handed != 0 || w.active() != 48 {
		t.Errorf("%+v, %d active", r, w.active())
	}
}

func TestNoAddressIsLoggedAndTheJournalIsPrivate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.work()
	w.populate(5)
	w.ghost.Import([]ghosttest.Member{{Email: "bad@[127.0.0.1]", Name: "Odd"}})
	w.list.FailNext(cmtest.Internal, cmtest.BadGateway)
	r := w.sync(nil)
	w.settle(&r)
	if log := w.log.tail(); strings.Contains(log, "example.org") || strings.Contains(log, "127.0.0.1]") {
		t.Errorf("an address in the log: %s", log)
	}
	info, err := os.Stat(r.Journal)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	dir, err := os.Stat(filepath.Dir(r.Journal))
	if err != nil || dir.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", dir, err)
	}
	if left, _ := filepath.Glob(filepath.Join(w.dir, "listing*")); len(left) > 0 {
		t.Errorf("the listing lies about: %v", left)
	}
}
