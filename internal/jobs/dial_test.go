package jobs

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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
		"TLS with a private CA": tlsClient,
		"Sentinel":              sentinelClient,
		"a cluster":             clusterClient,
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
	dir, port := t.TempDir(), freePort(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert := write("cert.pem", "CERTIFICATE", der)
	redistest.New(t, redistest.Args("--tls-port", port, "--tls-cert-file", cert, "--tls-ca-cert-file", cert,
		"--tls-key-file", write("key.pem", "PRIVATE KEY", keyDER), "--tls-auth-clients", "no"))
	ca := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	ca.AddCert(parsed)
	return redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port, TLSConfig: &tls.Config{RootCAs: ca}})
}

func sentinelClient(t *testing.T) redis.UniversalClient {
	master, port := freePort(t), freePort(t)
	redistest.New(t, redistest.Args("--port", master, "--bind", "127.0.0.1"))
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\nsentinel monitor ghostcm 127.0.0.1 %s 1\n", port, master)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := exec.Command("redis-server", conf, "--sentinel")
	if err := sentinel.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = sentinel.Process.Kill()
		_ = sentinel.Wait()
	})
	client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "ghostcm", SentinelAddrs: []string{"127.0.0.1:" + port}})
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
