package store_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

func TestOpenReachesAUnixSocketAndItsDatabase(t *testing.T) {
	t.Parallel()
	url := redistest.Start(t)
	zero, three := open(t, store.Options{URL: url}), open(t, store.Options{URL: url + "?db=3"})
	ctx := t.Context()
	if err := three.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := zero.Exists(ctx, "k").Result(); n != 0 || err != nil {
		t.Errorf("database 0 has k: %d, %v", n, err)
	}
	if v, err := three.Get(ctx, "k").Result(); v != "v" || err != nil {
		t.Errorf("database 3: k = %q, %v", v, err)
	}
}

func TestOpenSignsInAsAnACLUser(t *testing.T) {
	t.Parallel()
	server := redistest.New(t, withUser)
	good := open(t, store.Options{URL: "unix://app:s3cret@" + server.Socket()})
	if who, err := good.Do(t.Context(), "ACL", "WHOAMI").Text(); who != "app" || err != nil {
		t.Errorf("WHOAMI = %q, %v", who, err)
	}
	bad := open(t, store.Options{URL: "unix://app:wr0ng@" + server.Socket()})
	err := bad.Ping(t.Context()).Err()
	if err == nil || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("with a wrong password: %v", err)
	}
}

func TestOpenDoesNotNeedALivingRedis(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	server.Kill()
	client := open(t, store.Options{URL: server.URL()})
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a dead server answers")
	}
	server.Restart()
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Errorf("after its return: %v", err)
	}
}

func TestAFrozenRedisHoldsAWebhookHalfASecondAtMost(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	client := open(t, store.Options{URL: server.URL()})
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	server.Freeze()
	defer server.Thaw()
	began := time.Now()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a frozen server answers")
	}
	if took := time.Since(began); took < 300*time.Millisecond || took > 20*time.Second {
		t.Errorf("gave up after %v, want 400 ms, once", took)
	}
	patient := open(t, store.Options{URL: server.URL() + "?read_timeout=60s&dial_timeout=60s"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	began = time.Now()
	if err := patient.Ping(ctx).Err(); err == nil || time.Since(began) > 20*time.Second {
		t.Errorf("a context of 20 ms ended after %v with %v", time.Since(began), err)
	}
}

func TestADeadAddressIsTriedOnce(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	listener.Close()
	client := open(t, store.Options{URL: "redis://" + addr})
	quickest := time.Hour // of several: a loaded machine may delay one, tries and their pauses delay all
	for range 10 {
		began := time.Now()
		if err := client.Ping(t.Context()).Err(); err == nil {
			t.Error("nobody answers")
		}
		quickest = min(quickest, time.Since(began))
	}
	if quickest > 300*time.Millisecond {
		t.Errorf("refusal took %v", quickest)
	}
}

func TestTimeoutsComeFromTheURLThenTheOptions(t *testing.T) {
	t.Parallel()
	type bounds struct{ Dial, Answer, Slot time.Duration }
	for name, c := range map[string]struct {
		opts store.Options
		want bounds
	}{
		"webhook": {store.Options{URL: "redis://h"}, bounds{300 * time.Millisecond, 400 * time.Millisecond, 100 * time.Millisecond}},
		"worker":  {store.Options{URL: "redis://h", Timeouts: store.WorkerTimeouts()}, bounds{3 * time.Second, 10 * time.Second, 10 * time.Second}},
		"url":     {store.Options{URL: "redis://h?read_timeout=2s"}, bounds{300 * time.Millisecond, 2 * time.Second, 100 * time.Millisecond}},
		"sentinel": {store.Options{URL: "redis-sentinel://h/m", Timeouts: store.Timeouts{Answer: time.Second}},
			bounds{300 * time.Millisecond, time.Second, 100 * time.Millisecond}},
	} {
		got := open(t, c.opts).Options()
		if (bounds{got.DialTimeout, got.ReadTimeout, got.PoolTimeout}) != c.want {
			t.Errorf("%s: dial %v, read %v, pool %v, want %v", name, got.DialTimeout, got.ReadTimeout, got.PoolTimeout, c.want)
		}
		if got.Protocol != 2 || !got.ContextTimeoutEnabled || got.MaxRetries != 0 {
			t.Errorf("%s: protocol %d, contexts kept %v, retries %d", name, got.Protocol, got.ContextTimeoutEnabled, got.MaxRetries)
		}
	}
}

func TestTheLibrarysOwnWordsGoToTheLogAtDebug(t *testing.T) { //nolint:paralleltest // it holds for the process
	var info, debug bytes.Buffer
	t.Cleanup(func() { store.RedirectLog(slog.New(slog.DiscardHandler)) })
	url := "unix://" + filepath.Join(t.TempDir(), "nobody.sock")
	for level, out := range map[slog.Level]*bytes.Buffer{slog.LevelInfo: &info, slog.LevelDebug: &debug} {
		store.RedirectLog(slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level})))
		if err := open(t, store.Options{URL: url}).Ping(t.Context()).Err(); err == nil {
			t.Fatal("nobody answers")
		}
	}
	if info.Len() > 0 || !strings.Contains(debug.String(), "redis.library") {
		t.Errorf("at info %q, at debug %q", info.String(), debug.String())
	}
}

func TestOpenRefusesAURLItCannotUse(t *testing.T) {
	t.Parallel()
	if _, err := store.Open(store.Options{URL: "redis://:s3c/ret@h"}); !errors.Is(err, store.ErrURL) {
		t.Errorf("Open = %v, want ErrURL", err)
	}
}

// withUser adds a user to the server; the default one stays, since redistest asks as it.
func withUser(s *redistest.Server) {
	redistest.Args("--user", "app", "on", ">s3cret", "~*", "&*", "+@all")(s)
}

func open(t *testing.T, opts store.Options) *redis.Client {
	t.Helper()
	client, err := store.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A password that was changed meanwhile is met when the next connection is made.
func TestACommandThatARefusedConnectionNeverSentFails(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	client := open(t, store.Options{URL: strings.Replace(server.URL(), "://", "://nobody:hunter2@", 1)})
	for name, pipe := range map[string]redis.Pipeliner{"pipeline": client.Pipeline(), "transaction": client.TxPipeline()} {
		read, write := pipe.HGetAll(t.Context(), "absent"), pipe.Set(t.Context(), "key", 1, 0)
		if _, err := pipe.Exec(t.Context()); err == nil || read.Err() == nil || write.Err() == nil {
			t.Errorf("%s: %v, a read ended with %v, a write with %v", name, err, read.Err(), write.Err())
		}
	}
}
