package entitlement

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

// Workers is how many jobs of a Flow run at once in a process. They are beside
// those that members need: a slow Ghost keeps no member waiting, nor a flood of
// members a purchase.
const Workers = 6

const (
	turnWait  = 500 * time.Millisecond
	turnRetry = time.Second
)

// turns bounds how many jobs run at once, and how many of one site where several
// sell: a slow site delays no other.
type turns struct {
	perSite int

	mu      sync.Mutex
	running map[string]int
	total   int
	left    chan struct{} // closed when a job leaves
}

func newTurns(sites int) *turns {
	t := &turns{perSite: Workers, running: map[string]int{}, left: make(chan struct{})}
	if sites > 1 {
		t.perSite = Workers / 2
	}
	return t
}

// inTurn lets a kind's jobs wait a moment for their turn; then they come again, and
// putOff is told when: the sweeper must not take them for lost, and push more of them.
func (t *turns) inTurn(k jobs.Kind, putOff func(ctx context.Context, job jobs.Job, wait time.Duration)) jobs.Kind {
	handle := k.Handle
	k.Handle = func(ctx context.Context, job jobs.Job) error {
		if !t.enter(ctx, job.Site) {
			wait := turnRetry + rand.N(turnRetry) //nolint:gosec // it spreads load and guards nothing
			putOff(context.WithoutCancel(ctx), job, wait)
			return jobs.Snooze(wait)
		}
		defer t.leave(job.Site)
		return handle(ctx, job)
	}
	return k
}

func (t *turns) enter(ctx context.Context, site string) bool {
	patience := time.NewTimer(turnWait)
	defer patience.Stop()
	for {
		left, entered := t.try(site)
		if entered {
			return true
		}
		select {
		case <-left:
		case <-patience.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

func (t *turns) try(site string) (left <-chan struct{}, entered bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.total >= Workers || t.running[site] >= t.perSite {
		return t.left, false
	}
	t.total++
	t.running[site]++
	return nil, true
}

func (t *turns) leave(site string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total--
	if t.running[site]--; t.running[site] == 0 {
		delete(t.running, site)
	}
	close(t.left)
	t.left = make(chan struct{})
}
