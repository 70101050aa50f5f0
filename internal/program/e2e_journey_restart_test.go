//go:build e2e

package program_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestJourney5RestartsInTheMiddle restarts everything while members change. What Ghost
// could not hand over is for the schedule.
func TestJourney5RestartsInTheMiddle(t *testing.T) { //nolint:paralleltest // it has the Ghost to itself
	v := newVisit(t, "RECONCILE_INTERVAL=1m")
	serve, worker := v.run("serve"), v.start("worker")
	v.eventually("a worker is there", 5*time.Minute, func() string { return v.shows("/health", `"workers":1`) })
	if out, code := v.command("doctor", v.site.name, "--fix", "--public-url", v.url); code != 0 {
		t.Fatalf("doctor --fix ended with %d\n%s", code, out)
	}
	for i := range 20 {
		v.ghost.adds(map[string]any{"email": v.email(fmt.Sprintf("steady%d", i)), "name": "Steady"})
	}
	edits := v.keepsEditing()
	v.ghost.shell(v.ghost.restart)
	serve.signal(syscall.SIGTERM)
	<-serve.Ended()
	v.run("serve")
	worker.kill()
	v.start("worker")
	v.redis.Kill()
	v.redis.Restart()
	t.Logf("%d edits while Ghost, serve, worker and Redis were restarted", edits())
	v.agree("the restarts")
	v.clean()
}

// keepsEditing changes one member after the other until the function that it returns
// is called, which says how many edits Ghost took.
func (v *visit) keepsEditing() (stop func() int) {
	v.t.Helper()
	members, enough, taken := v.ghost.everybody(), make(chan struct{}), 0
	var editing sync.WaitGroup
	editing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-enough:
				return
			default:
			}
			edit := map[string]any{"members": []any{map[string]any{"name": fmt.Sprintf("Edit %d", i)}}}
			if status, _, err := v.ghost.send(http.MethodPut, "members/"+members[i%len(members)].ID+"/", edit); err == nil && status == http.StatusOK {
				taken++
			}
		}
	})
	return sync.OnceValue(func() int { close(enough); editing.Wait(); return taken })
}

// TestJourney5ASlowDiskUnderRedis stops Redis for seconds at a time, as a disk does on
// which a write hangs. Ghost waits two seconds, and tries once.
func TestJourney5ASlowDiskUnderRedis(t *testing.T) { //nolint:paralleltest // it has the Ghost to itself
	v := newVisit(t)
	v.opens()
	for pulse := range 3 {
		v.redis.Freeze()
		thawed := time.AfterFunc(6*time.Second, v.redis.Thaw)
		for i := range 15 {
			v.ghost.adds(map[string]any{"email": v.email(fmt.Sprintf("slow%d.%d", pulse, i)), "name": "Slow"})
		}
		v.ghost.edits(v.member(fmt.Sprintf("slow%d.0", pulse)).ID, map[string]any{"name": "Edited"})
		v.eventually("all webhooks are answered", 5*time.Minute, func() string {
			if n := strings.Count(v.log.String(), `"msg":"webhook.accepted"`); n < (pulse+1)*16 {
				return fmt.Sprintf("%d only", n)
			}
			return ""
		})
		if got := v.deliveries(); got["member.added"] != "202 <nil>" || got["member.edited"] != "202 <nil>" {
			t.Errorf("Ghost's own record of its webhooks is %v", got)
		}
		if thawed.Stop() {
			v.redis.Thaw()
		}
	}
	t.Logf("the slowest webhook was answered after %v", v.slowest())
	v.agree("three times of six seconds without Redis")
	v.clean()
}

// slowest is the longest time that serve took for a webhook, by its own log.
func (v *visit) slowest() (longest time.Duration) {
	for line := range strings.Lines(v.log.String()) {
		var record struct {
			Msg     string
			Latency float64 `json:"latency_ms"`
		}
		if err := json.Unmarshal([]byte(line), &record); err == nil && record.Msg == "webhook.accepted" {
			longest = max(longest, time.Duration(record.Latency*float64(time.Millisecond)))
		}
	}
	return longest
}
