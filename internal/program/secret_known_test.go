package program_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// forge signs a webhook anew, with some of its body exchanged, and has it accepted.
func (r *rig) forge(site *publication, hook ghosttest.Delivery, exchanged ...string) {
	r.t.Helper()
	for i := 0; i+1 < len(exchanged); i += 2 {
		hook.Body = bytes.ReplaceAll(hook.Body, []byte(exchanged[i]), []byte(exchanged[i+1]))
	}
	if status, err := site.Send(r.t.Context(), site.Resign(hook, time.Now())); status != http.StatusAccepted || err != nil {
		r.t.Fatalf("a webhook with the right signature was answered %d, %v", status, err)
	}
}

// With an Admin API key what a webhook says of a member is a hint, whoever signed it.
// That one is deleted is believed.
func TestWhoKnowsAWebhookSecretAddsAndBringsBackNobodyWhereGhostCanBeAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	site := r.sites[0]
	site.HoldWebhooks(true)
	ids := map[string]string{}
	for _, email := range []string{"jo@example.org", "out@example.org"} {
		m, err := site.AddMember(ghosttest.Member{Email: email})
		if err != nil {
			t.Fatal(err)
		}
		ids[email] = m.ID
	}
	site.Flush()
	added := site.TakeWebhooks()
	for _, hook := range added {
		r.forge(site, hook)
	}
	r.eventually("all are on the list", time.Minute, func() string { return r.settled() + r.agrees(site) })
	r.list.SetState(site.listID, "out@example.org", "Unsubscribed")

	r.forge(site, added[0], "jo@example.org", "evil@example.org") // adds nobody
	r.forge(site, added[0], ids["jo@example.org"], "6b026e7238ffff68ffffffff", "jo@example.org", "evil@example.org")
	r.forge(site, added[1], `"free"`, `"paid"`) // brings nobody back
	r.eventually("all of it is looked at", time.Minute, r.settled)
	for email, want := range map[string]string{"jo@example.org": "Active", "out@example.org": "Unsubscribed", "evil@example.org": ""} {
		if s, _ := r.list.Subscriber(site.listID, email); s.State != want || s.Fields["ghost_status"] == "paid" {
			t.Errorf("%s is %+v, want %q", email, s, want)
		}
	}
}
