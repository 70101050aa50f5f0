package program_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// insistence sends webhooks until each was acknowledged, once: what a killed
// process did not acknowledge is sent again, what it did is not.
type insistence struct {
	acknowledged, repeated atomic.Int64
	sending                sync.WaitGroup
}

func insist(r *rig, site *publication, hooks []ghosttest.Delivery) *insistence {
	in := &insistence{}
	queue := make(chan ghosttest.Delivery, len(hooks))
	for _, h := range hooks {
		queue <- h
	}
	close(queue)
	for range 8 {
		in.sending.Go(func() {
			for h := range queue {
				in.send(r, site, h)
			}
		})
	}
	return in
}

func (in *insistence) send(r *rig, site *publication, h ghosttest.Delivery) {
	for r.t.Context().Err() == nil {
		status, err := site.Send(r.t.Context(), h)
		if err == nil && status == http.StatusAccepted {
			in.acknowledged.Add(1)
			return
		}
		if err == nil && status != http.StatusServiceUnavailable {
			r.t.Errorf("a genuine webhook was answered %d", status)
			return
		}
		in.repeated.Add(1)
		time.Sleep(5 * time.Millisecond)
	}
}

// reaches waits for a share of the webhooks to be acknowledged, and for writes
// to be under way.
func (in *insistence) reaches(m *machine, acknowledged, writes int) {
	m.t.Helper()
	m.eventually("is under load", 60*time.Second, func() string {
		if int(in.acknowledged.Load()) < acknowledged || m.list.WriteCount() < writes {
			return "not yet"
		}
		return ""
	})
}

func TestSIGKILLLosesNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the leases of killed workers have to end")
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	o := rigOptions{noAdmin: true, noProgram: true, ghost: ghosttest.Options{Now: ticking()}, list: cmtest.Options{Delay: 50 * time.Millisecond}}
	m := newMachine(newRig(t, o), o)
	site := m.sites[0]
	site.HoldWebhooks(true)
	upheaval(t, rnd, site, 200, 300)
	hooks := site.TakeWebhooks()
	rnd.Shuffle(len(hooks), func(i, j int) { hooks[i], hooks[j] = hooks[j], hooks[i] })

	serving := m.run("serve", "--worker")
	load := insist(m.rig, site, hooks)
	var recovering time.Time
	for kills := range 3 {
		load.reaches(m, (kills+1)*len(hooks)/4, m.list.WriteCount()+10)
		serving.kill()
		serving = m.run("serve", "--worker")
		recovering = time.Now()
	}
	load.sending.Wait()
	if n := load.acknowledged.Load(); int(n) != len(hooks) {
		t.Fatalf("%d of %d webhooks were acknowledged", n, len(hooks))
	}
	m.eventually("recovered", 60*time.Second, m.settled)
	t.Logf("%d webhooks, %d sent again; %d writes; recovered in %v", len(hooks), load.repeated.Load(), m.list.WriteCount(), time.Since(recovering))
	if problem := m.agrees(site); problem != "" {
		t.Error(problem)
	}
	m.clean()
	m.discreet(t, "example.org", "example.net", "Renamed", secret, cmtest.DefaultKey)
	if log := m.log.String(); !strings.Contains(log, `"msg":"jobs.reaped"`) {
		t.Errorf("no killed process left a job behind: the kills came too early\n%s", tail(log))
	}
}
