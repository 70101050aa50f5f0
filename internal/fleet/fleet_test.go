package fleet_test

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// plan is how long and how hard a run is.
type plan struct {
	options
	lasts   time.Duration // at least each fault once
	pause   time.Duration // between faults
	stopped time.Duration // how long processes are gone at most
	away    time.Duration // how long Redis is
	rate    int           // events a second and site
	patient time.Duration // until all is quiet; a new subscriber may be waited for for ten minutes
	long    bool          // with what outlasts a lease, and outages of minutes
}

// The seed changes from run to run; a run that fails says how to repeat it.
func TestAFleetLosesNothingWhateverFails(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the leases of killed workers have to end")
	}
	seed := seedOf(t)
	run(t, plan{
		options: options{seed: seed, catchUp: "0", dir: newDir(t, seed)},
		pause:   400 * time.Millisecond, stopped: 2500 * time.Millisecond, away: 2 * time.Second, rate: 10, patient: 12 * time.Minute,
	})
}

func seedOf(t *testing.T) uint64 {
	t.Helper()
	if text := os.Getenv("SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return seed
	}
	return rand.Uint64N(1_000_000_000)
}

func run(t *testing.T, p plan) {
	t.Helper()
	t.Logf("seed %d", p.seed)
	town := newTown(t, p.options)
	town.start()
	began := time.Now()
	all, stop := town.live(p)
	defer stop()
	quietSince := time.Now()
	town.t.Logf("%v of faults; %s", quietSince.Sub(began).Round(time.Second), report(all...))
	town.eventually("quiet", p.patient, town.quiet) // with what purchases and their ends still have Ghost say
	stop()
	town.eventually("quiet again", p.patient, town.quiet)
	for _, n := range town.serves {
		town.eventually("nothing waits on disk", time.Minute, n.spooled)
	}
	town.t.Logf("quiet after %v; webhooks %+v; %d writes", time.Since(quietSince).Round(time.Second), town.book.count, town.list.WriteCount())
	town.check(frozenOf(all))
	town.checkIdle()
	faults := 0
	for _, c := range all {
		for _, n := range c.happened {
			faults += n
		}
	}
	town.checkLogs(faults)
	if t.Failed() {
		town.dump()
	}
	if c := town.book.count; c.acknowledged < c.sent/2 {
		t.Errorf("only %d of %d webhooks were acknowledged", c.acknowledged, c.sent)
	}
}

// live is traffic and faults, until they are over. Until stop, what Ghost has to say
// is still brought.
func (town *town) live(p plan) (all []*chaos, stop func()) {
	living, end := context.WithCancel(context.Background())
	posting, last := context.WithCancel(context.Background())
	var lives, posts sync.WaitGroup
	posts.Go(func() { town.post.Run(posting) })
	for _, s := range town.sites {
		lives.Go(func() { town.newCrowd(s).Live(living, p.rate) })
	}
	lives.Go(func() { town.shop.Sell(living, float64(p.rate)/10) })
	town.weather(true)

	raging, calm := context.WithTimeout(context.Background(), p.lasts)
	defer calm()
	nodes, others := town.newChaos("nodes"), town.newChaos("others")
	all = []*chaos{nodes, others}
	var rages sync.WaitGroup
	rages.Go(func() { nodes.Rage(raging, town.ofNodes(p.stopped), p.pause) })
	if p.long {
		leases := town.newChaos("leases")
		all = append(all, leases)
		rages.Go(func() { leases.Rage(raging, town.ofMinutes(), 30*time.Second) })
	}
	others.Rage(raging, town.ofOthers(p.away), p.pause)
	rages.Wait()
	town.weather(false)
	end()
	lives.Wait()
	for _, c := range all {
		c.recovering.Wait()
	}
	return all, func() { last(); posts.Wait() }
}
