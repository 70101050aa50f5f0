package store

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// A site usually has events if it had some on habitual of the last habitOver days
// before it fell silent.
const (
	habitOver = 7 * 24 * time.Hour
	habitual  = 4
)

func habitKey(site string) string { return namespace + "habit:" + site }

// habit notes the day of the site's last event, forgets the days before the
// others count, and tells a silence once.
//
//	KEYS habit   ARGV day, first day that counts, last event, 1 if it is long ago, habitual
//	returns 1 if the site is silent, usually has events, and was not told of before
var habit = redis.NewScript(`
redis.call('hset', KEYS[1], ARGV[1], 1)
local days = 0
for _, field in ipairs(redis.call('hkeys', KEYS[1])) do
  if field ~= 'told' then
    if tonumber(field) < tonumber(ARGV[2]) then redis.call('hdel', KEYS[1], field) else days = days + 1 end
  end
end
if ARGV[4] ~= '1' or days < tonumber(ARGV[5]) then return 0 end
if redis.call('hget', KEYS[1], 'told') == ARGV[3] then return 0 end
redis.call('hset', KEYS[1], 'told', ARGV[3])
return 1`)

// FellSilent says whether a site that usually has events has had none for so
// long, and says so once for each silence, to one caller. It is to be asked at
// least daily: what it knows of a site's habit is what it saw by then.
func (s *Store) FellSilent(ctx context.Context, site string, after time.Duration) (since time.Time, silent bool, err error) {
	heard, err := s.Heard(ctx, site)
	if err != nil || heard.At.IsZero() {
		return time.Time{}, false, err
	}
	const day = 24 * time.Hour
	last := heard.At.UnixMilli()
	long := "0"
	if s.now().Sub(heard.At) >= after {
		long = "1"
	}
	first := heard.At.Add(-habitOver + day)
	told, err := habit.Run(ctx, s.redis, []string{habitKey(site)},
		heard.At.Unix()/int64(day/time.Second), first.Unix()/int64(day/time.Second), last, long, habitual).Int()
	if err != nil {
		return time.Time{}, false, fmt.Errorf("looking for a silent site: %w", err)
	}
	return heard.At, told == 1, nil
}
