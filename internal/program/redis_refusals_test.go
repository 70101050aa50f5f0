package program_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// redisTells is a number that Redis tells of itself, summed over all lines that match.
func redisTells(t *testing.T, client *redis.Client, section, pattern string) (sum int) {
	t.Helper()
	info, err := client.Info(t.Context(), section).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(`(?m)^`+pattern).FindAllStringSubmatch(info, -1) {
		n, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// complaints are the log's records that somebody would look at.
func (r *rig) complaints() int {
	return strings.Count(r.log.String(), `"level":"WARN"`) + strings.Count(r.log.String(), `"level":"ERROR"`)
}

// administrator is a client of somebody who administers the Redis, on one connection.
func administrator(t *testing.T, s *redistest.Server, password string) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: s.Socket(), Password: password, PoolSize: 1, MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

type refusal struct {
	code string // the first word of what Redis answers
	// begin makes Redis refuse, and returns what ends that, and who may still ask.
	begin func(t *testing.T, s *redistest.Server) (end func(), asker *redis.Client)
}

func order(t *testing.T, client *redis.Client, words ...any) {
	t.Helper()
	if err := client.Do(context.WithoutCancel(t.Context()), words...).Err(); err != nil {
		t.Errorf("%v: %v", words, err)
	}
}

func refusals() map[string]refusal {
	withdraw := func(right string) func(*testing.T, *redistest.Server) (func(), *redis.Client) {
		return func(t *testing.T, s *redistest.Server) (func(), *redis.Client) {
			admin := administrator(t, s, "")
			order(t, admin, "ACL", "SETUSER", "default", "-"+right)
			return func() { order(t, admin, "ACL", "SETUSER", "default", "+"+right) }, admin
		}
	}
	return map[string]refusal{
		"it may not write":        {"NOPERM", withdraw("@write")},
		"it may not run a script": {"NOPERM", withdraw("@scripting")},
		"its password is changed": {"NOAUTH", func(t *testing.T, s *redistest.Server) (func(), *redis.Client) {
			order(t, administrator(t, s, ""), "CONFIG", "SET", "requirepass", "another")
			admin := administrator(t, s, "another")
			order(t, admin, "CLIENT", "KILL", "TYPE", "normal")
			return func() { order(t, admin, "CONFIG", "SET", "requirepass", "") }, admin
		}},
		"its disk cannot be written": {"MISCONF", func(t *testing.T, s *redistest.Server) (func(), *redis.Client) {
			admin := administrator(t, s, "")
			if err := os.MkdirAll(filepath.Join(s.Dir(), "dump.rdb", "in the way"), 0o700); err != nil {
				t.Fatal(err)
			}
			order(t, admin, "CONFIG", "SET", "save", "3600 1")
			order(t, admin, "BGSAVE")
			return func() { order(t, admin, "CONFIG", "SET", "stop-writes-on-bgsave-error", "no") }, admin
		}},
	}
}

// Each is a real answer of a real Redis, for some seconds, under webhooks.
func TestARedisThatRefusesLosesNoWebhookAndIsAskedNowAndThen(t *testing.T) {
	t.Parallel()
	for name, refusal := range refusals() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.New(t)
			r := newRig(t, rigOptions{noAdmin: true, server: server})
			site := r.sites[0]
			r.add(site, 3)
			r.eventually("warm", time.Minute, func() string { return r.settled() + r.agrees(site) })
			site.HoldWebhooks(true)
			r.add(site, 10)

			end, asker := refusal.begin(t, server)
			began := time.Now()
			count := func() int { return redisTells(t, asker, "errorstats", "errorstat_"+refusal.code+`:count=(\d+)`) }
			r.eventually("Redis refuses", time.Minute, func() string {
				if count() == 0 {
					return "it does not"
				}
				return ""
			})
			r.allTaken(site, site.TakeWebhooks())
			r.eventually("an outage has lasted", time.Minute, func() string { // else nothing is repeated
				if time.Since(began) < 3*time.Second {
					return "too short"
				}
				return ""
			})
			refused, lasted := count(), time.Since(began)
			if most := 600 + 100*int(lasted.Seconds()); refused > most {
				t.Errorf("Redis had to refuse %d times in %v, more than %d", refused, lasted, most)
			}
			if n := r.complaints(); n > 100 {
				t.Errorf("the log has %d complaints of an outage of %v", n, lasted)
			}
			t.Logf("%d refusals and %d complaints in %v", refused, r.complaints(), lasted)
			end()
			r.eventually("all is done", time.Minute, func() string { return r.settled() + r.agrees(site) })
		})
	}
}

// A restart with much to load: Redis listens, and refuses everything.
func TestARedisThatLoadsItsDataLosesNoWebhook(t *testing.T) {
	t.Parallel()
	server := redistest.New(t, redistest.AOF(), redistest.Args("--key-load-delay", "300"))
	r := newRig(t, rigOptions{noAdmin: true, server: server})
	site := r.sites[0]
	r.add(site, 3)
	r.eventually("warm", time.Minute, func() string { return r.settled() + r.agrees(site) })
	pipe := r.client().Pipeline()
	for i := range 6000 {
		pipe.Set(t.Context(), fmt.Sprintf("filler:%d", i), i, 0)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	site.HoldWebhooks(true)
	r.add(site, 10)
	server.Kill()
	server.Launch()
	r.allTaken(site, site.TakeWebhooks())
	r.eventually("all is done", 2*time.Minute, func() string { return r.settled() + r.agrees(site) })
	if redisTells(t, administrator(t, server, ""), "errorstats", `errorstat_LOADING:count=(\d+)`) == 0 {
		t.Error("Redis was asked nothing while it loaded: the test shows nothing")
	}
	if n := r.complaints(); n > 100 {
		t.Errorf("the log has %d complaints of one restart", n)
	}
}

// Redis forgets scripts at a restart, a failover, and when somebody flushes them.
func TestScriptsThatRedisForgetsFailNothing(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	r := newRig(t, rigOptions{server: server})
	site, admin := r.sites[0], administrator(t, server, "")
	var flushing sync.WaitGroup
	done := make(chan struct{})
	flushing.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
				order(t, admin, "SCRIPT", "FLUSH", "SYNC")
			}
		}
	})
	r.add(site, 100)
	r.eventually("all is done", time.Minute, func() string { return r.settled() + r.agrees(site) })
	close(done)
	flushing.Wait()
	if redisTells(t, admin, "errorstats", `errorstat_NOSCRIPT:count=(\d+)`) == 0 {
		t.Error("Redis forgot no script: the test shows nothing")
	}
	if dead := r.dead(); len(dead) > 0 {
		t.Errorf("%d jobs died of it: %+v", len(dead), dead[0])
	}
	if n := strings.Count(r.log.String(), "NOSCRIPT"); n > 0 {
		t.Errorf("the log complains of it %d times", n)
	}
}

// logs waits for a record with all these parts.
func (r *rig) logs(parts ...string) {
	r.t.Helper()
	r.eventually("the log tells of it", time.Minute, func() string {
	lines:
		for line := range strings.Lines(r.log.String()) {
			for _, part := range parts {
				if !strings.Contains(line, part) {
					continue lines
				}
			}
			return ""
		}
		return fmt.Sprintf("no record with %q", parts)
	})
}
