package store_test

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

func TestASentinelClientFollowsTheMaster(t *testing.T) {
	t.Parallel()
	masterPort, replicaPort, sentinelPort := freePort(t), freePort(t), freePort(t)
	master := redistest.New(t, onPort(masterPort), withUser)
	replica := redistest.New(t, onPort(replicaPort), withUser, redistest.Args(
		"--replicaof", "127.0.0.1", masterPort, "--repl-diskless-sync-delay", "0"))
	redistest.Sentinel(t, sentinelPort, masterPort, 300*time.Millisecond)
	client := open(t, store.Options{
		URL: "redis-sentinel://app:s3cret@127.0.0.1:" + sentinelPort + "/mymaster/2", Timeouts: store.WorkerTimeouts(),
	})
	ctx := t.Context()
	if err := client.Set(ctx, "k", "before", 0).Err(); err != nil {
		t.Fatal(err)
	}
	second := open(t, store.Options{URL: "unix://app:s3cret@" + replica.Socket() + "?db=2"})
	eventually(t, "the replica has the key", func() error { return second.Get(ctx, "k").Err() })
	sentinel := redis.NewSentinelClient(&redis.Options{Addr: "127.0.0.1:" + sentinelPort, Protocol: 2})
	t.Cleanup(func() { sentinel.Close() })
	eventually(t, "the Sentinel knows the replica", func() error {
		replicas, err := sentinel.Replicas(ctx, "mymaster").Result()
		if err == nil && (len(replicas) != 1 || replicas[0]["master-link-status"] != "ok") {
			return fmt.Errorf("it knows %d", len(replicas))
		}
		return err
	})

	master.Kill()
	eventually(t, "a write reaches the new master", func() error { return client.Set(ctx, "k", "after", 0).Err() })
	if v, err := second.Get(ctx, "k").Result(); v != "after" || err != nil {
		t.Errorf("the new master has %q, %v", v, err)
	}
}

func onPort(port string) redistest.Option {
	return redistest.Args("--port", port, "--bind", "127.0.0.1")
}

// freePort returns a port that is free now. Sentinels announce ports, so here
// there is no way around them.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s it still does not hold that %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
