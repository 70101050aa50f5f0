package program_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

const often = 300 * time.Millisecond

// Ghost sends no webhook for an import, nor for a label that is taken from many at
// once, and neither changes updated_at: this is what the schedule is for.
func TestWhatNoWebhookTellsReachesTheListByTheScheduleAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{sites: 2, catchUp: often})
	site := r.sites[0]
	r.pointNowhere()
	var people []ghosttest.Member
	for i := range 250 {
		people = append(people, ghosttest.Member{
			Email: fmt.Sprintf("reader%03d@example.org", i), Name: fmt.Sprintf("Reader %d", i), Labels: []string{"Founders", "Berlin"},
		})
	}
	if taken := site.Import(people); taken != len(people) {
		t.Fatalf("Ghost took %d", taken)
	}
	r.eventually("250 members", 30*time.Second, func() string { return r.agrees(site) })
	before := site.Members()[7].UpdatedAt
	site.BulkUnlabel("Berlin", func(m ghosttest.Member) bool { return m.Email == people[7].Email })
	if !site.Members()[7].UpdatedAt.Equal(before) {
		t.Fatal("updated_at has changed: that would be too easy")
	}
	r.eventually("a label less", 30*time.Second, func() string { return r.agrees(site) })
	site.BulkDelete(func(m ghosttest.Member) bool { return m.Email == people[9].Email })
	r.eventually("a member less", 30*time.Second, func() string { return r.agrees(site) })
	r.eventually("metrics", 10*time.Second, func() string {
		text := r.get("/metrics")
		for _, series := range []string{
			`ghostcm_catchup_runs_total{result="ok",site="site2"}`, `ghostcm_catchup_last_success_timestamp_seconds{site="site1"}`,
			`ghostcm_catchup_changes_total{kind="add",site="site1"} 250`, `ghostcm_catchup_changes_total{kind="gone",site="site1"} 1`,
			`ghostcm_catchup_changes_total{kind="update",site="site1"} 1`,
		} {
			if !strings.Contains(text, "\n"+series) {
				return "no " + series
			}
		}
		return ""
	})
	r.clean()
}

// pointNowhere loses every webhook.
func (r *rig) pointNowhere() {
	for _, s := range r.sites {
		s.Webhooks(func(string) string { return r.url + "/webhook/ghost/nobody" }, secret)
	}
}

func TestOptOutsReachGhostByTheScheduleWithoutAListWebhook(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{catchUp: often, env: []string{"SITE1_OPT_OUTS_TO_GHOST=true"}})
	site := r.sites[0]
	r.add(site, 3)
	r.eventually("joined", 10*time.Second, func() string { return r.agrees(site) })
	r.eventually("the first walk", 20*time.Second, func() string { return r.caughtUp(site) })
	email := site.Members()[1].Email
	r.list.SetState(site.listID, email, "Unsubscribed")
	r.eventually("the newsletters are off", 20*time.Second, func() string {
		for _, m := range site.Members() {
			if on := len(m.Newsletters) > 0; on == (m.Email == email) {
				return fmt.Sprintf("%s reads newsletters: %t", m.Email, on)
			}
		}
		return ""
	})
	r.eventually("settled", 10*time.Second, r.settled)
	r.turns(site, 3) // one may have begun before Ghost was told
	all, err := r.Store.CatchUps(t.Context(), []string{site.name})
	if err != nil || all[0].Found["opt_out"] != 0 {
		t.Errorf("what Ghost knows is looked at again: %+v, %v", all, err)
	}
	if problem := r.agrees(site, email); problem != "" {
		t.Error(problem)
	}
	r.clean()
}

// turns waits for n catch-ups of the site.
func (r *rig) turns(site *publication, n int) {
	r.t.Helper()
	last := time.Time{}
	for range n {
		r.eventually("a turn", 20*time.Second, func() string {
			all, err := r.Store.CatchUps(r.t.Context(), []string{site.name})
			if err != nil || !all[0].Good.After(last) {
				return fmt.Sprintf("%+v, %v", all, err)
			}
			last = all[0].Good
			return ""
		})
	}
}

// caughtUp says what a site's catch-up is waiting for.
func (r *rig) caughtUp(site *publication) string {
	all, err := r.Store.CatchUps(r.t.Context(), []string{site.name})
	if err != nil || all[0].Good.IsZero() {
		return fmt.Sprintf("%+v, %v", all, err)
	}
	return ""
}

// A site whose key was wrong has missed what happened meanwhile.
func TestTheEndOfAPauseIsFollowedByAFullWalk(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{catchUp: often})
	site := r.sites[0]
	r.eventually("the first walk", 20*time.Second, func() string { return r.caughtUp(site) })
	if _, err := r.Store.Pause(t.Context(), site.name, "campaignmonitor", "a wrong key"); err != nil {
		t.Fatal(err)
	}
	r.minuteLater(site.name)
	r.add(site, 1) // the probe
	r.eventually("a full walk", 20*time.Second, func() string {
		if !strings.Contains(r.log.String(), `"why":"pause_ended"`) {
			return "none"
		}
		return ""
	})
}

func TestAProcessThatStopsDoesNotWaitForACatchUpForEver(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{catchUp: often})
	r.sites[0].SetDelay(20 * time.Second)
	r.eventually("a turn", 10*time.Second, func() string {
		all, err := r.Store.CatchUps(t.Context(), []string{r.sites[0].name})
		if err != nil || all[0].Who == "" {
			return fmt.Sprintf("%+v, %v", all, err)
		}
		return ""
	})
	began := time.Now()
	r.stop()
	if took := time.Since(began); took > 16*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

func TestWithoutAnIntervalNothingIsAskedOfGhost(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.add(r.sites[0], 1)
	r.eventually("settled", 5*time.Second, r.settled)
	all, err := r.Store.CatchUps(t.Context(), []string{r.sites[0].name})
	if err != nil || all[0].Who != "" || !all[0].Last.IsZero() {
		t.Errorf("%+v, %v", all, err)
	}
}
