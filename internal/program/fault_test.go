package program_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
)

// minuteLater lets the gate of a site take its next probe now.
func (r *rig) minuteLater(site string) {
	r.t.Helper()
	options, err := redis.ParseURL(r.redis)
	if err != nil {
		r.t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	if err := client.HSet(r.t.Context(), "{ghostcm}:gate:"+site, "probe", 1).Err(); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) dead() []jobs.DeadLetter {
	r.t.Helper()
	var all []jobs.DeadLetter
	for d, err := range r.Queue.Dead(r.t.Context(), jobs.DeadFilter{}) {
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

func (r *rig) add(site *publication, n int) {
	r.t.Helper()
	for i := range n {
		if _, err := site.AddMember(ghosttest.Member{Email: fmt.Sprintf("m%d.%d@example.org", len(site.Members()), i)}); err != nil {
			r.t.Fatal(err)
		}
	}
	site.Flush()
}

func TestWhileCampaignMonitorIsDownJobsWaitAndNoneDies(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{sites: 2, env: []string{"RETRY_SCHEDULE=1s,1s"}})
	site, healthy := r.sites[0], r.sites[1]
	r.add(site, 1)
	r.eventually("warm", 5*time.Second, r.settled)
	r.list.SetDown(true)
	r.add(site, 30)
	r.eventually("the breaker opens", 20*time.Second, func() string {
		if gate, err := r.Store.Gate(t.Context(), site.name); err != nil || gate.Open {
			return fmt.Sprintf("gate %+v, %v", gate, err)
		}
		return ""
	})
	r.list.SetDown(false)
	r.add(healthy, 1)
	r.eventually("another site goes on", 5*time.Second, func() string { return r.agrees(healthy) })
	r.minuteLater(site.name)
	r.add(site, 1) // the probe, which finds the list well again
	r.eventually("what waited is done", 20*time.Second, r.settled)
	if problem := r.agrees(site); problem != "" {
		t.Error(problem)
	}
	if dead := r.dead(); len(dead) != 0 {
		t.Errorf("%d jobs died of an outage: %+v", len(dead), dead[0])
	}
}

// What the fleet's test found: ten requests that are refused together opened the
// breaker, and its closing let them all go at once, to be refused again.
func TestWhatAnAccountRefusesTogetherOpensNoBreaker(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true, env: []string{"WORKER_CONCURRENCY=50"},
		list: cmtest.Options{Delay: 500 * time.Millisecond, Account: cmtest.Limit{N: 25, Window: 5 * time.Second}}})
	site := r.sites[0]
	r.add(site, 45)
	r.eventually("all are on the list", 2*time.Minute, func() string { return r.settled() + r.agrees(site) })
	refused := 0
	for _, request := range r.list.Requests() {
		if request.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 10 {
		t.Errorf("only %d requests were refused: fewer than open the breaker", refused)
	}
	if strings.Contains(r.log.String(), "site.breaker_opened") {
		t.Error("the breaker was opened by requests that were refused together")
	}
}

func TestAWrongKeyPausesTheSiteInsteadOfFillingTheDeadLetters(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{env: []string{"SITE1_CM_API_KEY=ffffffffffffffffffffffffffffffff"}})
	site := r.sites[0]
	r.add(site, 5)
	r.eventually("paused", 10*time.Second, func() string {
		if gate, err := r.Store.Gate(t.Context(), site.name); err != nil || !gate.Paused {
			return fmt.Sprintf("gate %+v, %v\n%s", gate, err, r.log)
		}
		return ""
	})
	if health := r.get("/health"); !strings.Contains(health, site.name) || !strings.Contains(health, "paused") {
		t.Errorf("health does not tell: %s", health)
	}
	mended := newRigOn(t, r)
	r.minuteLater(site.name)
	r.add(site, 1)
	r.eventually("what waited is done", 20*time.Second, r.settled)
	if problem := r.agrees(site); problem != "" {
		t.Error(problem)
	}
	if dead := mended.dead(); len(dead) != 0 {
		t.Errorf("%d jobs died", len(dead))
	}
}

func (r *rig) get(path string) string {
	r.t.Helper()
	resp, err := http.Get(r.url + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if err := resp.Write(&b); err != nil {
		r.t.Fatal(err)
	}
	return b.String()
}

// refusing is an address that Ghost takes and Campaign Monitor does not.
const refusing = "no-at-sign-for-cm@localhost"

func TestADeadLetterBlocksNoNewerEventOfItsMember(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	site := r.sites[0]
	m, err := site.AddMember(ghosttest.Member{Email: refusing, Name: "Odd"})
	if err != nil {
		t.Fatal(err)
	}
	r.eventually("dead", 10*time.Second, func() string {
		if len(r.dead()) != 1 {
			return "no dead letter"
		}
		return ""
	})
	d := r.dead()[0]
	if d.Code != "member:invalid_address" || d.Key != m.ID || d.Site != site.name || d.EmailHash == "" || strings.Contains(d.Reason, "localhost") {
		t.Errorf("the dead letter says %+v", d)
	}
	if err := site.EditMember(m.ID, func(m *ghosttest.Member) { m.Email = "odd@example.org" }); err != nil {
		t.Fatal(err)
	}
	r.eventually("written under the new address", 5*time.Second, func() string { return r.agrees(site) })
	if replayed, err := r.Queue.Replay(t.Context(), d, jobs.Revival{}); err != nil || !replayed {
		t.Errorf("replay: %t, %v", replayed, err)
	}
	r.eventually("the replay finds nothing to do", 5*time.Second, r.settled)
	if problem := r.agrees(site); problem != "" || len(r.dead()) != 0 {
		t.Errorf("%s, %d dead", problem, len(r.dead()))
	}
}

func TestASiteWithAnothersGhostCannotEmptyItsList(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true})
	site := r.sites[0]
	r.add(site, 60)
	r.eventually("all are on the list", 10*time.Second, r.settled)
	stranger := ghosttest.Run(t, ghosttest.Options{})
	wrong := newRigOn(t, r, "SITE1_GHOST_URL="+stranger.URL(), "SITE1_GHOST_ADMIN_API_KEY="+stranger.AdminKey())
	for _, m := range site.Members() {
		if err := site.EditMember(m.ID, func(m *ghosttest.Member) { m.Labels = []string{"touched"} }); err != nil {
			t.Fatal(err)
		}
	}
	site.Flush()
	r.eventually("settled", 20*time.Second, r.settled)
	active := 0
	for _, s := range r.list.Subscribers(site.listID) {
		if s.State == "Active" {
			active++
		}
	}
	if active != 40 {
		t.Errorf("%d of 60 subscribers are left; 20 a day may go", active)
	}
	r.eventually("the rest are dead letters", 5*time.Second, func() string {
		if dead := wrong.dead(); len(dead) != 40 || dead[0].Code != "ghost:404" {
			return fmt.Sprintf("%d dead letters", len(dead))
		}
		return ""
	})
}

func TestFieldsThatTheListLacksAreNotSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noFields: true})
	site := r.sites[0]
	r.list.AddField(site.listID, "ghost_status", "Text")
	r.list.AddField(site.listID, "ghost_signup_date", "Text") // made as text: takes the full time
	r.add(site, 1)
	r.eventually("written", 5*time.Second, r.settled)
	s := r.list.Subscribers(site.listID)[0]
	if s.Fields["ghost_status"] != "free" || len(s.Fields["ghost_signup_date"]) != len(time.RFC3339)-5 {
		t.Errorf("fields are %v", s.Fields)
	}
	if !strings.Contains(r.log.String(), "list.fields_missing") {
		t.Error("nobody is told that fields are missing")
	}
	r.clean()
}

func TestAPersonWhoOptedOutStaysOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	site := r.sites[0]
	m, err := site.AddMember(ghosttest.Member{Email: "jo@example.org", Name: "Jo"})
	if err != nil {
		t.Fatal(err)
	}
	r.eventually("joined", 5*time.Second, func() string { return r.agrees(site) })
	r.list.SetState(site.listID, m.Email, "Unsubscribed")
	steps := []func() error{
		func() error { return site.EditMember(m.ID, func(m *ghosttest.Member) { m.Status = "paid" }) },
		func() error { return site.EditMember(m.ID, func(m *ghosttest.Member) { m.Email = "jo@example.net" }) },
		func() error { return site.DeleteMember(m.ID) },
		func() error {
			_, err := site.AddMember(ghosttest.Member{Email: "jo@example.net", Name: "Jo Again"})
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		site.Flush()
		r.eventually("settled", 5*time.Second, r.settled)
	}
	if problem := r.agrees(site, "jo@example.net"); problem != "" {
		t.Error(problem)
	}
	if again := r.list.Reactivations(); len(again) != 0 {
		t.Errorf("made active again: %+v", again)
	}
}

func TestARemovalStaysOnItsListWhereUnsubscribingReachesAll(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{sites: 2, setting: "AllClientLists"})
	for _, site := range r.sites {
		if _, err := site.AddMember(ghosttest.Member{Email: "jo@example.org", Name: "Jo"}); err != nil {
			t.Fatal(err)
		}
	}
	r.eventually("on both lists", 5*time.Second, func() string { return r.agrees(r.sites[0]) + r.agrees(r.sites[1]) })
	if err := r.sites[0].DeleteMember(r.sites[0].Members()[0].ID); err != nil {
		t.Fatal(err)
	}
	r.eventually("gone from one, active on the other", 5*time.Second, func() string { return r.agrees(r.sites[0]) + r.agrees(r.sites[1]) })
	if s, _ := r.list.Subscriber(r.sites[0].listID, "jo@example.org"); s.State != "Deleted" {
		t.Errorf("removed as %s", s.State)
	}
	if r.list.Suppressed(cmtest.DefaultClient, "jo@example.org") {
		t.Error("the person is suppressed on every list of the client")
	}
}
