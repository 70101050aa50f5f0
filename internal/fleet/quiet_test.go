package fleet_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// quiet says what is not done yet, or was left behind: events, deliveries, jobs,
// locks and counters of jobs, and files of the spool.
func (town *town) quiet() string {
	ctx := town.t.Context()
	backlog, err := town.program.Store.Backlog(ctx)
	if err != nil || backlog.Members > 0 {
		return fmt.Sprintf("%d members wait, the oldest for %v, %v", backlog.Members, backlog.Oldest.Round(time.Second), err)
	}
	deliveries, err := town.program.Store.WaitingDeliveries(ctx)
	if err != nil || deliveries > 0 {
		return fmt.Sprintf("%d deliveries of purchases wait, %v", deliveries, err)
	}
	stats, err := town.program.Queue.Stats(ctx)
	if err != nil || stats.Depth+stats.Running+stats.Retrying > 0 {
		return fmt.Sprintf("the queue: %+v, %v", stats, err)
	}
	for _, n := range town.nodes() {
		if files, _ := filepath.Glob(filepath.Join(n.dir, "state", "spool", "*")); len(files) > 0 {
			if left := slices.DeleteFunc(files, empty); len(left) > 0 {
				return fmt.Sprintf("the spool of %s: %v", n.name, left)
			}
		}
	}
	return town.left()
}

func empty(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() == 0 || strings.HasSuffix(path, ".lock")
}

// dump writes down all that Redis and Campaign Monitor know, for whoever has to find
// out why a run has failed.
func (town *town) dump() {
	ctx := town.t.Context()
	var b strings.Builder
	for _, key := range town.client.Keys(ctx, "{ghostcm}:*").Val() {
		var value any
		switch town.client.Type(ctx, key).Val() {
		case "string":
			value = town.client.Get(ctx, key).Val()
		case "hash":
			value = town.client.HGetAll(ctx, key).Val()
		case "list":
			value = town.client.LRange(ctx, key, 0, -1).Val()
		case "set":
			value = town.client.SMembers(ctx, key).Val()
		case "zset":
			value = town.client.ZRangeWithScores(ctx, key, 0, -1).Val()
		}
		fmt.Fprintf(&b, "%s (%v) %v\n", key, town.client.PTTL(ctx, key).Val(), value)
	}
	for _, r := range town.list.Requests() {
		fmt.Fprintf(&b, "%s %s %s %v %d %d\n", r.At.UTC().Format("15:04:05.000"), r.List, r.Op, r.Emails, r.Status, r.Code)
	}
	if err := os.WriteFile(filepath.Join(town.dir, "dump"), []byte(b.String()), 0o600); err != nil {
		town.t.Error(err)
	}
}

// left says what is in Redis though nothing is to be done.
func (town *town) left() string {
	ctx := town.t.Context()
	var left []string
	for _, pattern := range []string{"{ghostcm}:lock:*", "{ghostcm}:jobs:job:*:inprogress"} {
		keys, err := town.client.Keys(ctx, pattern).Result()
		if err != nil {
			return err.Error()
		}
		left = append(left, keys...)
	}
	if n := town.client.Get(ctx, "{ghostcm}:jobs:job:lock").Val(); n != "" && n != "0" {
		left = append(left, "a count of running jobs: "+n)
	}
	for pool, n := range town.client.HGetAll(ctx, "{ghostcm}:jobs:job:lock_info").Val() {
		if n != "0" {
			left = append(left, "a count of running jobs of "+pool+": "+n)
		}
	}
	left = append(left, town.inbox()...)
	if len(left) > 0 {
		return fmt.Sprintf("left behind: %v", left[:min(len(left), 5)])
	}
	return ""
}

// inbox is the entries that belong to no dead letter.
func (town *town) inbox() (left []string) {
	ctx := town.t.Context()
	keys, err := town.client.Keys(ctx, "{ghostcm}:inbox:*").Result()
	if err != nil {
		return []string{err.Error()}
	}
	for _, key := range keys {
		if town.client.HGet(ctx, key, "wait").Val() != "dead" {
			left = append(left, key)
		}
	}
	return left
}

// checkIdle looks for a process that computes though there is nothing to do.
func (town *town) checkIdle() {
	town.t.Helper()
	before := map[*node]time.Duration{}
	began := time.Now()
	for _, n := range town.nodes() {
		var err error
		if before[n], err = n.CPU(); err != nil {
			town.t.Error(err)
			return
		}
	}
	time.Sleep(2 * time.Second)
	for _, n := range town.nodes() {
		after, err := n.CPU()
		if used := after - before[n]; err != nil || used > time.Since(began)/2 {
			town.t.Errorf("%s has computed for %v of %v of silence, %v", n.name, used, time.Since(began), err)
		}
	}
}

// checkLogs looks for what no log may have, and for floods: of warnings and errors,
// some for each fault are enough.
func (town *town) checkLogs(faults int) {
	town.t.Helper()
	var total, loud int
	often := map[string]int{}
	for _, n := range town.nodes() {
		if err := n.Problem(); err != nil {
			town.t.Error(err)
		}
		log := n.Log()
		for _, bad := range []string{"DATA RACE", "panic", "goroutine ", "example.org", webhookSecret, polarSecret, stripeSecret} {
			if i := strings.Index(log, bad); i >= 0 {
				town.t.Errorf("the log of %s says %q: …%s…", n.name, bad, log[max(0, i-300):min(len(log), i+2000)])
			}
		}
		for line := range strings.Lines(log) {
			var record struct{ Level, Msg string }
			_ = json.Unmarshal([]byte(line), &record)
			total++
			if record.Level != "INFO" {
				loud++
				often[record.Level+" "+record.Msg]++
			}
		}
	}
	town.t.Logf("%d lines of log, %d of them warnings and errors: %v", total, loud, often)
	if most := 200 + 40*faults; loud > most {
		town.t.Errorf("%d warnings and errors for %d faults", loud, faults)
	}
}

// spooled is how many deliveries wait on the disk of a serve.
func (n *node) spooled() string {
	client := http.Client{Timeout: 2 * time.Second}
	resp, err := client.Get("http://127.0.0.1:" + n.port + "/health")
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), `"spool":0`) {
		return fmt.Sprintf("%s, %v", body, err)
	}
	return ""
}
