package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

func sessionKey(id string) string { return namespace + "session:" + id }

// OpenSession remembers a session of the dashboard by an id that says nothing of
// its cookie, until it is idle for so long.
func (s *Store) OpenSession(ctx context.Context, id string, idle time.Duration) error {
	if err := s.redis.Set(ctx, sessionKey(id), s.nowMillis(), idle).Err(); err != nil {
		return fmt.Errorf("opening a session: %w", err)
	}
	return nil
}

// touchSession says when a session began, and lets it live on, though no longer
// than it may in all.
//
//	KEYS session   ARGV now, idle, most; idle 0 only looks
var touchSession = redis.NewScript(`
local began = redis.call('get', KEYS[1])
if not began then return 0 end
local rest = began + ARGV[3] - ARGV[1]
if rest <= 0 then redis.call('del', KEYS[1]) return 0 end
if ARGV[2] ~= '0' then redis.call('pexpire', KEYS[1], math.min(rest, ARGV[2])) end
return 1`)

// TouchSession says whether there is such a session, over all processes, and
// lets it be idle for so long again, but not live longer than most in all. With
// an idle of 0 it only looks.
func (s *Store) TouchSession(ctx context.Context, id string, idle, most time.Duration) (bool, error) {
	n, err := touchSession.Run(ctx, s.redis, []string{sessionKey(id)},
		s.nowMillis(), idle.Milliseconds(), strconv.FormatInt(most.Milliseconds(), 10)).Int()
	if err != nil {
		return false, fmt.Errorf("looking for a session: %w", err)
	}
	return n == 1, nil
}

// CloseSession forgets a session.
func (s *Store) CloseSession(ctx context.Context, id string) error {
	if err := s.redis.Del(ctx, sessionKey(id)).Err(); err != nil {
		return fmt.Errorf("closing a session: %w", err)
	}
	return nil
}
