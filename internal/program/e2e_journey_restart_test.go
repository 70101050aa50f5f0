//go:build e2e

package program_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestJourney5RestartsOfWorkerAndRedis leaves nothing for a schedule to catch up: what
// serve took is done by the next worker, and what Redis could not take waits on disk.
func TestJourney5RestartsOfWorkerAndRedis(t *testing.T) { //nolint:paralleltest // it has the Ghost to itself
	v := newVisit(t)
	_, worker := v.opens()
	edits := v.keepsEditing()
	edits.goOn()
	worker.kill()
	edits.goOn()
	v.start("worker")
	edits.goOn()
	v.redis.Kill()
	edits.goOn()
	v.redis.Restart()
	edits.goOn()
	t.Logf("%d edits while the worker was killed, and Redis", edits.end())
	v.agree("the restarts of worker and Redis")
	v.eventually("nothing waits", 10*time.Minute, v.nothingWaits)
	v.clean()
}

// TestJourney5RestartsOfGhostAndServe has a schedule: what Ghost could not hand over is
// told to nobody.
func TestJourney5RestartsOfGhostAndServe(t *testing.T) { //nolint:paralleltest // it has the Ghost to itself
	v := newVisit(t, "RECONCILE_INTERVAL=1m")
	serve, _ := v.opens()
	edits := v.keepsEditing()
	edits.goOn()
	v.ghost.shell(v.ghost.restart)
	edits.goOn()
	serve.signal(syscall.SIGTERM)
	<-serve.Ended()
	edits.goOn()
	v.run("serve").kill()
	edits.goOn()
	v.run("serve")
	edits.goOn()
	t.Logf("%d edits while Ghost was restarted, and serve, twice", edits.end())
	v.agree("the restarts of Ghost and serve")
	v.clean()
}

// editing is somebody who changes one member after the other until the end.
type editing struct {
	v     *visit
	taken atomic.Int64 // by Ghost
	stop  context.CancelFunc
	over  sync.WaitGroup
}

// keepsEditing begins with 20 members.
func (v *visit) keepsEditing() *editing {
	v.t.Helper()
	for i := range 20 {
		v.ghost.adds(map[string]any{"email": v.email(fmt.Sprintf("steady%d", i)), "name": "Steady"})
	}
	ctx, stop := context.WithCancel(v.t.Context())
	e, members := &editing{v: v, stop: stop}, v.ghost.everybody()
	e.over.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			edit := map[string]any{"members": []any{map[string]any{"name": fmt.Sprintf("Edit %d", i)}}}
			if status, _, err := v.ghost.send(http.MethodPut, "members/"+members[i%len(members)].ID+"/", edit); err == nil && status == http.StatusOK {
				e.taken.Add(1)
			}
		}
	})
	return e
}

// goOn waits until every member was edited once more.
func (e *editing) goOn() {
	e.v.t.Helper()
	least := e.taken.Load() + 20
	e.v.eventually("edits go on", 5*time.Minute, func() string {
		if n := e.taken.Load(); n < least {
			return fmt.Sprintf("%d of %d", n, least)
		}
		return ""
	})
}

// end says how many edits Ghost took.
func (e *editing) end() int64 {
	e.stop()
	e.over.Wait()
	return e.taken.Load()
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
		v.answered()
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
