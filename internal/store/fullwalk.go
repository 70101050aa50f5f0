package store

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// A breaker must have been open for so long for a full walk to be worth its
// requests, and a gate that opens and closes again and again has the site walked
// no more often than this.
const (
	longClosed = 10 * time.Minute
	walksApart = time.Hour
)

// askFullWalk notes why a full walk is wanted, and from when on. Of several whys
// the first stands, of several times the earliest.
//
//	KEYS catchup   ARGV why, how long after the last one that was asked for
var askFullWalk = redis.NewScript(`
local t = redis.call('time')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local c = redis.call('hmget', KEYS[1], 'asked', 'after', 'called')
local after = 0
if ARGV[2] ~= '0' then after = math.min(tonumber(c[3]) or 0, now) + ARGV[2] end
if c[1] then after = math.min(after, tonumber(c[2]) or 0) end
redis.call('hset', KEYS[1], 'asked', c[1] or ARGV[1], 'after', after)
return 1`)

// AskFullWalk has the site's next catch-up come at once, and walk all members:
// there may be changes that no webhook told of. One that is under way has perhaps
// passed them by already, so another follows it. Of several whys the first stands.
func (s *Store) AskFullWalk(ctx context.Context, site, why string) error {
	return s.askFullWalk(ctx, site, why, 0)
}

// AskFullWalkAfter does the same after the gate has opened that stood so: where the
// configuration was at fault, or an upstream for long, what changed meanwhile may
// not have been told. The walk comes at once, but not within an hour of the last
// one that was asked for: then it comes at the end of that hour.
func (s *Store) AskFullWalkAfter(ctx context.Context, site string, was Gate) error {
	switch {
	case was.Paused:
		return s.askFullWalk(ctx, site, "pause_ended", walksApart)
	case !was.Since.IsZero() && s.now().Sub(was.Since) > longClosed:
		return s.askFullWalk(ctx, site, "breaker_closed", walksApart)
	}
	return nil
}

func (s *Store) askFullWalk(ctx context.Context, site, why string, apart time.Duration) error {
	err := askFullWalk.Run(ctx, s.redis, []string{catchUpKey(site)}, why, apart.Milliseconds()).Err()
	if err != nil {
		return fmt.Errorf("asking for a full walk: %w", err)
	}
	return nil
}
