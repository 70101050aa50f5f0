package doctor

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Signatures are taken within five minutes, and Ghost takes tokens for as long.
const (
	skewWarns = 30 * time.Second
	skewFails = 2 * time.Minute
)

// judgeClock judges how far another clock is ahead of ours.
func judgeClock(whose string, ahead time.Duration) verdict {
	const remedy = "synchronise the clocks (timedatectl set-ntp true): webhooks and keys are refused when they differ by five minutes"
	word := "ahead of"
	if ahead < 0 {
		word = "behind"
	}
	away := ahead.Abs().Round(time.Second)
	switch {
	case away > skewFails:
		return fail(remedy, "the clock of %s is %v %s ours", whose, away, word)
	case away > skewWarns:
		return warn(remedy, "the clock of %s is %v %s ours", whose, away, word)
	}
	return ok("within %v of ours", max(away, time.Second))
}

func (e *exam) redisClock() verdict {
	seen, err := e.redis()
	if err != nil {
		return notChecked(noRedis)
	}
	return judgeClock("Redis", seen.Ahead)
}

// Watch reads the clock of a server off its answers. Its zero value is ready.
type Watch struct {
	// Now is our clock; nil is the system's.
	Now func() time.Time

	mu    sync.Mutex
	ahead time.Duration
	seen  bool
}

// On returns a client like c whose answers are watched.
func (w *Watch) On(c *http.Client) *http.Client {
	watched := *c
	watched.Transport = watching{w, c.Transport}
	return &watched
}

// Ahead is how far the clock of the last answer was ahead of ours, to a second;
// false if no answer told its time.
func (w *Watch) Ahead() (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ahead, w.seen
}

func (w *Watch) read(h http.Header) {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	age, err := strconv.Atoi(h.Get("Age")) // of an answer out of a cache
	if err != nil {
		age = 0
	}
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead, w.seen = at.Add(time.Duration(age)*time.Second).Sub(now().Truncate(time.Second)), true
}

type watching struct {
	watch *Watch
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t watching) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err == nil {
		t.watch.read(resp.Header)
	}
	return resp, err
}
