package worker

import (
	"context"
	"sync"
	"time"
)

// share keeps a slow site from holding every worker of the process. A few
// workers are spare: beyond the others, a site gets one only while it has less
// than its part. A job that is denied waits a moment, since a quick site makes
// room within milliseconds; only where that fails is it sent away.
type share struct {
	workers, spare int

	mu      sync.Mutex
	total   int
	running map[string]int
	left    chan struct{}        // closed when a job leaves
	slow    map[string]time.Time // until when a site's jobs are not waited for
}

const (
	shareWait   = 250 * time.Millisecond // how long a denied job holds a spare worker
	sharedRetry = time.Second
)

// spareWorkers is how many workers a process has beyond its concurrency; none
// with a single site, which has nobody to make room for.
func spareWorkers(concurrency, sites int) int {
	if sites <= 1 {
		return 0
	}
	return max(2, concurrency/4)
}

func newShare(concurrency, sites int) *share {
	spare := spareWorkers(concurrency, sites)
	return &share{
		workers: concurrency + spare, spare: spare,
		running: map[string]int{}, left: make(chan struct{}), slow: map[string]time.Time{},
	}
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
	part := max(1, s.workers/(active+1))
	switch {
	case s.spare == 0 || s.total < s.workers-s.spare || s.running[site] < part:
		s.running[site]++
		s.total++
		return true, nil
	case time.Now().Before(s.slow[site]):
		return false, nil
	}
	return false, s.left
}

func (s *share) leave(site string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	s.running[site]--
	if s.running[site] == 0 {
		delete(s.running, site)
	}
	close(s.left)
	s.left = make(chan struct{})
}
