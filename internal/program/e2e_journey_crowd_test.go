//go:build e2e

package program_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestJourney4AllAtOnce converges by webhooks alone, which Ghost on MariaDB sends out
// of order: also those of an edit that a delete overtook.
func TestJourney4AllAtOnce(t *testing.T) { //nolint:paralleltest // it has the Ghost to itself
	v := newVisit(t)
	v.opens()
	v.atOnce(200, func(i int) (method, path string, body map[string]any) {
		return http.MethodPost, "members/", map[string]any{"email": v.email(fmt.Sprintf("crowd%d", i)), "name": fmt.Sprintf("Crowd %d", i)}
	})
	v.agree("200 members created at once")
	members := v.ghost.everybody()
	if len(members) != 200 {
		t.Fatalf("Ghost has %d members", len(members))
	}
	v.atOnce(100, func(i int) (method, path string, body map[string]any) {
		fields := map[string]any{"name": fmt.Sprintf("Edited %d", i)}
		if i%3 == 0 {
			fields = map[string]any{"labels": []any{map[string]any{"name": fmt.Sprintf("Label %d", i%7)}}}
		}
		return http.MethodPut, "members/" + members[i%20].ID + "/", fields
	})
	v.agree("100 edits at once of 20 members")
	v.atOnce(60, func(i int) (method, path string, body map[string]any) {
		id := members[100+i/2].ID
		if i%2 == 0 {
			return http.MethodPut, "members/" + id + "/", map[string]any{"name": "Edited while deleted"}
		}
		return http.MethodDelete, "members/" + id + "/", nil
	})
	for _, m := range members[100:130] { // a delete that lost against an edit is made again
		v.ghost.call(http.MethodDelete, "members/"+m.ID+"/", nil)
	}
	v.agree("30 members edited and deleted at once")
	began := time.Now()
	v.eventually("nothing waits", 10*time.Minute, v.nothingWaits)
	t.Logf("nothing waits after another %v", time.Since(began).Round(time.Second))
	if n := len(v.ghost.everybody()); n != 170 {
		t.Errorf("Ghost has %d members, want 170", n)
	}
	t.Logf("%d webhooks; inversions of one member's webhooks: %d", strings.Count(v.log.String(), `"msg":"webhook.accepted"`), v.inversions())
	v.clean()
}

// atOnce sends so many requests at the same time. On MariaDB an edit and a delete of one
// member may both be answered 500, and an edit that came too late 404.
func (v *visit) atOnce(n int, request func(i int) (method, path string, body map[string]any)) {
	v.t.Helper()
	var sending sync.WaitGroup
	for i := range n {
		sending.Go(func() {
			method, path, fields := request(i)
			var body any
			if fields != nil {
				body = map[string]any{"members": []any{fields}}
			}
			status, answer, err := v.ghost.send(method, path, body)
			lost := method != http.MethodPost && (status == http.StatusNotFound || status == http.StatusInternalServerError)
			if err != nil || status/100 != 2 && !lost {
				v.t.Errorf("%s was answered %d %s, %v", method, status, answer, err)
			}
		})
	}
	sending.Wait()
}

// nothingWaits says what is still to do, "" if nothing is.
func (v *visit) nothingWaits() string { return v.shows("/health", `"waiting_members":0`) }

// inversions counts deletes that were followed by an edit of the same member.
func (v *visit) inversions() int {
	deleted, n := map[string]bool{}, 0
	for _, line := range strings.Split(v.log.String(), "\n") {
		if !strings.Contains(line, `"msg":"webhook.accepted"`) {
			continue
		}
		_, id, _ := strings.Cut(line, `"member_id":"`)
		id, _, _ = strings.Cut(id, `"`)
		switch {
		case strings.Contains(line, "member.deleted"):
			deleted[id] = true
		case deleted[id]:
			n++
		}
	}
	return n
}
