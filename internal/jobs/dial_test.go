package jobs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// minimalACL is what the queue needs of Redis, for operators who give ghostcm a
// user of its own.
const minimalACL = "resetkeys ~{ghostcm}:* resetchannels &{ghostcm}:* -@all +ping +hello +client +auth +select +eval +evalsha " +
	"+lpush +rpush +rpop +rpoplpush +llen +lrange +lindex +lrem +incr +decr +decrby +get +set +del +hset +hmset +hget +hgetall +hkeys +hincrby +hdel " +
	"+sadd +srem +smembers +zadd +zrem +zcard +zcount +zscan +zrank +zrange +zrangebyscore +zremrangebyscore +zremrangebyrank +expire +publish +subscribe"

func TestWorkersConnectTheWayTheClientIsConfigured(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T) redis.UniversalClient{
		"a user with minimal rights, another database": func(t *testing.T) redis.UniversalClient {
			s := redistest.New(t)
			admin := redis.NewClient(&redis.Options{Network: "unix", Addr: s.Socket()})
			t.Cleanup(func() {
				if denied := admin.ACLLog(context.Background(), 100).Val(); len(denied) > 0 {
					t.Errorf("the rights are too few for %q, and %d more", denied[0].Object, len(denied)-1)
				}
				_ = admin.Close()
			})
			rights := []any{"ACL", "SETUSER", "ghostcm", "on", ">pass word"}
			for _, r := range strings.Fields(minimalACL) {
				rights = append(rights, r)
			}
			if err := admin.Do(t.Context(), rights...).Err(); err != nil {
				t.Fatal(err)
			}
			return redis.NewClient(&redis.Options{Network: "unix", Addr: s.Socket(), DB: 3, Username: "ghostcm", Password: "pass word"})
		},
		"a password only, from a provider": func(t *testing.T) redis.UniversalClient {
			s := redistest.New(t)
			admin := redis.NewClient(&redis.Options{Network: "unix", Addr: s.Socket()})
			defer admin.Close()
			if err := admin.ConfigSet(t.Context(), "requirepass", "secret").Err(); err != nil {
				t.Fatal(err)
			}
			return redis.NewClient(&redis.Options{Network: "unix", Addr: s.Socket(), CredentialsProvider: func() (string, string) { return "", "secret" }})
		},
		"TLS with a private CA, and a certificate to show": tlsClient,
		"Sentinel":  sentinelClient,
		"a cluster": clusterClient,
	}
	for name, connect := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := connect(t)
			t.Cleanup(func() { _ = client.Close() })
			b := &bundle{t: t, queue: NewQueue(client), logs: &logBuffer{}}
			seen := &runs{}
			b.start(RunnerOptions{Client: client, Kinds: []Kind{kind(func(_ context.Context, j Job) error {
				if seen.add(j) == 1 {
					return RetryAfter(os.ErrDeadlineExceeded, time.Minute)
				}
				return Permanent(os.ErrNotExist)
			}, time.Minute)}})
			b.enqueue(Spec{Kind: "sync", Site: "news"})
			eventually(t, "it waits for a retry", patience, func() bool { return b.stats().Retrying == 1 })
			if n, err := b.queue.Expedite(t.Context(), "news"); n != 1 || err != nil {
				t.Fatalf("expedited %d, %v", n, err)
			}
			eventually(t, "it died", patience, func() bool { return b.stats().Dead == 1 })
			if ok, err := b.queue.Replay(t.Context(), b.dead(DeadFilter{})[0], Revival{}); !ok || err != nil {
				t.Fatalf("replay: %t, %v", ok, err)
			}
			eventually(t, "it ran again", patience, func() bool { return seen.count() == 3 })
			if log := b.logs.text(); strings.Contains(log, "failed") || strings.Contains(log, "NOPERM") {
				t.Errorf("something was refused:\n%s", log)
			}
		})
	}
}

func TestADemotedMasterIsLeft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, err := dialer(b.client)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := writable(c); err != nil {
		t.Fatal(err)
	}
	if err := b.client.ReplicaOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if err := writable(c); err == nil {
		t.Error("a replica counts as writable")
	}
	if c, err := dialer(b.client)(t.Context()); err == nil {
		t.Error("a replica was dialled for work")
		_ = c.Close()
	}
}

func TestAPasswordThatIsRefusedIsNotInTheError(t *testing.T) {
	t.Parallel()
	s := redistest.New(t)
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: s.Socket(), Username: "ghostcm", Password: "hunter2"})
	defer client.Close()
	if _, err := dialer(client)(t.Context()); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

func tlsClient(t *testing.T) redis.UniversalClient {
	port, pair := freePort(t), redistest.NewPair(t)
	redistest.New(t, redistest.TLS(port, pair))
	cert, err := tls.LoadX509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	ca := x509.NewCertPool()
	ca.AddCert(cert.Leaf)
	return redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port, TLSConfig: &tls.Config{RootCAs: ca, Certificates: []tls.Certificate{cert}}})
}

func sentinelClient(t *testing.T) redis.UniversalClient {
	master, port := freePort(t), freePort(t)
	redistest.New(t, redistest.Args("--port", master, "--bind", "127.0.0.1"))
	redistest.Sentinel(t, port, master, 30*time.Second)
	client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: redistest.MasterName, SentinelAddrs: []string{"127.0.0.1:" + port}})
	eventually(t, "the sentinel answers", patience, func() bool { return client.Ping(t.Context()).Err() == nil })
	return client
}

func clusterClient(t *testing.T) redis.UniversalClient {
	port := freePort(t)
	s := redistest.New(t, redistest.Args("--port", port, "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--cluster-port", freePort(t)))
	admin := redis.NewClient(&redis.Options{Network: "unix", Addr: s.Socket()})
	defer admin.Close()
	if err := admin.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster is up", patience, func() bool {
		return strings.Contains(admin.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
	})
	return redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:" + port}})
}
