//go:build e2e

package program_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestJourney6FullSyncWhileMembersComeAndGo brings over 20,000 members, some of whom
// join and leave meanwhile, and compares its time with that of a bare loop over pages.
func TestJourney6FullSyncWhileMembersComeAndGo(t *testing.T) { //nolint:paralleltest // it has the Ghost to itself
	v := newVisit(t)
	total, err := strconv.Atoi(cmp.Or(os.Getenv("GHOSTCM_TEST_MEMBERS"), "20000"))
	if err != nil {
		t.Fatal(err)
	}
	v.ghost.shell(v.ghost.seed + " " + strconv.Itoa(total))
	v.opens()
	began := time.Now()
	ids := v.ghost.bareLoop()
	bare := time.Since(began)
	if len(ids) != total {
		t.Fatalf("Ghost has %d members, want %d", len(ids), total)
	}
	moved := v.comesAndGoes(ids)
	began = time.Now()
	out, code := v.command("sync", v.site.name, "--yes", "--json")
	took := time.Since(began)
	if code != 0 {
		t.Fatalf("sync ended with %d\n%s", code, tail(out))
	}
	t.Logf("%d members: bare loop %v (%.0f/s), sync %v (%.0f/s); %d joined and as many left meanwhile",
		total, bare.Round(time.Millisecond), rate(total, bare), took.Round(time.Millisecond), rate(total, took), moved())
	v.agree("a full sync")
	v.clean()
}

func rate(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }

// bareLoop reads all members by pages as a program without any care would, and returns
// their ids.
func (g *realGhost) bareLoop() (ids []string) {
	g.t.Helper()
	for last := "000000000000000000000000"; ; last = ids[len(ids)-1] {
		var page struct{ Members []struct{ ID string } }
		query := url.Values{"limit": {"100"}, "order": {"id asc"}, "include": {"tiers"}, "filter": {"id:>'" + last + "'"}}
		_, answer := g.call(http.MethodGet, "members/?"+query.Encode(), nil)
		if err := json.Unmarshal(answer, &page); err != nil {
			g.t.Fatal(err)
		}
		if len(page.Members) == 0 {
			return ids
		}
		for _, m := range page.Members {
			ids = append(ids, m.ID)
		}
	}
}

// comesAndGoes lets somebody join and somebody leave, again and again, until the
// function that it returns is called, which says how many did.
func (v *visit) comesAndGoes(ids []string) (stop func() int) {
	v.t.Helper()
	enough, done := make(chan struct{}), make(chan int)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-enough:
				done <- i
				return
			default:
			}
			joins := map[string]any{"members": []any{map[string]any{"email": v.email(fmt.Sprintf("joins%d", i)), "name": "Joins"}}}
			if status, _, err := v.ghost.send(http.MethodPost, "members/", joins); err != nil || status != http.StatusCreated {
				v.t.Errorf("joining was answered %d, %v", status, err)
			}
			if status, _, err := v.ghost.send(http.MethodDelete, "members/"+ids[i*37%len(ids)]+"/", nil); err != nil || status != http.StatusNoContent {
				v.t.Errorf("leaving was answered %d, %v", status, err)
			}
		}
	}()
	return sync.OnceValue(func() int { close(enough); return <-done })
}
