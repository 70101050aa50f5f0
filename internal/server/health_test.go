package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/server"
)

func TestHealthTellsEverythingAnOperatorAsksFirst(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{
		Sites: []string{"blog", "shop"},
		Now:   func() time.Time { return time.Date(2026, 11, 22, 4, 5, 6, 0, time.FixedZone("", 3600)) },
		Vitals: &vitals{v: server.Vitals{
			Depth: 7, Oldest: 1500 * time.Millisecond, Workers: 2, Spool: 3, Retrying: 4, Dead: 5, Waiting: 8, Paused: []string{"shop"},
		}},
	})
	got := get(t, r.url+"/health")
	want := map[string]any{
		"status": "healthy", "timestamp": "2026-11-22T03:05:06Z",
		"configured_sites": []any{"blog", "shop"},
		"checks": map[string]any{
			"redis": "healthy", "workers": 2.0, "spool": 3.0, "retrying": 4.0, "dead_letters": 5.0, "waiting_members": 8.0,
			"queue":        map[string]any{"status": "healthy", "depth": 7.0, "oldest_seconds": 1.5},
			"paused_sites": []any{"shop"}, "open_breakers": []any{},
		},
	}
	if diff := cmp.Diff(want, got.json(t)); got.status != 200 || diff != "" {
		t.Errorf("status %d, health (-want +got):\n%s", got.status, diff)
	}
}

func TestHealthIsDegradedWhenEventsGoNowhere(t *testing.T) {
	t.Parallel()
	down := errors.New("redis: connection refused")
	asleep := func(oldest time.Duration) *vitals { return &vitals{v: server.Vitals{Depth: 9, Oldest: oldest}} }
	busy := &vitals{v: server.Vitals{Depth: 9, Oldest: time.Hour, Workers: 1}}
	snoozed := func(oldest time.Duration, workers int) *vitals {
		return &vitals{v: server.Vitals{Retrying: 1, Waiting: 1, WaitingOldest: oldest, Workers: workers}}
	}
	unread := &vitals{v: server.Vitals{Unread: true}}
	spooling := &vitals{v: server.Vitals{SpoolReady: true}, err: down}
	tests := map[string]struct {
		source       *vitals
		http         int
		status       string
		redis, queue string
		ready        int
	}{
		"all well":                {&vitals{v: server.Vitals{Workers: 1}}, 200, "healthy", "healthy", "healthy", 200},
		"nothing to do":           {&vitals{}, 200, "healthy", "healthy", "healthy", 200},
		"a worker restarts":       {asleep(29 * time.Second), 200, "healthy", "healthy", "healthy", 200},
		"no worker for long":      {asleep(30 * time.Second), 503, "degraded", "healthy", "degraded", 200},
		"a long queue":            {busy, 200, "healthy", "healthy", "late", 200},
		"all put off, no worker":  {snoozed(30*time.Second, 0), 503, "degraded", "healthy", "degraded", 200},
		"all put off a moment":    {snoozed(29*time.Second, 0), 200, "healthy", "healthy", "healthy", 200},
		"all put off, one worker": {snoozed(time.Hour, 1), 200, "healthy", "healthy", "healthy", 200},
		"half of Redis' answers":  {unread, 503, "degraded", "degraded", "unknown", 200},
		"no Redis":                {&vitals{err: down}, 503, "degraded", "degraded", "unknown", 503},
		"no Redis, but a spool":   {spooling, 503, "degraded", "degraded", "unknown", 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, server.Options{Vitals: tt.source})
			got := get(t, r.url+"/health")
			checks := got.json(t)["checks"].(map[string]any)
			queue := checks["queue"].(map[string]any)
			if got.status != tt.http || got.json(t)["status"] != tt.status || checks["redis"] != tt.redis || queue["status"] != tt.queue {
				t.Errorf("health %d %s", got.status, got.body)
			}
			if tt.queue == "unknown" && (queue["depth"] != nil || checks["workers"] != nil) {
				t.Errorf("numbers are told that nobody knows: %s", got.body)
			}
			if got := get(t, r.url+"/readyz"); got.status != tt.ready {
				t.Errorf("readyz %d, want %d", got.status, tt.ready)
			}
			if got := get(t, r.url+"/livez"); got.status != 200 {
				t.Errorf("livez %d, want 200", got.status)
			}
		})
	}
}

func TestHealthAnswersWhileRedisHangs(t *testing.T) {
	t.Parallel()
	source := &vitals{hang: make(chan struct{})}
	defer close(source.hang)
	r := start(t, server.Options{Vitals: source, Timeouts: server.Timeouts{Vitals: 30 * time.Millisecond}})
	for range 3 {
		began := time.Now()
		if got := get(t, r.url+"/health"); got.status != 503 {
			t.Errorf("health %d, want 503", got.status)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("answered after %v", took)
		}
	}
	if n := source.times(); n != 1 {
		t.Errorf("a source that hangs was asked %d times at once", n)
	}
}

func TestManyQuestionsAreOneToRedis(t *testing.T) {
	t.Parallel()
	source := &vitals{}
	clock := time.Now()
	r := start(t, server.Options{Vitals: source, Now: func() time.Time { return clock }})
	for range 50 {
		get(t, r.url+"/health")
		get(t, r.url+"/readyz")
	}
	if n := source.times(); n != 1 {
		t.Errorf("Redis was asked %d times within one moment", n)
	}
}

func TestHealthSeesRedisComeAndGo(t *testing.T) {
	t.Parallel()
	source := &vitals{}
	r := start(t, server.Options{Vitals: source})
	for _, err := range []error{nil, errors.New("down"), nil} {
		source.mu.Lock()
		source.err = err
		source.mu.Unlock()
		want := 200
		if err != nil {
			want = 503
		}
		waitFor(t, func() bool { return get(t, r.url+"/health").status == want })
	}
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the condition did not come true")
		}
	}
}

type broken struct{}

func (broken) Vitals(context.Context) (server.Vitals, error) { panic("reader@example.com") }

func TestAPanicOfTheSourceIsNoEndOfTheProcess(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{Vitals: broken{}})
	if got := get(t, r.url+"/health"); got.status != 503 {
		t.Errorf("health %d, want 503", got.status)
	}
	if got := get(t, r.url+"/livez"); got.status != 200 {
		t.Errorf("livez %d", got.status)
	}
	if log := r.log.String(); countRecords(log, `"http.panic"`) == 0 || countRecords(log, "reader") > 0 {
		t.Errorf("want a record, without the value of the panic:\n%s", log)
	}
}

func countRecords(log, with string) int { return strings.Count(log, with) }
