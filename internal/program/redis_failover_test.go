//go:build chaos

package program_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// failoverAfter is short, and lets a replica that lost its master be promoted
// for ten times as long, which a busy machine may need.
const failoverAfter = 4 * time.Second

// group is a master and its replica behind a Sentinel.
type group struct {
	t               *testing.T
	master, replica *redistest.Server
	asMaster, other *redis.Client
	url             string
}

func newGroup(t *testing.T) *group {
	t.Helper()
	masterPort, replicaPort, sentinelPort := freePort(t), freePort(t), freePort(t)
	g := &group{t: t, url: "redis-sentinel://127.0.0.1:" + sentinelPort + "/" + redistest.MasterName}
	on := func(port string) redistest.Option {
		return redistest.Args("--port", port, "--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0")
	}
	g.master = redistest.New(t, on(masterPort))
	g.replica = redistest.New(t, on(replicaPort), redistest.Args("--replicaof", "127.0.0.1", masterPort))
	g.asMaster, g.other = administrator(t, g.master, ""), administrator(t, g.replica, "")
	redistest.Sentinel(t, sentinelPort, masterPort, failoverAfter)
	sentinel := redis.NewSentinelClient(&redis.Options{Addr: "127.0.0.1:" + sentinelPort, Protocol: 2})
	t.Cleanup(func() { _ = sentinel.Close() })
	(&rig{t: t, log: new(logBuffer)}).eventually("the Sentinel knows the replica", 2*time.Minute, func() string {
		replicas, err := sentinel.Replicas(t.Context(), redistest.MasterName).Result()
		if err != nil || len(replicas) != 1 || replicas[0]["master-link-status"] != "ok" {
			return fmt.Sprintf("%d replicas, %v", len(replicas), err)
		}
		return ""
	})
	return g
}

// sever has the replica miss what the master acknowledges from now on, as one
// does that lags.
func (g *group) sever(r *rig) {
	g.t.Helper()
	order(g.t, g.asMaster, "SET", "severed", "")
	r.eventually("the replica is up to date", 2*time.Minute, func() string {
		if g.other.Exists(g.t.Context(), "severed").Val() == 0 {
			return "it is not"
		}
		return ""
	})
	order(g.t, g.asMaster, "ACL", "SETUSER", "default", "-psync", "-sync")
	order(g.t, g.asMaster, "CLIENT", "KILL", "TYPE", "replica")
}

// Replication is asynchronous: the new master never had the last webhooks that
// were acknowledged.
func TestAFailoverLosesNoWebhook(t *testing.T) {
	t.Parallel()
	const frozen = "the master freezes"
	for name, lose := range map[string]func(*redistest.Server){
		"the master is killed": (*redistest.Server).Kill,
		frozen:                 (*redistest.Server).Freeze,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGroup(t)
			r := newRig(t, rigOptions{noAdmin: true, server: g.master, env: []string{"REDIS_URL=" + g.url}})
			site := r.sites[0]
			r.add(site, 3)
			r.eventually("warm", 2*time.Minute, func() string { return r.settled() + r.agrees(site) })
			if _, err := r.Store.Pause(t.Context(), site.name, "campaignmonitor", "a test"); err != nil {
				t.Fatal(err)
			}
			site.HoldWebhooks(true)
			r.add(site, 5)
			last := site.TakeWebhooks()
			g.sever(r)
			r.allTaken(site, last)
			if problem := r.waiting(5); problem != "" {
				t.Fatal(problem)
			}
			lose(g.master)
			if name == frozen {
				t.Cleanup(g.master.Thaw) // before the program stops: its workers wait for an answer
			}
			if n := g.other.ZCard(t.Context(), "{ghostcm}:waiting").Val(); n != 0 {
				t.Fatalf("the replica has %d of what was acknowledged last: the test shows nothing", n)
			}
			r.add(site, 5)
			r.allTaken(site, site.TakeWebhooks())
			r.eventually("the replica takes its place", 2*time.Minute, func() string {
				if role := g.other.Info(t.Context(), "replication").Val(); !strings.Contains(role, "role:master") {
					return "it does not"
				}
				return ""
			})
			r.add(site, 3)
			r.allTaken(site, site.TakeWebhooks())
			r.eventually("all is done, by the new master's queue", 2*time.Minute, func() string {
				if _, err := r.Store.Succeed(t.Context(), site.name, "campaignmonitor"); err != nil { // the client may not have found it yet
					return err.Error()
				}
				return r.settled() + r.agrees(site)
			})
			if n := r.complaints(); n > 100 {
				t.Errorf("the log has %d complaints of one failover", n)
			}
			r.clean()
		})
	}
}
