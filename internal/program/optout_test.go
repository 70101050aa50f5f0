package program_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/worker"
)

const listToken = "a-token-that-nobody-guesses"

// optOutRig is a rig with one member on the list, whose list tells the program
// what happens to it.
type optOutRig struct {
	*rig
	site *publication
	id   string
}

const reader = "jo@example.org"

func newOptOutRig(t *testing.T, env ...string) *optOutRig {
	t.Helper()
	send := func(url string, payload []byte) error {
		res, err := http.Post(url, "application/json", bytes.NewReader(payload))
		if err == nil {
			_ = res.Body.Close()
		}
		return err
	}
	r := &optOutRig{rig: newRig(t, rigOptions{
		list: cmtest.Options{Send: send},
		env:  append([]string{"SITE1_CM_WEBHOOK_TOKEN=" + listToken, "SITE1_OPT_OUTS_TO_GHOST=true"}, env...),
	})}
	r.site = r.sites[0]
	list, err := campaignmonitor.New(campaignmonitor.Options{BaseURL: r.list.URL(), APIKey: cmtest.DefaultKey, HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	target := r.url + "/webhook/campaignmonitor/" + r.site.name + "/" + listToken
	if _, err := list.CreateWebhook(t.Context(), r.site.listID, target, []string{"Subscribe", "Deactivate", "Update"}); err != nil {
		t.Fatal(err)
	}
	m, err := r.site.AddMember(ghosttest.Member{Email: reader, Name: "Jo"})
	if err != nil {
		t.Fatal(err)
	}
	r.id = m.ID
	r.eventually("joined", 5*time.Second, func() string { return r.agrees(r.site) })
	r.eventually("settled", 5*time.Second, r.settled)
	return r
}

// reads says whether the member reads newsletters, as Ghost has it.
func (r *optOutRig) reads() bool {
	r.t.Helper()
	for _, m := range r.site.Members() {
		if m.ID == r.id {
			return len(m.Newsletters) > 0
		}
	}
	r.t.Fatal("the member is gone")
	return false
}

func (r *optOutRig) setNewsletters(names ...string) {
	r.t.Helper()
	err := r.site.EditMember(r.id, func(m *ghosttest.Member) { m.Newsletters = names })
	if err != nil {
		r.t.Fatal(err)
	}
	r.site.Flush()
}

// looked waits for the end of n looks, and returns what came of the last.
func (r *optOutRig) looked(n int) (outcome string) {
	r.t.Helper()
	r.eventually("a look", 30*time.Second, func() string {
		lines := strings.Split(r.log.String(), `"msg":"optout.done"`)
		if len(lines) <= n {
			return "it was not taken"
		}
		_, outcome, _ = strings.Cut(lines[n], `"outcome":"`)
		outcome, _, _ = strings.Cut(outcome, `"`)
		return ""
	})
	return outcome
}

func (r *optOutRig) look() {
	r.t.Helper()
	if err := (worker.OptOuts{Store: r.Store, Queue: r.Queue}).Look(r.t.Context(), r.site.name, r.id); err != nil {
		r.t.Fatal(err)
	}
}

// unsubscribe is what the person does in a newsletter of Campaign Monitor.
func (r *optOutRig) unsubscribe() {
	r.t.Helper()
	if !r.list.SetState(r.site.listID, reader, "Unsubscribed") {
		r.t.Fatal("not on the list")
	}
}

func (r *optOutRig) state() string {
	s, _ := r.list.Subscriber(r.site.listID, reader)
	return s.State
}

// Whatever the policies: what Ghost sends of our own change must neither bring
// the person back, nor go round again.
func TestAnOptOutReachesGhostByTheListsWebhookAndComesToRest(t *testing.T) {
	t.Parallel()
	for _, env := range [][]string{
		{"SITE1_RESUBSCRIBE=never"}, {"SITE1_RESUBSCRIBE=ghost-opt-in"},
		{"SITE1_RESUBSCRIBE=ghost-opt-in", "SITE1_ON_OPT_OUT=unsubscribe"},
	} {
		t.Run(strings.Join(env, " "), func(t *testing.T) {
			t.Parallel()
			r := newOptOutRig(t, env...)
			r.unsubscribe()
			r.eventually("the newsletters are off", 5*time.Second, func() string {
				if r.reads() {
					return "still on"
				}
				return ""
			})
			r.eventually("the field says so", 5*time.Second, func() string {
				s, _ := r.list.Subscriber(r.site.listID, reader)
				if s.Fields["ghost_email_enabled"] != "false" {
					return "ghost_email_enabled is " + s.Fields["ghost_email_enabled"]
				}
				return r.settled()
			})
			r.look() // as a catch-up would
			r.looked(2)
			r.eventually("settled", 5*time.Second, r.settled)
			if r.state() != "Unsubscribed" || r.reads() {
				t.Errorf("%s, reads newsletters: %t", r.state(), r.reads())
			}
			if n := strings.Count(r.log.String(), `"outcome":"opt_out_told"`); n != 1 {
				t.Errorf("Ghost was told %d times", n)
			}
			if n := len(r.site.Members()); n != 1 {
				t.Errorf("%d members: somebody was deleted", n)
			}
			r.clean()
		})
	}
}

func TestEndsThatAreNoOptOutNeverReachGhost(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"Bounced", "Deleted", "Spam", "Active"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			r := newOptOutRig(t)
			r.list.SetState(r.site.listID, reader, state)
			r.look()
			if outcome := r.looked(1); outcome != "opt_out_none" || !r.reads() {
				t.Errorf("outcome %s, reads newsletters: %t", outcome, r.reads())
			}
		})
	}
}

// By ON_OPT_OUT=unsubscribe the subscriber follows Ghost. Whoever turns the
// newsletters in Ghost on again must not find them turned off by that.
func TestWhatGhostAskedForDoesNotComeBackAsAnOptOut(t *testing.T) {
	t.Parallel()
	r := newOptOutRig(t, "SITE1_ON_OPT_OUT=unsubscribe")
	was := r.site.Members()[0].Newsletters
	r.setNewsletters()
	r.eventually("unsubscribed", 5*time.Second, func() string {
		if r.state() != "Unsubscribed" {
			return r.state()
		}
		return ""
	})
	r.looked(1) // by the webhook of our own unsubscribe
	r.setNewsletters(was...)
	r.eventually("settled", 5*time.Second, r.settled)
	r.look()
	if outcome := r.looked(2); outcome != "opt_out_none" || !r.reads() {
		t.Errorf("outcome %s, reads newsletters: %t", outcome, r.reads())
	}
}

func TestGhostIsToldOfAnOptOutOnce(t *testing.T) {
	t.Parallel()
	r := newOptOutRig(t)
	was := r.site.Members()[0].Newsletters
	r.unsubscribe()
	if outcome := r.looked(1); outcome != "opt_out_told" {
		t.Fatalf("outcome %s", outcome)
	}
	r.setNewsletters(was...) // the person, in Ghost
	r.eventually("settled", 5*time.Second, r.settled)
	r.look()
	if outcome := r.looked(2); outcome != "opt_out_none" || !r.reads() {
		t.Errorf("outcome %s, reads newsletters: %t; want the person's choice kept", outcome, r.reads())
	}
}

// Of an opt-out and an opt-in in Ghost the newer holds; only the member's own job
// can tell which it is.
func TestANewerOptInInGhostIsHeldAgainstTheOptOutFirst(t *testing.T) {
	t.Parallel()
	r := newOptOutRig(t, "SITE1_RESUBSCRIBE=ghost-opt-in", "SITE1_CM_WEBHOOK_TOKEN=")
	was := r.site.Members()[0].Newsletters
	left := cmtest.Subscriber{Email: reader, Name: "Jo", State: "Unsubscribed", Changed: time.Now().Add(-time.Hour)}
	r.list.Seed(r.site.listID, left) // and nobody was told
	r.setNewsletters()
	r.eventually("settled", 5*time.Second, r.settled)
	r.site.Webhooks(func(string) string { return r.url + "/webhook/ghost/nobody" }, secret) // its webhook is lost
	r.setNewsletters(was...)
	r.look()
	r.eventually("resubscribed", 10*time.Second, func() string {
		if r.state() != "Active" {
			return r.state()
		}
		return ""
	})
	if outcome := r.looked(1); outcome != "opt_out_none" || !r.reads() {
		t.Errorf("outcome %s, reads newsletters: %t", outcome, r.reads())
	}
}

func TestWithoutTheSettingAnOptOutIsOnlyRemembered(t *testing.T) {
	t.Parallel()
	r := newOptOutRig(t, "SITE1_OPT_OUTS_TO_GHOST=false")
	r.unsubscribe()
	if outcome := r.looked(1); outcome != "opt_out_noted" || !r.reads() {
		t.Errorf("outcome %s, reads newsletters: %t", outcome, r.reads())
	}
	known, err := r.Store.RecallAddresses(t.Context(), r.site.name, []string{reader})
	if err != nil || known[reader].OptOut == nil {
		t.Errorf("remembered: %+v, %v", known, err)
	}
}

func TestALookWaitsWhileGhostIsDownAndThenTellsIt(t *testing.T) {
	t.Parallel()
	r := newOptOutRig(t)
	r.site.SetDown(true)
	r.unsubscribe()
	r.eventually("a failed attempt", 10*time.Second, func() string {
		if !strings.Contains(r.log.String(), `"kind":"optout"`) {
			return "none"
		}
		return ""
	})
	r.site.SetDown(false)
	r.eventually("told", 20*time.Second, func() string {
		if r.reads() {
			return "not yet"
		}
		return ""
	})
	if dead := r.dead(); len(dead) != 0 {
		t.Errorf("dead letters: %+v", dead)
	}
}

func TestAnOptOutOfSomebodyWhoHasLeftGhostTellsNobody(t *testing.T) {
	t.Parallel()
	r := newOptOutRig(t)
	if err := r.site.DeleteMember(r.id); err != nil {
		t.Fatal(err)
	}
	r.eventually("removed", 5*time.Second, func() string { return r.agrees(r.site) })
	r.eventually("settled", 5*time.Second, r.settled)
	r.look()
	if outcome := r.looked(1); outcome != "opt_out_nobody" {
		t.Errorf("outcome %s", outcome)
	}
}
