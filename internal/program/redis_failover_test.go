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
	sentinel        *redis.SentinelClient
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
	g.sentinel = redis.NewSentinelClient(&redis.Options{Addr: "127.0.0.1:" + sentinelPort, Protocol: 2})
	t.Cleanup(func() { _ = g.sentinel.Close() })
	(&rig{t: t, log: new(logBuffer)}).eventually("the Sentinel knows the replica", 2*time.Minute, func() string {
		replicas, err := g.sentinel.Replicas(t.Context(), redistest.MasterName).Result()
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

// fault is what becomes of a master, in two moments of the test.
type fault struct {
	// begin is before the webhooks of the outage, after before those of its end.
	begin   func(*group)
	after   func(*group, *rig)
	empties bool // the replica, too, loses all that there was
}

func faults() map[string]fault {
	no := func(*group, *rig) {}
	return map[string]fault{
		"the master is killed": {begin: func(g *group) { g.master.Kill() }, after: no},
		"the master freezes": {after: no, begin: func(g *group) {
			g.master.Freeze()
			g.t.Cleanup(g.master.Thaw) // before the program stops: its workers wait for an answer
		}},
		"the master comes back empty": {begin: func(g *group) { g.master.Kill() }, after: (*group).comeBackEmpty, empties: true},
	}
}

// comeBackEmpty restarts the master without data, before anybody has decided to
// replace it. Its replica follows, and so is emptied, too; misses what the master
// takes then; and is promoted.
func (g *group) comeBackEmpty(r *rig) {
	g.t.Helper()
	g.master.Restart()
	r.pause()
	r.eventually("the replica follows", 2*time.Minute, func() string {
		if info := g.other.Info(g.t.Context(), "replication").Val(); !strings.Contains(info, "master_link_status:up") {
			return "it does not"
		}
		return ""
	})
	r.eventually("it has what was acknowledged last, and what waited on disk", time.Minute, func() string {
		if backlog, err := r.Store.Backlog(r.t.Context()); err != nil || backlog.Members < 10 {
			return fmt.Sprintf("%+v, %v", backlog, err)
		}
		return ""
	})
	g.sever(r)
	r.eventually("the Sentinel begins", 2*time.Minute, func() string {
		if err := g.sentinel.Failover(g.t.Context(), redistest.MasterName).Err(); err != nil && !strings.HasPrefix(err.Error(), "INPROG") {
			return err.Error()
		}
		return ""
	})
	r.add(r.sites[0], 5)
	r.allTaken(r.sites[0], r.sites[0].TakeWebhooks())
}

// pause has jobs wait, so that what they are about is in Redis and nowhere else.
func (r *rig) pause() {
	r.t.Helper()
	r.eventually("the site is paused", time.Minute, func() string {
		if _, err := r.Store.Pause(r.t.Context(), r.sites[0].name, "campaignmonitor", "a test"); err != nil {
			return err.Error()
		}
		return ""
	})
}

// Replication is asynchronous: the new master never had the last webhooks that
// were acknowledged.
func TestAFailoverLosesNoWebhook(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGroup(t)
			r := newRig(t, rigOptions{noAdmin: true, server: g.master, env: []string{"REDIS_URL=" + g.url}})
			site := r.sites[0]
			order(t, g.asMaster, "SET", "first", "")
			r.add(site, 3)
			r.eventually("warm", 2*time.Minute, func() string { return r.settled() + r.agrees(site) })
			r.pause()
			site.HoldWebhooks(true)
			r.add(site, 5)
			last := site.TakeWebhooks()
			g.sever(r)
			r.allTaken(site, last)
			if problem := r.waiting(5); problem != "" {
				t.Fatal(problem)
			}
			f.begin(g)
			if n := g.other.ZCard(t.Context(), "{ghostcm}:waiting").Val(); n != 0 {
				t.Fatalf("the replica has %d of what was acknowledged last: the test shows nothing", n)
			}
			r.add(site, 5)
			r.allTaken(site, site.TakeWebhooks())
			f.after(g, r)
			r.eventually("the replica takes its place", 2*time.Minute, func() string {
				if role := g.other.Info(t.Context(), "replication").Val(); !strings.Contains(role, "role:master") {
					return "it does not"
				}
				return ""
			})
			if f.empties && g.other.Exists(t.Context(), "first").Val() != 0 {
				t.Fatal("the new master has what the old one had: the test shows nothing")
			}
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
