package fleet_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// fault is something that goes wrong for a while. Begin returns how it ends.
type fault struct {
	name        string
	least, most time.Duration // how long it lasts
	begin       func(*rand.Rand) (end func())
}

// chaos makes faults, one after the other, and remembers how soon the fleet
// recovered from each.
type chaos struct {
	town   *town
	name   string
	random *rand.Rand

	mu         sync.Mutex
	happened   map[string]int
	recoveries []recovery
	probes     atomic.Uint32
	unmeasured int    // recoveries that took longer than anybody waited
	spans      []span // in which a writer outlived its lease
	recovering sync.WaitGroup
}

type recovery struct {
	fault string
	took  time.Duration
}

func (town *town) newChaos(name string) *chaos {
	return &chaos{town: town, name: name, random: town.random("chaos " + name), happened: map[string]int{}}
}

// Rage makes faults, one after the other: each of them once, in some order, and then
// on until ctx ends.
func (c *chaos) Rage(ctx context.Context, faults []fault, pause time.Duration) {
	for again := true; again; again = ctx.Err() == nil {
		for _, i := range c.random.Perm(len(faults)) {
			c.happen(faults[i])
			time.Sleep(time.Duration(c.random.Int64N(int64(2 * pause))))
		}
	}
}

func (c *chaos) happen(f fault) {
	lasts := f.least + time.Duration(c.random.Int64N(int64(f.most-f.least)+1))
	end := f.begin(c.random)
	time.Sleep(lasts)
	end()
	ended := time.Now()
	c.mu.Lock()
	c.happened[f.name]++
	if lasts > 40*time.Second {
		c.spans = append(c.spans, span{ended.Add(-lasts), ended.Add(time.Minute)})
	}
	c.mu.Unlock()
	c.town.t.Logf("%s %s, %v", ended.UTC().Format("15:04:05.000"), f.name, lasts.Round(time.Millisecond))
	site := c.town.sites[c.random.IntN(len(c.town.sites))]
	c.recovering.Go(func() { c.recovers(f.name, site, ended) })
}

// recovers measures how long after the end of a fault the first event that is
// acknowledged from then on has reached its list.
func (c *chaos) recovers(name string, s *site, ended time.Time) {
	town := c.town
	for time.Since(ended) < 3*time.Minute {
		email := fmt.Sprintf("Probe.%s.%d@%s.example.org", c.name, c.probes.Add(1), s.name)
		m, err := s.AddMember(ghosttest.Member{Email: email, Name: "Probe"})
		if err != nil || !c.acknowledged(s, m.ID) {
			continue
		}
		for time.Since(ended) < 3*time.Minute {
			if sub, ok := town.list.Subscriber(s.listID, email); ok && sub.State == "Active" {
				c.mu.Lock()
				c.recoveries = append(c.recoveries, recovery{name, time.Since(ended)})
				c.mu.Unlock()
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	// Faults that came meanwhile may be why; what never arrives, the check will find.
	town.t.Logf("for 3 minutes after %q nothing has reached the list of %s", name, s.name)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unmeasured++
}

func (c *chaos) acknowledged(s *site, id string) bool {
	for range 250 {
		if f, known := c.town.book.Acknowledged(s, id); known && !f.acknowledged.IsZero() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// report says what happened, and how soon it was over.
func report(all ...*chaos) string {
	happened, total, unmeasured := map[string]int{}, 0, 0
	var took []time.Duration
	slowest := recovery{}
	for _, c := range all {
		for name, n := range c.happened {
			happened[name] += n
			total += n
		}
		unmeasured += c.unmeasured
		for _, r := range c.recoveries {
			took = append(took, r.took)
			if r.took > slowest.took {
				slowest = r
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d faults %v, %d not recovered from in 3 minutes, among others", total, happened, unmeasured)
	if slices.Sort(took); len(took) > 0 {
		fmt.Fprintf(&b, "; recovered within %v (median), %v (longest: %s)", took[len(took)/2].Round(time.Millisecond), slowest.took.Round(time.Millisecond), slowest.fault)
	}
	return b.String()
}

// ofNodes are the faults of processes and of their network: killed, stopped, cut off.
func (town *town) ofNodes(stopped time.Duration) []fault {
	return []fault{
		{"a worker is killed", 0, time.Second, func(r *rand.Rand) func() { return town.killed(pick(r, town.workers)) }},
		{"a serve is killed", 0, time.Second, func(r *rand.Rand) func() { return town.killedServe(pick(r, town.serves)) }},
		{"a worker is stopped", time.Second, stopped, func(r *rand.Rand) func() { return frozen(pick(r, town.workers)) }},
		{"a serve is stopped", time.Second, stopped, func(r *rand.Rand) func() { return frozen(pick(r, town.serves)) }},
		{"a process is cut off from Redis", time.Second, stopped, func(r *rand.Rand) func() { return cut(pick(r, town.nodes()).redis) }},
		{"a process hears nothing of Redis", time.Second, stopped, func(r *rand.Rand) func() { return hung(pick(r, town.nodes()).redis) }},
	}
}

func pick(r *rand.Rand, nodes []*node) *node { return nodes[r.IntN(len(nodes))] }

func (town *town) killed(n *node) func() {
	n.Kill()
	return func() {
		if err := n.Start(); err != nil {
			town.t.Error(err)
		}
	}
}

// forgets is longer than Redis may forget, and a serve remembers for it.
const forgets = 6 * time.Second

// killedServe leaves Redis alone with what it was told last: it must not be killed
// for a while. Nothing but `appendfsync always` survives both.
func (town *town) killedServe(n *node) func() {
	town.within <- struct{}{}
	again := town.killed(n)
	return func() {
		again()
		time.AfterFunc(forgets, func() { <-town.within })
	}
}

func frozen(n *node) func() { n.Freeze(); return n.Thaw }

func cut(w *wire) func() { w.Cut(); return w.Mend }

func hung(w *wire) func() { w.Hang(); return w.Mend }

// ofOthers are the faults of Redis, Ghost and Campaign Monitor. Of these, only the
// test's own goroutine may make those of Redis.
func (town *town) ofOthers(away time.Duration) []fault {
	return []fault{
		{"Redis is killed", 0, away, func(*rand.Rand) func() { return town.killedRedis() }},
		{"Redis is stopped", time.Second, away, func(*rand.Rand) func() { town.redis.Freeze(); return town.redis.Thaw }},
		{"Redis drops its clients", 0, 0, func(*rand.Rand) func() {
			town.ask("client", "kill", "type", "normal", "skipme", "yes")
			return func() {}
		}},
		{"Redis is read-only", time.Second, away, func(*rand.Rand) func() {
			town.ask("replicaof", "127.0.0.1", "1")
			return func() { town.ask("replicaof", "no", "one") }
		}},
		{"Redis is full", time.Second, away, func(*rand.Rand) func() {
			town.ask("config", "set", "maxmemory", "1")
			return func() { town.ask("config", "set", "maxmemory", "0") }
		}},
		{"Campaign Monitor is slow", time.Second, 2 * time.Second, func(*rand.Rand) func() {
			town.list.SetDelay(time.Second)
			return func() { town.list.SetDelay(usual) }
		}},
		{"Ghost is cut off", 200 * time.Millisecond, time.Second, func(*rand.Rand) func() { return cut(town.sites[0].wire) }},
	}
}

// ask asks Redis directly. That a connection of before is gone is no answer.
func (town *town) ask(words ...any) {
	var err error
	for range 20 {
		if err = town.client.Do(town.t.Context(), words...).Err(); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	town.t.Errorf("redis: %v: %v", words, err)
}

// killedRedis waits until every serve has been reminded, before another may be killed.
func (town *town) killedRedis() func() {
	town.within <- struct{}{}
	town.redis.Kill()
	return func() {
		town.redis.Restart()
		time.AfterFunc(forgets, func() { <-town.within })
	}
}

// weather is what always goes wrong a little.
func (town *town) weather(on bool) {
	if !on {
		town.list.SetFaults(cmtest.Faults{})
		for _, s := range town.sites {
			s.SetFaults(ghosttest.Faults{})
		}
		return
	}
	town.list.SetFaults(cmtest.Faults{Probability: 0.06, Kinds: []cmtest.Fault{
		cmtest.Internal, cmtest.BadGateway, cmtest.BadGatewayAfter, cmtest.Reset, cmtest.ResetAfter,
	}})
	for _, s := range town.sites {
		s.SetFaults(ghosttest.Faults{Probability: 0.06, Kinds: []ghosttest.Fault{
			{Status: 500}, {Status: 429, RetryAfter: time.Second}, {}, {Delay: 300 * time.Millisecond, Status: 503},
		}})
	}
}

// ofMinutes are the faults that outlast a lease, or the patience of a breaker.
func (town *town) ofMinutes() []fault {
	return []fault{
		{"a worker is stopped for longer than its lease", 55 * time.Second, 80 * time.Second, func(r *rand.Rand) func() { return frozen(pick(r, town.workers)) }},
		{"a worker is cut off for a minute", 55 * time.Second, 80 * time.Second, func(r *rand.Rand) func() { return hung(pick(r, town.workers).redis) }},
		{"Campaign Monitor is cut off", 200 * time.Millisecond, 5 * time.Second, func(*rand.Rand) func() { return cut(town.upward) }},
		{"Campaign Monitor is down", 5 * time.Second, 20 * time.Second, func(*rand.Rand) func() {
			town.list.SetDown(true)
			return func() { town.list.SetDown(false) }
		}},
		{"Campaign Monitor hangs", 5 * time.Second, 30 * time.Second, func(*rand.Rand) func() { return hung(town.upward) }},
		{"Ghost is down", 5 * time.Second, 20 * time.Second, func(*rand.Rand) func() {
			town.sites[0].SetDown(true)
			return func() { town.sites[0].SetDown(false) }
		}},
	}
}

// frozenOf is when two writers of one member cannot be kept apart: a stopped one does
// not know that its lease has ended, until it has woken and has noticed.
func frozenOf(all []*chaos) (spans []span) {
	for _, c := range all {
		spans = append(spans, c.spans...)
	}
	return spans
}
