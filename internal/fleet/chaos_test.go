//go:build chaos

package fleet_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// The long form, with faults that outlast a lease and with the schedule's catch-up
// beside everything: SEEDS runs of DURATION, the first with SEED.
//
//nolint:paralleltest // one after the other: each fills the machine
func TestChaos(t *testing.T) {
	lasts, err := time.ParseDuration(setting("DURATION", "10m"))
	if err != nil {
		t.Fatal(err)
	}
	seeds, err := strconv.Atoi(setting("SEEDS", "1"))
	if err != nil {
		t.Fatal(err)
	}
	first := seedOf(t)
	for i := range seeds {
		seed := first + uint64(i)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			run(t, plan{
				options: options{seed: seed, catchUp: "1m", dir: newDir(t, seed)}, lasts: lasts,
				pause: 2 * time.Second, stopped: 10 * time.Second, away: 20 * time.Second, rate: 10, patient: 15 * time.Minute, long: true,
			})
		})
	}
}

func setting(name, otherwise string) string {
	if text := os.Getenv(name); text != "" {
		return text
	}
	return otherwise
}

// Campaign Monitor has no conditional write: what a worker had sent before it was
// stopped may arrive after another has written something newer. The site is one whose
// members are read again: of any other, nobody remembers what stood before.
func TestChaosOfAWriterThatIsStoppedForTwoMinutes(t *testing.T) {
	t.Parallel()
	town := newTown(t, options{seed: 2, catchUp: "0", dir: newDir(t, 2)})
	s, sleeper, other := town.sites[0], town.workers[0], town.workers[1]
	way := before(t, town.list.URL())
	sleeper.env = append(sleeper.env, "CM_API_URL=http://"+way.Address()+"/api/v3.3")
	for _, n := range []*node{town.serves[0], sleeper} {
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
	}
	town.eventually("ready", time.Minute, town.serves[0].Ready)
	m, err := s.AddMember(ghosttest.Member{Email: "jo@example.org", Name: "First"})
	if err != nil {
		t.Fatal(err)
	}
	called := func(name string) func() string {
		return func() string {
			if sub, _ := town.list.Subscriber(s.listID, m.Email); sub.Name != name {
				return fmt.Sprintf("called %q, not %q", sub.Name, name)
			}
			return ""
		}
	}
	town.delivered(s)
	town.eventually("written", time.Minute, called("First"))
	way.Hang()
	town.renamed(s, m.ID, "Old")
	town.eventually("its write is on its way", time.Minute, func() string { return atLeast(&way.held, 1) })
	sleeper.Freeze()
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	town.renamed(s, m.ID, "New")
	time.Sleep(2 * time.Minute)
	if problem := called("New")(); problem != "" {
		t.Error("the other worker has not written: " + problem)
	}
	way.Mend()
	woke := time.Now()
	sleeper.Thaw()
	town.eventually("the late write is seen", time.Minute, func() string {
		if !strings.Contains(sleeper.Log(), "member.doubted") {
			return "nobody doubts"
		}
		return called("New")() + town.quiet()
	})
	t.Logf("right again %v after it woke", time.Since(woke))
}

// renamed is an edit whose webhook was taken.
func (town *town) renamed(s *site, id, name string) {
	town.t.Helper()
	if err := s.EditMember(id, func(m *ghosttest.Member) { m.Name = name }); err != nil {
		town.t.Fatal(err)
	}
	town.delivered(s)
}

func (town *town) delivered(s *site) {
	town.t.Helper()
	for _, d := range s.TakeWebhooks() {
		if !town.post.Send(s, d) {
			town.t.Fatal("a webhook was not taken")
		}
	}
}

// A minute without Redis under load; in the middle of it a serve is killed.
//
//nolint:paralleltest // it measures
func TestChaosOfAMinuteWithoutRedis(t *testing.T) {
	town := newTown(t, options{seed: 3, catchUp: "0", dir: newDir(t, 3)})
	for _, n := range town.serves {
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		town.eventually("ready", time.Minute, n.Ready)
	}
	s := town.newStream(town.sites[1], func(attempt int) *node {
		if attempt == len(town.serves) {
			return nil
		}
		return town.serves[attempt]
	})
	stop := make(chan struct{})
	var streaming sync.WaitGroup
	streaming.Go(func() { s.Run(200, stop) })
	town.eventually("under load", time.Minute, func() string { return atLeast(&s.taken, 400) })
	began := time.Now()
	town.redis.Kill()
	time.Sleep(30 * time.Second)
	s.still.Lock() // what it had not answered when it was killed is nobody's
	town.serves[0].Kill()
	s.still.Unlock()
	time.Sleep(5 * time.Second)
	if err := town.serves[0].Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute - time.Since(began))
	town.redis.Restart()
	close(stop)
	streaming.Wait()
	s.allTaken()
	for _, n := range town.serves {
		town.eventually("nothing waits on disk", 2*time.Minute, n.spooled)
	}
	town.eventually("all are in the inbox", time.Minute, func() string { return town.waiting(s.taken.Load()) })
	lines := 0
	for _, n := range town.serves {
		for line := range strings.Lines(n.Log()) {
			if !strings.Contains(line, "webhook.accepted") {
				lines++
			}
		}
	}
	if t.Logf("%d lines of log beside the webhooks'", lines); lines >= 200 {
		t.Errorf("%d lines of log tell of one outage", lines)
	}
}
