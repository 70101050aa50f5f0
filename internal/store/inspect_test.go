package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

func inspect(t *testing.T, opts ...redistest.Option) (store.Server, error) {
	t.Helper()
	client := open(t, store.Options{URL: redistest.Start(t, opts...), Timeouts: store.WorkerTimeouts()})
	return store.New(client, time.Now).Server(t.Context())
}

func TestARedisTellsWhatTheDurabilityOfTheQueueDependsOn(t *testing.T) {
	t.Parallel()
	seen, err := inspect(t, redistest.Args("--appendonly", "yes", "--appendfsync", "always",
		"--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru", "--save", "60 1"))
	if err != nil {
		t.Fatal(err)
	}
	if seen.Latency <= 0 || seen.Latency > time.Second || seen.Ahead.Abs() > time.Second {
		t.Errorf("latency %v, clock ahead %v", seen.Latency, seen.Ahead)
	}
	if seen.UsedMemory <= 0 || !seen.AtLeast(6, 2) || seen.Untold || seen.ConfigUntold || seen.Replica {
		t.Errorf("got %+v", seen)
	}
	if !seen.AOF || seen.Fsync != "always" || seen.Save != "60 1" || seen.Policy != "allkeys-lru" || seen.MaxMemory != 64<<20 {
		t.Errorf("got %+v", seen)
	}
}

func TestInspectingARedisWritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.Server(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys, err := b.redis.DBSize(t.Context()).Result(); err != nil || keys != 0 {
		t.Errorf("there are %d keys, %v", keys, err)
	}
}

func TestARedisThatTakesNoWritesIsAnError(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"full":      {"--maxmemory", "1"},
		"a replica": {"--replicaof", "127.0.0.1 1", "--replica-read-only", "yes"},
	} {
		if _, err := inspect(t, redistest.Args(args...)); err == nil || !strings.Contains(err.Error(), "takes no writes") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAUserWhoMayNotAskIsToldApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.redis.Do(t.Context(), "ACL", "SETUSER", "default", "-info", "-config").Err(); err != nil {
		t.Fatal(err)
	}
	seen, err := b.Server(t.Context())
	if err != nil || !seen.Untold || !seen.ConfigUntold || seen.AtLeast(1, 0) {
		t.Errorf("got %+v, %v", seen, err)
	}
}

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"6.2.0": true, "7.0.15": true, "10.0": true, "6.1.9": false, "5.9": false, "": false, "x.y": false} {
		if got := (store.Server{Version: version}).AtLeast(6, 2); got != want {
			t.Errorf("%q is at least 6.2: %t", version, got)
		}
	}
}

// A delivery that Redis will never take is told apart from one that it does not take
// now.
func TestWhatRedisWillNeverTakeIsToldApartFromWhatItDoesNotTakeNow(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	client := open(t, store.Options{URL: server.URL(), Timeouts: store.WorkerTimeouts()})
	do := func(words ...any) error { return client.Do(t.Context(), words...).Err() }
	if err := do("SET", "text", "x"); err != nil {
		t.Fatal(err)
	}
	refusals := map[string]bool{ // what breaks, and whether for good
		"a key of another type": store.Refuses(fmt.Errorf("writing: %w", do("LPUSH", "text", "x"))),
		"a script that fails":   store.Refuses(do("EVAL", "return redis.call('lpush', 'text', 'x')", "0")),
	}
	if err := do("CONFIG", "SET", "maxmemory", "1"); err != nil {
		t.Fatal(err)
	}
	refusals["no memory"] = !store.Refuses(do("SET", "more", "x"))
	if err := do("REPLICAOF", "127.0.0.1", "1"); err != nil {
		t.Fatal(err)
	}
	refusals["a replica"] = !store.Refuses(do("SET", "text", "y"))
	server.Kill()
	refusals["no connection"] = !store.Refuses(do("SET", "text", "y"))
	refusals["no error"] = !store.Refuses(nil)
	for what, right := range refusals {
		if !right {
			t.Errorf("%s is taken for the other", what)
		}
	}
}
