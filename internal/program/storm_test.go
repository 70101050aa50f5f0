package program_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// upheaval changes a publication at random, keeping its webhooks back.
func upheaval(t *testing.T, rnd *rand.Rand, site *publication, members, changes int) {
	t.Helper()
	var ids []string
	for i := range members {
		m, err := site.AddMember(ghosttest.Member{Email: fmt.Sprintf("Member.%d@example.org", i), Name: fmt.Sprintf("Member %d", i)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	for i := range changes {
		at := rnd.IntN(len(ids))
		id := ids[at]
		var err error
		switch kind := rnd.IntN(12); {
		case kind == 0 && len(ids) > members/2:
			err = site.DeleteMember(id)
			ids = append(ids[:at], ids[at+1:]...)
		case kind <= 2:
			err = site.EditMember(id, func(m *ghosttest.Member) { m.Email = fmt.Sprintf("moved.%d@example.net", i) })
		case kind <= 6:
			err = site.EditMember(id, func(m *ghosttest.Member) { m.Labels = []string{"L1", fmt.Sprintf("L%d", rnd.IntN(20))} })
		case kind <= 9:
			err = site.EditMember(id, func(m *ghosttest.Member) { m.Status = []string{"free", "paid", "comped", "gift"}[rnd.IntN(4)] })
		default:
			err = site.EditMember(id, func(m *ghosttest.Member) { m.Name = fmt.Sprintf("Renamed %d", i) })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// ticking is a clock that never shows a millisecond twice, so that no two
// webhooks of the test have one send time: Ghost's own are far apart.
func ticking() func() time.Time {
	var mu sync.Mutex
	at := time.Now().Add(-time.Minute)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Millisecond)
		return at
	}
}

// deliver sends webhooks in any order, a third of them twice, many at once.
func (r *rig) deliver(rnd *rand.Rand, site *publication, hooks []ghosttest.Delivery) (sent int) {
	r.t.Helper()
	var order []ghosttest.Delivery
	for _, h := range hooks {
		order = append(order, h)
		if rnd.IntN(3) == 0 {
			order = append(order, h)
		}
	}
	rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	var posting sync.WaitGroup
	free := make(chan struct{}, 16)
	for _, h := range order {
		free <- struct{}{}
		posting.Go(func() {
			defer func() { <-free }()
			// A starved machine may answer 503, which acknowledges nothing.
			for range 20 {
				if status, err := site.Send(r.t.Context(), h); status == http.StatusAccepted && err == nil {
					return
				}
			}
			r.t.Error("a genuine webhook is never taken")
		})
	}
	posting.Wait()
	return len(order)
}

func TestAStormOfEventsAndFailuresEndsAsGhostIs(t *testing.T) {
	t.Parallel()
	for _, noAdmin := range []bool{false, true} {
		t.Run(map[bool]string{false: "re-reading", true: "webhooks alone"}[noAdmin], func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			rnd := rand.New(rand.NewPCG(seed, 1))
			// The breaker has a test of its own; here it would only make this one slow.
			failing := []cmtest.Fault{cmtest.Internal, cmtest.BadGateway, cmtest.BadGatewayAfter, cmtest.Reset, cmtest.ResetAfter}
			r := newRig(t, rigOptions{noAdmin: noAdmin, ghost: ghosttest.Options{Now: ticking()}, list: cmtest.Options{Faults: cmtest.Faults{Seed: seed}}})
			site := r.sites[0]
			site.HoldWebhooks(true)
			upheaval(t, rnd, site, 60, 400)
			r.list.SetFaults(cmtest.Faults{Probability: 0.2, Kinds: failing})
			sent := r.deliver(rnd, site, site.TakeWebhooks())
			r.eventually("settled", 60*time.Second, r.settled)
			if problem := r.agrees(site); problem != "" {
				t.Errorf("%s\n%s", problem, grep(r.log.String(), "dead"))
			}
			if writes := r.list.WriteCount(); writes >= sent {
				t.Errorf("%d writes for %d events", writes, sent)
			}
			r.clean()
			r.eventually("followed", time.Minute, r.followed) // the record comes after the work
			r.discreet(t, "example.org", "example.net", "Member 1", "Renamed", secret, cmtest.DefaultKey, site.AdminKey())
		})
	}
}

// followed says which accepted event cannot be followed to its end in the log,
// by its own id or by that of its job.
func (r *rig) followed() string {
	type record struct {
		Msg      string   `json:"msg"`
		EventID  string   `json:"event_id"`
		JobID    string   `json:"job_id"`
		EventIDs []string `json:"event_ids"`
	}
	var accepted []record
	ended := map[string]bool{}
	for line := range strings.Lines(r.log.String()) {
		var rec record
		if json.Unmarshal([]byte(line), &rec) != nil {
			return "a line of the log is no JSON"
		}
		switch rec.Msg {
		case "webhook.accepted":
			accepted = append(accepted, rec)
		case "member.done":
			ended[rec.JobID] = true
			for _, id := range rec.EventIDs {
				ended[id] = true
			}
		}
	}
	for _, rec := range accepted {
		if !ended[rec.EventID] && !ended[rec.JobID] {
			return "event " + rec.EventID + " of job " + rec.JobID + " ends nowhere"
		}
	}
	if len(accepted) == 0 {
		return "no event was accepted"
	}
	return ""
}

// discreet looks for what no log may hold.
func (r *rig) discreet(t *testing.T, secrets ...string) {
	t.Helper()
	log := r.log.String()
	for _, s := range secrets {
		if i := strings.Index(strings.ToLower(log), strings.ToLower(s)); i >= 0 {
			t.Errorf("the log holds %q: …%s…", s, log[max(0, i-200):min(len(log), i+100)])
		}
	}
}

func grep(log, what string) string {
	var found []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, what) {
			found = append(found, line)
		}
	}
	return strings.Join(found[:min(len(found), 10)], "")
}

// The clock of this test is the flood itself, which goes on at ten writes a
// second, in lumps of up to two seconds: a busy machine slows both down. Behind
// the whole flood it would be hundreds.
func TestAFloodedSiteDelaysNoOther(t *testing.T) {
	t.Parallel()
	const much, burst, rate = 150, 20, 10
	r := newRig(t, rigOptions{sites: 2, noAdmin: true, env: []string{"CM_RATE_LIMIT=10", "CM_RATE_BURST=20"}})
	flooded, calm := r.sites[0], r.sites[1]
	for i := range 400 {
		if _, err := flooded.AddMember(ghosttest.Member{Email: fmt.Sprintf("flood.%d@example.org", i)}); err != nil {
			t.Fatal(err)
		}
	}
	flooded.Flush()
	began := time.Now()
	written := func() int { return len(r.list.Subscribers(flooded.listID)) }
	for i := range 5 {
		before := max(written(), burst)
		m, err := calm.AddMember(ghosttest.Member{Email: fmt.Sprintf("calm.%d@example.org", i)})
		if err != nil {
			t.Fatal(err)
		}
		r.eventually("the calm site's member is on the list", time.Minute, func() string {
			if _, ok := r.list.Subscriber(calm.listID, m.Email); !ok {
				return "not yet"
			}
			return ""
		})
		if meanwhile := written() - before; meanwhile > much {
			t.Errorf("an event of the calm site waited for %d writes of the flood", meanwhile)
		}
	}
	allowed := 2*burst + int(rate*time.Since(began).Seconds())
	if n := written(); n > max(allowed, 2*much) {
		t.Errorf("the flood was not limited: %d members written already, %d allowed", n, allowed)
	}
}
