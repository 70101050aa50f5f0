//go:build e2e

package program_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost"
)

// TestJourney8Ghost5And6SideBySide has two sites in one ghostcm: a real Ghost 6, and
// one whose webhooks are those that a real Ghost 5.130.6 has sent.
func TestJourney8Ghost5And6SideBySide(t *testing.T) { //nolint:paralleltest // it has the Ghost to itself
	v := newVisit(t)
	old := v.list.CreateList(cmtest.ListOptions{UnsubscribeSetting: "OnlyThisList"})
	for _, f := range fieldTypes {
		v.list.AddField(old, f[0], f[1])
	}
	v.env = append(v.env, "SITE2_NAME=oldblog", "SITE2_GHOST_WEBHOOK_SECRET="+secret, "SITE2_CM_LIST_ID="+old)
	v.opens()
	v.ghost.adds(map[string]any{"email": v.email("new"), "name": "Of Ghost 6"})
	bodies := captured(t)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(bodies)), func(name string) bool { return !strings.HasPrefix(name, "v5.130.6-") })
	// They are of one member, who is deleted last: what comes after that is ignored.
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(strings.Count(a, "deleted"), strings.Count(b, "deleted"))
	})
	for _, name := range names {
		v.ghost.edits(v.member("new").ID, map[string]any{"name": "While " + name})
		v.sends("oldblog", captureEvent(name), bodies[name])
		v.eventually(name, 10*time.Minute, func() string { return v.asTold(old, name, bodies[name]) })
	}
	v.agree("webhooks of a Ghost 5 on another site")
	v.clean()
}

// sends posts a captured webhook, signed anew.
func (v *visit) sends(site, event string, body []byte) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.url+"/webhook/ghost/"+site+"?event="+event, bytes.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(ghost.SignatureHeader, ghost.Sign(body, []byte(secret), time.Now()))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		v.t.Errorf("%s was answered %s", event, resp.Status)
	}
}

// asTold says how a list differs from what a webhook told of its member, "" if it does not.
func (v *visit) asTold(list, name string, body []byte) string {
	v.t.Helper()
	var says told
	if err := json.Unmarshal(body, &says); err != nil {
		v.t.Fatal(err)
	}
	if captureEvent(name) == "member.deleted" {
		if s, found := v.list.Subscriber(list, says.Member.Previous.Email); found && s.State == "Active" {
			return "who was deleted is active"
		}
		return ""
	}
	s, found := v.list.Subscriber(list, says.Member.Current.Email)
	if !found || s.State != "Active" || s.Fields["ghost_status"] != says.Member.Current.Status {
		return fmt.Sprintf("found %t, %q with status %q, want Active with %q", found, s.State, s.Fields["ghost_status"], says.Member.Current.Status)
	}
	return ""
}
