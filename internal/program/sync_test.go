package program_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// quietSchedule keeps the scheduled catch-up out of tests that sync themselves.
const quietSchedule = "RECONCILE_INTERVAL=0"

// crowd fills a Ghost without a webhook, as an import of a file does.
func crowd(t testing.TB, site *publication, n int) {
	t.Helper()
	records := make([]ghosttest.Member, n)
	for i := range records {
		records[i] = ghosttest.Member{
			Email: fmt.Sprintf("Member.%d@example.org", i), Name: fmt.Sprintf("Member %d", i),
			Status: []string{"free", "paid", "comped"}[i%3], Labels: []string{"L1", fmt.Sprintf("L%d", 2+i%20)},
		}
	}
	if taken := site.Import(records); taken != n {
		t.Fatalf("Ghost took %d of %d members", taken, n)
	}
}

// history is what a list has to keep of its life before ghostcm.
type history struct {
	out     map[string]cmtest.Subscriber // by member: who was on the list, and not active
	orphans []string                     // addresses of people of other origin
}

// past fills the list: one of so many of the crowd is on it in old shape, and of
// these some opted out, bounced, were deleted or are unconfirmed; and there are
// people of other origin.
func past(r *rig, site *publication, oneOf int) (h history) {
	h.out = map[string]cmtest.Subscriber{}
	var seeds []cmtest.Subscriber
	states := []string{"Unsubscribed", "Bounced", "Deleted", "Unconfirmed", "Active", "Active", "Active"}
	for i, m := range site.Members() {
		if i%oneOf != 0 {
			continue
		}
		s := cmtest.Subscriber{
			Email: strings.ToLower(m.Email), Name: "Old Name", State: states[i/oneOf%len(states)],
			Fields: map[string]string{"ghost_status": "free", "ghost_previous_status": "paid"},
		}
		seeds = append(seeds, s)
		if s.State != "Active" {
			h.out[m.ID] = s
		}
	}
	for i := range 40 {
		orphan := cmtest.Subscriber{Email: fmt.Sprintf("orphan.%d@example.com", i), Name: "Orphan", State: "Active"}
		seeds, h.orphans = append(seeds, orphan), append(h.orphans, orphan.Email)
	}
	r.list.Seed(site.listID, seeds...)
	return h
}

// standing says what is wrong with a list: everybody in Ghost is on it as Ghost
// says, active unless they had opted out, and nobody else is, but who was.
func (r *rig) standing(site *publication, h history) string {
	subscribers := map[string]cmtest.Subscriber{}
	for _, s := range r.list.Subscribers(site.listID) {
		subscribers[strings.ToLower(s.Email)] = s
	}
	for _, orphan := range h.orphans {
		if s := subscribers[orphan]; s.State != "Active" || s.Name != "Orphan" {
			return fmt.Sprintf("%s, of other origin, is %s and called %s", orphan, s.State, s.Name)
		}
		delete(subscribers, orphan)
	}
	for _, m := range site.Members() {
		key := strings.ToLower(m.Email)
		s, found := subscribers[key]
		delete(subscribers, key)
		if problem := h.wrong(m, s, found); problem != "" {
			return m.Email + " " + problem
		}
	}
	for _, s := range subscribers {
		if s.State == "Active" {
			return s.Email + " is active, and not in Ghost"
		}
	}
	return ""
}

// wrong says how a member's subscriber differs from what it has to be.
func (h history) wrong(m ghosttest.Member, s cmtest.Subscriber, found bool) string {
	was, out := h.out[m.ID]
	switch moved := !strings.EqualFold(was.Email, m.Email); {
	case out && s.State == "Active":
		return "is active, and was " + was.State
	case out && !moved && s.State != was.State:
		return "is " + s.State + ", and was " + was.State
	case out && s.State != "Unsubscribed": // cannot be written without being made active
		return ""
	case !found:
		return "is not on the list"
	case !out && s.State != "Active":
		return "is " + s.State
	case s.Name != m.Name || s.Fields["ghost_status"] != m.Status || s.Fields["ghost_labels"] != member.JoinNames(m.Labels):
		return fmt.Sprintf("is %q, %q, %q, not %q, %q, %q", s.Name, s.Fields["ghost_status"], s.Fields["ghost_labels"], m.Name, m.Status, m.Labels)
	}
	return ""
}

// bustle changes members, with webhooks, until it is told to stop.
func bustle(t *testing.T, rnd *rand.Rand, site *publication, stop <-chan struct{}) (changes int) {
	ids := site.Members()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return i
		case <-time.After(2 * time.Millisecond):
		}
		at := rnd.IntN(len(ids))
		id := ids[at].ID
		var err error
		switch rnd.IntN(8) {
		case 0:
			err = site.DeleteMember(id)
			ids = append(ids[:at], ids[at+1:]...)
		case 1:
			err = site.EditMember(id, func(m *ghosttest.Member) { m.Email = fmt.Sprintf("Moved.%d@example.net", i) })
		case 2, 3:
			var m ghosttest.Member
			m, err = site.AddMember(ghosttest.Member{Email: fmt.Sprintf("Newcomer.%d@example.net", i), Name: "Newcomer"})
			ids = append(ids, m)
		case 4, 5:
			err = site.EditMember(id, func(m *ghosttest.Member) { m.Labels = []string{"New", fmt.Sprintf("L%d", rnd.IntN(20))} })
		default:
			err = site.EditMember(id, func(m *ghosttest.Member) { m.Status = []string{"free", "paid", "comped", "gift"}[rnd.IntN(4)] })
		}
		if err != nil {
			t.Error(err)
			return i
		}
	}
}

func TestASyncWithChangesUnderWayMissesNobodyAndTouchesNoOptOut(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	n := 3000
	r := newRig(t, rigOptions{env: []string{quietSchedule}, ghost: ghosttest.Options{Delay: 5 * time.Millisecond}, list: cmtest.Options{Delay: 20 * time.Millisecond}})
	site := r.sites[0]
	crowd(t, site, n)
	old := past(r, site, 10)

	stop := make(chan struct{})
	var changing sync.WaitGroup
	changes := 0
	changing.Go(func() { changes = bustle(t, rnd, site, stop) })
	var stopping sync.Once
	began := time.Now()
	report, err := r.Sync(t.Context(), site.name, reconcile.Request{OnProgress: func(p reconcile.Progress) {
		if p.Phase == reconcile.Queue { // both sides were read, and written
			stopping.Do(func() { close(stop) })
		}
	}})
	changing.Wait()
	t.Logf("the sync took %v", time.Since(began))
	if err != nil || report.Failed+report.HandedFailed > 0 {
		t.Fatalf("the sync ended with %v: %+v", err, report)
	}
	site.Flush()
	r.eventually("settled", 60*time.Second, r.settled)
	t.Logf("%d members, %d changes under way, %d handed over, %d calls", report.Members, changes, report.Handed, report.Calls)
	if changes < 20 {
		t.Errorf("only %d changes were under way", changes)
	}
	if problem := r.standing(site, old); problem != "" {
		t.Error(problem)
	}
	if back := r.list.Reactivations(); len(back) > 0 {
		t.Errorf("made active again: %+v", back)
	}
	r.clean()
	r.nothingLeft(t, site)
	r.quiet(t, site)
	r.discreet(t, "example.org", "example.net", "example.com", "Member 1", "Newcomer", secret, cmtest.DefaultKey, site.AdminKey())
}

// nothingLeft fails the test unless a dry run finds nothing to do.
func (r *rig) nothingLeft(t *testing.T, site *publication) {
	t.Helper()
	var found []string
	req := reconcile.Request{DryRun: true, OnChange: func(c reconcile.Change) {
		if c.Kind.Changes() {
			found = append(found, fmt.Sprintf("%+v", c))
		}
	}}
	if report, err := r.Sync(t.Context(), site.name, req); err != nil || report.Changed() > 0 {
		t.Errorf("a dry run after it: %v, %d changes: %s", err, report.Changed(), strings.Join(found[:min(len(found), 5)], "\n"))
	}
}

// quiet fails the test unless another sync writes nothing.
func (r *rig) quiet(t *testing.T, site *publication) {
	t.Helper()
	writes := r.list.WriteCount()
	if report, err := r.Sync(t.Context(), site.name, reconcile.Request{}); err != nil || report.Changed() > 0 {
		t.Errorf("a second sync: %v, %d changes", err, report.Changed())
	}
	if n := r.list.WriteCount() - writes; n > 0 {
		t.Errorf("the second sync wrote %d times", n)
	}
}

// With no worker anywhere, what an import cannot do is done by the process that syncs.
func TestASyncNeedsNoOtherWorker(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noProgram: true, env: []string{quietSchedule}})
	site := r.sites[0]
	crowd(t, site, 50)
	sync := func() (report reconcile.Report) {
		var err error
		working := r.Assisted(t.Context(), func(ctx context.Context) { report, err = r.Sync(ctx, site.name, reconcile.Request{}) })
		if err != nil || working != nil || report.HandedDone != report.Handed {
			t.Fatalf("%v, %v: %+v", err, working, report)
		}
		return report
	}
	sync()
	for i, m := range site.Members()[:5] {
		if err := site.EditMember(m.ID, func(m *ghosttest.Member) { m.Email = fmt.Sprintf("moved.%d@example.net", i) }); err != nil {
			t.Fatal(err)
		}
	}
	if report := sync(); report.Counts[reconcile.ChangeAddress] != 5 || report.Handed != 5 {
		t.Errorf("five addresses changed, and %+v", report)
	}
	if problem := r.standing(site, history{}); problem != "" {
		t.Error(problem)
	}
	if n := len(r.list.Subscribers(site.listID)); n != 50 {
		t.Errorf("%d subscribers: an address was not changed in place", n)
	}
}

func TestASyncOfAnUnknownSiteIsAnError(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noProgram: true})
	if _, err := r.Sync(t.Context(), "elsewhere", reconcile.Request{}); err == nil {
		t.Error("it was taken")
	}
}
