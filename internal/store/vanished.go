package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// So many members may vanish on a day, or such a part of the known ones, whichever
// is more. A day is remembered for longer than any clock of ours is wrong.
const (
	vanishedLeast = 20
	vanishedPart  = 0.01
	vanishedFor   = 48 * time.Hour
)

// vanish notes a member whose 404 is taken for a deletion, up to a bound a day.
//
//	KEYS vanished, members   ARGV member, least, part, ttl
var vanish = redis.NewScript(`
if redis.call('sismember', KEYS[1], ARGV[1]) == 1 then return 1 end
local known = tonumber(redis.call('get', KEYS[2]) or 0)
local bound = math.max(tonumber(ARGV[2]), math.floor(known * tonumber(ARGV[3])))
if redis.call('scard', KEYS[1]) >= bound then return 0 end
redis.call('sadd', KEYS[1], ARGV[1])
redis.call('pexpire', KEYS[1], ARGV[4])
return 1`)

// AllowVanished says whether one more member, of whom only a 404 of Ghost says
// that it is gone, may be removed today: at most 20 or 1 % of the known ones,
// whichever is more, so that a site given another site's URL cannot empty its
// list. Asking twice for one member counts once.
func (s *Store) AllowVanished(ctx context.Context, site, id string) (bool, error) {
	keys := []string{vanishedKey(site, s.now()), membersKey(site)}
	n, err := vanish.Run(ctx, s.redis, keys, id, vanishedLeast, vanishedPart, vanishedFor.Milliseconds()).Int()
	if err != nil {
		return false, fmt.Errorf("counting vanished members: %w", err)
	}
	return n == 1, nil
}

// VanishedLeft says how many more members AllowVanished would let go today.
func (s *Store) VanishedLeft(ctx context.Context, site string) (int, error) {
	pipe := s.redis.Pipeline()
	today := pipe.SCard(ctx, vanishedKey(site, s.now()))
	known := pipe.Get(ctx, membersKey(site))
	_, _ = pipe.Exec(ctx) // each answer has its own error
	if err := today.Err(); err != nil {
		return 0, fmt.Errorf("counting vanished members: %w", err)
	}
	n, err := known.Int()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, fmt.Errorf("counting vanished members: %w", err)
	}
	return max(max(vanishedLeast, int(float64(n)*vanishedPart))-int(today.Val()), 0), nil
}
