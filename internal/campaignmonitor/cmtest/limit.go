package cmtest

import (
	"net/http"
	"time"
)

// allow counts one more at now, unless the limit is reached; wait is how long
// until the window has room.
func (l Limit) allow(times []time.Time, now time.Time) (kept []time.Time, wait time.Duration, ok bool) {
	for len(times) > 0 && now.Sub(times[0]) >= l.Window {
		times = times[1:]
	}
	if len(times) >= l.N {
		return times, l.Window - now.Sub(times[0]), false
	}
	return append(times, now), 0, true
}

// accountLimit answers as the vendor does where it limits an account: with headers.
func (s *Server) accountLimit() (reply, bool) {
	l := s.opts.Account
	if l.N == 0 {
		return reply{}, false
	}
	times, wait, allowed := l.allow(s.accountTimes, s.opts.Now())
	s.accountTimes = times
	if allowed {
		return reply{}, false
	}
	r := refuse(http.StatusTooManyRequests, 429, "Rate limit exceeded")
	seconds := int((wait + time.Second - 1) / time.Second)
	r.header = map[string]int{"X-RateLimit-Limit": l.N, "X-RateLimit-Remaining": 0, "X-RateLimit-Reset": seconds}
	return r, true
}

const tooOften = "Subscriber was added too many times too quickly, try again later."

// writtenTooOften counts a write of one subscriber; the refusal has no headers.
func (s *Server) writtenTooOften(l *list, email string) bool {
	limit := s.opts.PerSubscriber
	if limit.N == 0 {
		return false
	}
	key := l.id + " " + s.key(email)
	times, _, allowed := limit.allow(s.writeTimes[key], s.opts.Now())
	s.writeTimes[key] = times
	return !allowed
}
