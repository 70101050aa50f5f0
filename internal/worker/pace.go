package worker

import (
	"context"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

// shortWait is how long a worker may be held for a rate slot.
const shortWait = 100 * time.Millisecond

// pace takes the rate slot of the next call. The first call of a job waits for
// its slot, longer than a moment outside of the worker; the calls after it are
// only counted, so that later jobs wait the longer.
func (a *attempt) pace(ctx context.Context) error {
	if a.paid {
		a.paid = false
		return nil
	}
	wait, err := a.Store.Reserve(ctx, a.site.Name, a.site.Pace)
	if err != nil || a.calls > 0 || wait == 0 {
		return err
	}
	if wait > shortWait {
		return jobs.SnoozeUntilSlot(a.Now().Add(wait))
	}
	return sleep(ctx, wait)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return jobs.Snooze(0)
	}
}

// share keeps a slow site from holding every worker of the process: while
// several sites are configured, room for one more site is always left.
type share struct {
	workers int
	alone   bool

	mu      sync.Mutex
	running map[string]int
}

func newShare(workers, sites int) *share {
	return &share{workers: workers, alone: sites <= 1, running: map[string]int{}}
}

// enter counts a job in, unless its site has its share already.
func (s *share) enter(site string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	active := len(s.running)
	if s.running[site] == 0 {
		active++
	}
	if !s.alone && s.running[site] >= max(1, s.workers/(active+1)) {
		return false
	}
	s.running[site]++
	return true
}

func (s *share) leave(site string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[site]--
	if s.running[site] == 0 {
		delete(s.running, site)
	}
}
