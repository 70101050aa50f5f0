package program_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// A minute's webhooks, with serve killed in the middle of it.
func TestWebhooksOfAnOutageOfRedisAreTakenAndArriveAfterIt(t *testing.T) {
	t.Parallel()
	redis := redistest.New(t, redistest.AOF())
	o := rigOptions{noAdmin: true, noProgram: true, server: redis, ghost: ghosttest.Options{Now: ticking()}}
	m := newMachine(newRig(t, o), o)
	site := m.sites[0]
	site.HoldWebhooks(true)
	serving := m.run("serve", "--worker")
	quarter := func(q int) []ghosttest.Delivery {
		for i := range 25 {
			if _, err := site.AddMember(ghosttest.Member{Email: fmt.Sprintf("m%d.%d@example.org", q, i)}); err != nil {
				t.Fatal(err)
			}
		}
		return site.TakeWebhooks()
	}
	m.allTaken(site, quarter(0))
	redis.Kill()
	m.allTaken(site, quarter(1))
	serving.kill()
	m.run("serve", "--worker")
	m.allTaken(site, quarter(2))
	m.answers("/readyz", http.StatusOK, `"ready"`)
	m.answers("/health", http.StatusServiceUnavailable, `"spool":50`)
	redis.Restart()
	m.allTaken(site, quarter(3))
	m.eventually("all is done", time.Minute, func() string { return m.settled() + m.agrees(site) })
	m.eventually("the spool is empty", time.Minute, func() string { return m.shows("/health", `"spool":0`) })
	if lines := strings.Count(m.log.String(), `"level":"WARN"`) + strings.Count(m.log.String(), `"level":"ERROR"`); lines > 200 {
		t.Errorf("%d lines of the log tell of one outage", lines)
	}
	m.discreet(t, "example.org", secret, cmtest.DefaultKey)
}

// allTaken sends each webhook once, as Ghost does.
func (r *rig) allTaken(site *publication, hooks []ghosttest.Delivery) {
	r.t.Helper()
	var slowest time.Duration
	for _, h := range hooks {
		began := time.Now()
		status, err := site.Send(r.t.Context(), h)
		if err != nil || status != http.StatusAccepted {
			r.t.Errorf("a webhook was answered %d, %v", status, err)
		}
		slowest = max(slowest, time.Since(began))
	}
	r.t.Logf("%d webhooks, the slowest answer after %v", len(hooks), slowest)
}

func (r *rig) answers(path string, status int, part string) {
	r.t.Helper()
	r.eventually(path+" says so", time.Minute, func() string {
		if answer := r.get(path); !strings.HasPrefix(answer, fmt.Sprintf("HTTP/1.1 %d", status)) {
			return answer
		}
		return r.shows(path, part)
	})
}

func (r *rig) shows(path, part string) string {
	if answer := r.get(path); !strings.Contains(answer, part) {
		return answer
	}
	return ""
}

func TestARedisThatTakesNoWritesLosesNoWebhook(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct{ begin, end func(*rig, *redistest.Server) }{
		"frozen":           {func(_ *rig, s *redistest.Server) { s.Freeze() }, func(_ *rig, s *redistest.Server) { s.Thaw() }},
		"full":             {set("maxmemory", "1"), set("maxmemory", "0")},
		"read-only":        {replicate("127.0.0.1", "1"), replicate("NO", "ONE")},
		"its disk is full": {set("min-replicas-to-write", "1"), set("min-replicas-to-write", "0")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := redistest.New(t)
			r := newRig(t, rigOptions{noAdmin: true, server: redis})
			site := r.sites[0]
			r.add(site, 3)
			r.eventually("warm", time.Minute, func() string { return r.settled() + r.agrees(site) })
			site.HoldWebhooks(true)
			r.add(site, 10)
			fault.begin(r, redis)
			r.allTaken(site, site.TakeWebhooks())
			fault.end(r, redis)
			r.eventually("all is done", time.Minute, func() string { return r.settled() + r.agrees(site) })
		})
	}
}

func set(key, value string) func(*rig, *redistest.Server) {
	return func(r *rig, _ *redistest.Server) {
		if err := r.client().ConfigSet(r.t.Context(), key, value).Err(); err != nil {
			r.t.Error(err)
		}
	}
}

func replicate(host, port string) func(*rig, *redistest.Server) {
	return func(r *rig, _ *redistest.Server) {
		if err := r.client().Do(r.t.Context(), "REPLICAOF", host, port).Err(); err != nil {
			r.t.Error(err)
		}
	}
}

// A Redis without persistence is killed: it forgets everything, the last seconds
// among it. serve has them still.
func TestWhatRedisForgotOfTheLastSecondsIsHandedInAgain(t *testing.T) {
	t.Parallel()
	redis := redistest.New(t)
	o := rigOptions{noAdmin: true, noProgram: true, server: redis}
	r := newRig(t, o)
	site := r.sites[0]
	r.runs(r.Serve) // and no worker
	r.eventually("Redis is known", time.Minute, func() string { return r.shows("/health", `"redis":"healthy"`) })
	r.add(site, 5)
	if problem := r.waiting(5); problem != "" {
		t.Fatal(problem)
	}
	redis.Kill()
	redis.Restart()
	r.eventually("they are in the inbox again", time.Minute, func() string { return r.waiting(5) })
}

func (r *rig) waiting(members int) string {
	backlog, err := r.Store.Backlog(r.t.Context())
	if err != nil {
		return err.Error()
	}
	if backlog.Members != members {
		return fmt.Sprintf("%d members wait", backlog.Members)
	}
	return ""
}
