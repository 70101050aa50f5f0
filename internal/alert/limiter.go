package alert

import (
	"sync"
	"time"
)

// saidEvery is how often the log says the same of a receiver that fails.
const saidEvery = 10 * time.Minute

// limiter keeps a fault that lasts from filling the log. Its events are few and
// fixed.
type limiter struct {
	mu   sync.Mutex
	said map[string]saying
}

type saying struct {
	at   time.Time
	held int
}

// allow says whether the event may be logged now, and how often it was held back
// since it was last.
func (l *limiter) allow(event string, now time.Time) (held int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, before := l.said[event]
	if before && now.Sub(last.at) < saidEvery {
		last.held++
		l.said[event] = last
		return 0, false
	}
	if l.said == nil {
		l.said = map[string]saying{}
	}
	l.said[event] = saying{at: now}
	return last.held, true
}
