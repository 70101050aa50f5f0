package program_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

// told is what the activity says, an entry in a few words.
func (r *rig) told(q program.ActivityQuery) (all []string) {
	r.t.Helper()
	found, _, err := r.Activity(r.t.Context(), q)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, a := range found {
		all = append(all, inWords(a))
	}
	return all
}

func inWords(a store.Activity) string {
	words := a.Event + " " + a.Outcome
	if a.Code != "" {
		words += " " + a.Code
	}
	return words
}

// tells waits until the activity says this, and nothing else.
func (r *rig) tells(q program.ActivityQuery, want ...string) {
	r.t.Helper()
	r.eventually("the activity", 20*time.Second, func() string { return cmp.Diff(want, r.told(q)) })
}

func TestActivityTellsTheLifeOfAMember(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	site := r.sites[0]
	m, err := site.AddMember(ghosttest.Member{Email: "Jo@Example.org", Name: "Jo"})
	if err != nil {
		t.Fatal(err)
	}
	site.Flush()
	r.eventually("added", 10*time.Second, r.settled)
	rename := func(name string) {
		if err := site.EditMember(m.ID, func(m *ghosttest.Member) { m.Name = name }); err != nil {
			t.Fatal(err)
		}
		site.Flush()
		r.eventually("edited", 10*time.Second, r.settled)
	}
	rename("Joe")
	if err := site.DeleteMember(m.ID); err != nil {
		t.Fatal(err)
	}
	site.Flush()
	r.eventually("deleted", 10*time.Second, r.settled)
	life := []string{"member.added created", "member.edited updated", "member.deleted removed"}
	r.tells(program.ActivityQuery{Whose: []string{m.ID}}, life...)
	r.tells(program.ActivityQuery{Whose: []string{member.AddressHash("jo@example.org")}}, life...)
	r.tells(program.ActivityQuery{Limit: 1}, life[2])
	r.tells(program.ActivityQuery{Outcomes: []string{"updated", "created"}}, life[:2]...)
	r.tells(program.ActivityQuery{Events: []string{"member.deleted"}}, life[2])
	r.tells(program.ActivityQuery{Since: time.Now().Add(time.Hour)})
	found, _, err := r.Activity(t.Context(), program.ActivityQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	a := found[0]
	if a.Site != "site1" || a.Lag <= 0 || a.Lag > time.Minute || len(a.EventIDs) != 1 || a.JobID == "" || a.Attempt != 1 || time.Since(a.At) > time.Minute {
		t.Errorf("the entry is %+v", a)
	}
}

func TestActivityTellsFailuresByTheirCodes(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{env: []string{"RETRY_SCHEDULE=1s"}})
	r.list.SetDown(true)
	m, err := r.sites[0].AddMember(ghosttest.Member{Email: "jo@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	r.tells(program.ActivityQuery{Whose: []string{m.ID}}, "member.added retried cm:503", "member.added dead cm:503")
}

// A site whose configuration is wrong is looked at every minute by each of its
// jobs: that is told of once.
func TestActivityTellsOnceThatAnEventWaitsForItsSite(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	if _, err := r.Store.Pause(t.Context(), "site1", "campaignmonitor", "a test"); err != nil {
		t.Fatal(err)
	}
	m, err := r.sites[0].AddMember(ghosttest.Member{Email: "jo@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	of := program.ActivityQuery{Whose: []string{m.ID}}
	r.tells(of, "member.added waiting paused")
	for range 3 {
		if _, err := r.Queue.Expedite(t.Context(), "site1"); err != nil {
			t.Fatal(err)
		}
		r.eventually("looked", 10*time.Second, r.idleButWaiting)
	}
	if _, err := r.Store.Succeed(t.Context(), "site1", "campaignmonitor"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Queue.Expedite(t.Context(), "site1"); err != nil {
		t.Fatal(err)
	}
	r.tells(of, "member.added waiting paused", "member.added created")
}

func (r *rig) idleButWaiting() string {
	s, err := r.Queue.Stats(r.t.Context())
	if err != nil || s.Depth+s.Running > 0 {
		return fmt.Sprintf("%+v, %v", s, err)
	}
	return ""
}

func TestActivityTellsOfFullSyncsButNotOfDryRuns(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	site := r.sites[0]
	site.HoldWebhooks(true)
	for i := range 3 {
		if _, err := site.AddMember(ghosttest.Member{Email: fmt.Sprintf("member.%d@example.org", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Sync(t.Context(), "site1", reconcile.Request{DryRun: true}); err != nil {
		t.Fatal(err)
	}
	report, err := r.Sync(t.Context(), "site1", reconcile.Request{})
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := r.Activity(t.Context(), program.ActivityQuery{Events: []string{reconcile.EventSync}})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || inWords(found[0]) != "sync begun" || inWords(found[1]) != "sync done" {
		t.Fatalf("told %+v", found)
	}
	end := found[1]
	if end.Who != "cli" || end.JobID != report.RunID || end.Counts["add"] != 3 {
		t.Errorf("the end of run %s is %+v", report.RunID, end)
	}
}

func TestFollowingGoesOnAfterARestartOfRedisWithoutGapsOrRepeats(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noProgram: true})
	server := redistest.New(t, redistest.AOF())
	r.redis = server.URL()
	r.Program = r.open(rigOptions{})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	write := func(outcome string) {
		t.Helper()
		r.eventually("written", 20*time.Second, func() string {
			if err := r.Store.Note(ctx, store.Activity{At: time.Now(), Site: "site1", Outcome: outcome}); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	write("before")
	_, ends, err := r.Activity(ctx, program.ActivityQuery{})
	if err != nil {
		t.Fatal(err)
	}
	write("between")
	heard := make(chan string)
	go func() {
		defer close(heard)
		for a, err := range r.Follow(ctx, program.ActivityQuery{}, ends) {
			if err != nil {
				heard <- "Redis is away"
				continue
			}
			heard <- a.Outcome
		}
	}()
	var got []string
	hear := func() {
		t.Helper()
		select {
		case one := <-heard:
			got = append(got, one)
		case <-time.After(30 * time.Second):
			t.Fatalf("nothing more is heard after %v", got)
		}
	}
	hear()
	server.Stop()
	hear()
	server.Restart()
	write("after")
	hear()
	if diff := cmp.Diff([]string{"between", "Redis is away", "after"}, got); diff != "" {
		t.Error(diff)
	}
	stop()
	for late := range heard {
		t.Errorf("came after the end: %s", late)
	}
	if slices.Contains(got, "before") {
		t.Error("what was there before came again")
	}
}
