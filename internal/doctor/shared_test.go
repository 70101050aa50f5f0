package doctor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/spool"
	"github.com/ghostcm/ghostcm/internal/store"
)

const memberID = "65f0c0ffee65f0c0ffee65f0"

// breakage is one thing that is wrong, and everything that shows.
type breakage struct {
	variant
	harm func(*world)
	want map[string]string
	says []string // of the first check of want that is no "not checked"
}

// run breaks a world of its own for each case.
func run(t *testing.T, cases map[string]breakage) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := build(t, c.variant)
			if c.harm != nil {
				c.harm(w)
			}
			r := w.finds(c.want)
			for check, verdict := range c.want {
				if verdict != "not checked" {
					says(t, r, check, c.says...)
				}
			}
		})
	}
}

func TestFilesAndSettings(t *testing.T) {
	t.Parallel()
	file := func(w *world, mode os.FileMode) string {
		path := filepath.Join(w.t.TempDir(), ".env")
		if err := os.WriteFile(path, []byte("CM_API_KEY=hunter2"), 0o600); err != nil {
			w.t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			w.t.Fatal(err)
		}
		return path
	}
	chmod := func(mode os.FileMode) func(*world) {
		return func(w *world) {
			if err := os.Chmod(w.options.StateDir, mode); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	run(t, map[string]breakage{
		"a warning for all": {
			harm: func(w *world) { w.options.Warnings = []doctor.Note{{Key: "METRICS_TOKEN", Text: "is unset"}} },
			want: map[string]string{"configuration": "warn"}, says: []string{"METRICS_TOKEN is unset", "docs/configuration.md"},
		},
		"a warning for a site": {
			harm: func(w *world) { w.site.Warnings = []doctor.Note{{Key: "SITE1_TIERS", Text: "is unset"}} },
			want: map[string]string{"blog configuration": "warn"}, says: []string{"SITE1_TIERS is unset"},
		},
		"a file that everybody reads": {
			harm: func(w *world) { w.options.Files = []string{file(w, 0o600), file(w, 0o644)} },
			want: map[string]string{"files": "warn"}, says: []string{"chmod 600 /", ".env"},
		},
		"a file that everybody writes": {
			harm: func(w *world) { w.options.Files = []string{file(w, 0o644), file(w, 0o602)} },
			want: map[string]string{"files": "fail"},
		},
		"a file that the group reads, and one that is missing": {
			harm: func(w *world) { w.options.Files = []string{file(w, 0o640), "/nowhere/.env"} },
			want: map[string]string{},
		},
		"a state directory that others see": {harm: chmod(0o755), want: map[string]string{"state_dir": "warn"}, says: []string{"chmod 700"}},
		"one that others write":             {harm: chmod(0o777), want: map[string]string{"state_dir": "fail"}, says: []string{"0777"}},
		"one that does not exist yet":       {harm: func(w *world) { w.options.StateDir += "/later" }, want: map[string]string{}},
		"one that is a file": {
			harm: func(w *world) { w.options.StateDir = file(w, 0o600) },
			want: map[string]string{"state_dir": "fail", "spool": "fail"}, says: []string{"STATE_DIR"},
		},
		"deliveries that wait on disk": {
			harm: func(w *world) { spooled(w, "1700000000000-WAITING.spool") },
			want: map[string]string{"spool": "warn"}, says: []string{"1 KiB", "let Redis come back"},
		},
		"deliveries that nobody can take": {
			harm: func(w *world) { spooled(w, "1700000000000-POISON.aside") },
			want: map[string]string{"spool": "fail"}, says: []string{"1700000000000-POISON.aside", "enter by hand"},
		},
	})
}

// spooled leaves a file in the spool.
func spooled(w *world, name string) {
	dir := spool.In(w.options.StateDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte("a delivery\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func withoutRedis(verdict string) map[string]string {
	all := map[string]string{"redis": verdict}
	for _, name := range []string{
		"redis_version", "redis_persistence", "redis_eviction", "redis_latency", "redis_clock", "workers", "queue", "stuck_jobs",
		"dead_letters", "blog gate", "blog webhooks", "blog last_event",
	} {
		all[name] = "not checked"
	}
	return all
}

// through lets the world reach its Redis through something.
func through(change func([]byte) []byte, delay time.Duration) func(*world) {
	return func(w *world) {
		client := w.client("redis://" + between(w.t, "unix", w.server.Socket(), change, delay))
		w.options.Store, w.options.Queue = store.New(client, time.Now), jobs.NewQueue(client)
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	run(t, map[string]breakage{
		"away": {harm: func(w *world) { w.server.Kill() }, want: withoutRedis("fail"), says: []string{"Redis is away", "REDIS_URL"}},
		"full": {
			harm: func(w *world) { w.do("CONFIG", "SET", "maxmemory", "1") },
			want: map[string]string{
				"redis": "fail", "redis_version": "not checked", "redis_persistence": "not checked", "redis_eviction": "not checked",
				"redis_latency": "not checked", "redis_clock": "not checked",
			},
		},
		"too old": {
			harm: through(olderRedis, 0), want: map[string]string{"redis_version": "fail"}, says: []string{"Redis 6.0.", "6.2 or newer"},
		},
		"nothing on disk": {
			variant: variant{redis: []string{"--appendonly", "no"}},
			want:    map[string]string{"redis_persistence": "fail"}, says: []string{"CONFIG SET appendonly yes"},
		},
		"snapshots only": {
			variant: variant{redis: []string{"--appendonly", "no", "--save", "60 1"}},
			want:    map[string]string{"redis_persistence": "warn"}, says: []string{"snapshots", "appendonly yes"},
		},
		"never synced": {
			variant: variant{redis: []string{"--appendfsync", "no"}},
			want:    map[string]string{"redis_persistence": "warn"}, says: []string{"appendfsync everysec"},
		},
		"synced always": {variant: variant{redis: []string{"--appendfsync", "always"}}, want: map[string]string{}},
		"evicting": {
			variant: variant{redis: []string{"--maxmemory-policy", "allkeys-lru"}},
			want:    map[string]string{"redis_eviction": "fail"}, says: []string{"allkeys-lru", "noeviction"},
		},
		"nearly full": {
			harm: func(w *world) {
				w.do("SETRANGE", "ballast", 32<<20, "x") // nothing large in a buffer, which Redis would count, and free again
				seen, err := w.store.Server(w.t.Context())
				if err != nil {
					w.t.Fatal(err)
				}
				w.do("CONFIG", "SET", "maxmemory", seen.UsedMemory*100/96)
			},
			want: map[string]string{"redis_eviction": "warn"}, says: []string{"of maxmemory are used"},
		},
		"slow":     {harm: through(unchanged, 60*time.Millisecond), want: map[string]string{"redis_latency": "warn"}},
		"too slow": {harm: through(unchanged, 220*time.Millisecond), want: map[string]string{"redis_latency": "fail"}},
		"a clock that is off": {
			variant: variant{clock: -45 * time.Second},
			want:    map[string]string{"redis_clock": "warn"}, says: []string{"ahead of ours", "timedatectl"},
		},
		"a clock that is far off": {
			variant: variant{clock: 3 * time.Minute}, want: map[string]string{"redis_clock": "fail"}, says: []string{"3m0s behind ours"},
		},
		"a user who may not ask": {
			harm: func(w *world) { w.do("ACL", "SETUSER", "default", "-info", "-config") },
			want: map[string]string{
				"redis_version": "not checked", "redis_persistence": "not checked", "redis_eviction": "not checked",
			},
		},
	})
}

func TestQueueAndWorkers(t *testing.T) {
	t.Parallel()
	at := func(key string, age time.Duration) func(*world) {
		return func(w *world) { w.do("ZADD", key, time.Now().Add(-age).UnixMilli(), "blog/"+memberID) }
	}
	run(t, map[string]breakage{
		"no worker, and nothing to do": {
			harm: func(w *world) { w.works(false) }, want: map[string]string{"workers": "warn"}, says: []string{"ghostcm worker"},
		},
		"no worker, and members wait": {
			harm: func(w *world) { w.works(false); at("{ghostcm}:arrived", time.Second)(w) },
			want: map[string]string{"workers": "fail"}, says: []string{"1 members wait"},
		},
		"an old event": {
			harm: at("{ghostcm}:arrived", 10*time.Minute),
			want: map[string]string{"queue": "warn"}, says: []string{"10m", "ghostcm status"},
		},
		"a lost job": {
			harm: at("{ghostcm}:waiting", 10*time.Minute),
			want: map[string]string{"stuck_jobs": "fail"}, says: []string{"1 members wait"},
		},
		"an old entry whose job is still in the queue": {
			harm: func(w *world) {
				at("{ghostcm}:waiting", 4*time.Minute)(w)
				w.do("LPUSH", "{ghostcm}:jobs:job", fmt.Sprintf(`{"name":"job","id":"1","t":%d,"args":{}}`, time.Now().Add(-4*time.Minute).Unix()))
			},
			want: map[string]string{},
		},
		"a dead letter": {
			harm: func(w *world) { w.do("ZADD", "{ghostcm}:dead", time.Now().Unix(), `{"name":"job","id":"1"}`) },
			want: map[string]string{"dead_letters": "warn"}, says: []string{"1 job has failed", "ghostcm dlq list"},
		},
		"a paused site": {
			harm: func(w *world) {
				if _, err := w.store.Pause(w.t.Context(), "blog", "ghost", "the key is refused"); err != nil {
					w.t.Fatal(err)
				}
			},
			want: map[string]string{"blog gate": "fail"}, says: []string{"the key is refused"},
		},
		"an open breaker": {
			harm: func(w *world) {
				for range 10 {
					if _, err := w.store.Fail(w.t.Context(), "blog", "ghost", "no answer in time"); err != nil {
						w.t.Fatal(err)
					}
				}
			},
			want: map[string]string{"blog gate": "warn"}, says: []string{"ghost does not answer"},
		},
	})
}
