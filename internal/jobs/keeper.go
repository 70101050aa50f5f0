package jobs

import (
	"sync"
	"time"
)

// keeper knows what the workers of one pool are doing: it parks those that
// found no job, wakes them, and accounts for every job that was handed out
// until its commit is known to be in Redis.
type keeper struct {
	poll   time.Duration
	turned func() // called whenever a worker comes round
	wakeUp chan struct{}
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	poolID   string              // the library's name for the pool; empty until its first fetch
	held     map[string]int      // raw job -> workers that have it
	pending  []commit            // ends of jobs that may not have reached Redis
	suspects map[string]struct{} // in progress but held by nobody, at the last sweep
}

func newKeeper(workers int, poll time.Duration) *keeper {
	return &keeper{
		poll:   poll,
		turned: func() {},
		wakeUp: make(chan struct{}, workers),
		closed: make(chan struct{}),
		held:   map[string]int{},
	}
}

// wake lets one parked worker look for a job; if none is parked, the next one
// that would park looks again first.
func (k *keeper) wake() {
	select {
	case k.wakeUp <- struct{}{}:
	default: // every worker is going to look already
	}
}

// close makes every fetch, parked or to come, answer that there is no job.
func (k *keeper) close() { k.once.Do(func() { close(k.closed) }) }

func (k *keeper) isClosed() bool {
	select {
	case <-k.closed:
		return true
	default:
		return false
	}
}

// park waits until it is time to look for a job again.
func (k *keeper) park() {
	t := time.NewTimer(k.poll)
	defer t.Stop()
	select {
	case <-k.closed:
	case <-k.wakeUp:
	case <-t.C:
	}
}

func (k *keeper) joined(poolID string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.poolID = poolID
}

func (k *keeper) pool() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.poolID
}

func (k *keeper) hold(raw string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held[raw]++
}

func (k *keeper) release(raw string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held[raw]--; k.held[raw] <= 0 {
		delete(k.held, raw)
	}
}

// postpone keeps the end of a job for the next fetch to take along, or for the
// sweep. Its job stays held until then.
func (k *keeper) postpone(c commit) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pending = append(k.pending, c)
}

// unsettled takes out the ends of jobs that are not known to be in Redis.
func (k *keeper) unsettled() []commit {
	k.mu.Lock()
	defer k.mu.Unlock()
	taken := k.pending
	k.pending = nil
	return taken
}

// stranded compares what is in progress by Redis with what workers hold. An
// entry is stranded when it was unheld twice in a row: the first time, the
// answer to its fetch may still have been on its way.
func (k *keeper) stranded(inProgress []string) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var found []string
	suspects := map[string]struct{}{}
	for _, raw := range inProgress {
		if k.held[raw] > 0 {
			continue
		}
		if _, again := k.suspects[raw]; again {
			found = append(found, raw)
		} else {
			suspects[raw] = struct{}{}
		}
	}
	k.suspects = suspects
	return found
}
