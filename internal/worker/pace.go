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
// several sites are configured, a site has no more than its part of them, and
// room for one more site is always left. Jobs of a quick site get in within
// milliseconds all the same; only where that fails are its jobs sent away.
type share struct {
	workers int
	alone   bool

	mu      sync.Mutex
	running map[string]int
	left    chan struct{}        // closed when a job leaves
	slow    map[string]time.Time // until when a site's jobs are not waited for
}

const (
	shareWait   = 50 * time.Millisecond // how long a job may wait for a part to come free
	sharedRetry = time.Second
)

func newShare(workers, sites int) *share {
	return &share{workers: workers, alone: sites <= 1, running: map[string]int{}, left: make(chan struct{}), slow: map[string]time.Time{}}
}

// enter counts a job in; false if its site has its part of the workers already.
func (s *share) enter(ctx context.Context, site string) bool {
	patience := time.NewTimer(shareWait)
	defer patience.Stop()
	for {
		entered, left := s.try(site)
		if entered || left == nil {
			return entered
		}
		select {
		case <-left:
		case <-ctx.Done():
			return false
		case <-patience.C:
			s.mu.Lock()
			s.slow[site] = time.Now().Add(sharedRetry)
			s.mu.Unlock()
			return false
		}
	}
}

// try counts a job in if there is room; else left tells when to try again, nil
// if waiting is of no use.
func (s *share) try(site string) (entered bool, left <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	active := len(s.running)
	if s.running[site] == 0 {
		active++
	}
	switch {
	case s.alone || s.running[site] < max(1, s.workers/(active+1)):
		s.running[site]++
		return true, nil
	case time.Now().Before(s.slow[site]):
		return false, nil
	}
	return false, s.left
}

func (s *share) leave(site string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[site]--
	if s.running[site] == 0 {
		delete(s.running, site)
	}
	close(s.left)
	s.left = make(chan struct{})
}
