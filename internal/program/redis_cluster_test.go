package program_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// node is a node of a cluster.
type node struct {
	server    *redistest.Server
	port, bus string
	*redis.Client
}

func newNode(t *testing.T) node {
	t.Helper()
	n := node{port: freePort(t), bus: freePort(t)}
	n.server = redistest.New(t, redistest.Args("--port", n.port, "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--cluster-port", n.bus))
	n.Client = administrator(t, n.server, "")
	return n
}

// aSlot is ours: it is that of {ghostcm}.
const aSlot = "{ghostcm}:inbox:site1:x"

// pairOfNodes are a cluster: all of ghostcm's keys are on the second node.
func pairOfNodes(t *testing.T) (asked, owner node, ours int64) {
	t.Helper()
	asked, owner = newNode(t), newNode(t)
	ours, err := asked.ClusterKeySlot(t.Context(), aSlot).Result()
	if err != nil {
		t.Fatal(err)
	}
	order(t, asked.Client, "CLUSTER", "ADDSLOTSRANGE", 0, ours-1)
	order(t, owner.Client, "CLUSTER", "ADDSLOTSRANGE", ours, 16383) // a node that loses its last slot ends as a replica
	order(t, asked.Client, "CLUSTER", "MEET", "127.0.0.1", owner.port, owner.bus)
	return asked, owner, ours
}

// REDIS_URL has no form for a cluster: its nodes say MOVED.
func TestANodeOfAClusterIsNamedAsSuchAndLosesNoWebhook(t *testing.T) {
	t.Parallel()
	asked, owner, ours := pairOfNodes(t)
	says := func(part string) func() string {
		return func() string {
			if err := asked.Set(t.Context(), aSlot, "", time.Second).Err(); err == nil || !strings.Contains(err.Error(), part) {
				return "it says otherwise"
			}
			return ""
		}
	}
	r := newRig(t, rigOptions{noAdmin: true, server: asked.server})
	r.eventually("it sends those who ask elsewhere", 2*time.Minute, says("MOVED"))
	site := r.sites[0]
	site.HoldWebhooks(true)
	r.add(site, 3)
	r.allTaken(site, site.TakeWebhooks())
	r.answers("/health", http.StatusServiceUnavailable, `"spool":3`)
	r.logs(`"msg":"redis.unreachable"`, "a node of a cluster", "ghostcm needs one Redis, or a Sentinel group")
	report, err := r.Doctor(t.Context(), program.Examination{})
	if err != nil {
		t.Fatal(err)
	}
	told := slices.ContainsFunc(report.Findings, func(f doctor.Finding) bool {
		return f.Name == "redis" && f.Status == doctor.Fail && strings.Contains(f.Detail, "a node of a cluster")
	})
	if !told {
		t.Errorf("doctor does not name the cluster: %+v", report.Findings)
	}
	before := r.complaints()

	id, err := asked.ClusterMyID(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	r.eventually("the webhooks arrive once the node has all keys", 2*time.Minute, func() string {
		order(t, owner.Client, "CLUSTER", "SETSLOT", ours, "NODE", id)
		order(t, asked.Client, "CLUSTER", "SETSLOT", ours, "NODE", id)
		return r.settled() + r.agrees(site)
	})
	if before > 100 {
		t.Errorf("the log has %d complaints", before)
	}
}
