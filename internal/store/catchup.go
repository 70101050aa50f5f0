package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// catchUpFor is how long a turn may show no life before it is another's. While
// the site has a run, a turn lives, and for lastSign after it was last seen to.
const (
	catchUpFor = 2 * time.Minute
	lastSign   = 30 * time.Second
)

// Turn is whether a site's scheduled catch-up is this process' to do now.
type Turn struct {
	Due bool
	// Full is whether all members are to be walked, not only those whom the census
	// shows as changed.
	Full bool
	// Why is why it is full: what AskFullWalk was told, or one of the reasons below.
	Why string
	// Later is whether all members should be walked, but not in this turn: the last
	// such walks failed, so the next waits.
	Later bool
}

// The reasons for a full walk that nobody asked for.
const (
	FirstWalk = "first" // the site never had one
	DailyWalk = "daily" // the last one is too long ago
)

// claimCatchUp gives a catch-up that is due to one process. A time that is further
// ahead than the interval was set when that was longer. What was asked for is
// owed until a full walk has gone well, whoever dies meanwhile; the second that
// fails in a row has the next wait for two intervals, the third for four, up to a
// quarter of what lies between two.
//
//	KEYS catchup, run   ARGV every, full, who, ttl, last sign
//	returns 1 if it is due, why it is to be full or '', 1 if that is put off
var claimCatchUp = redis.NewScript(`
local t = redis.call('time')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local c = redis.call('hmget', KEYS[1], 'next', 'until', 'full', 'asked', 'owed', 'after', 'failed', 'tried')
local asked = (tonumber(c[6]) or 0) <= now and c[4]
local ends = tonumber(c[2])
if redis.call('exists', KEYS[2]) == 1 then
  if ends then redis.call('hset', KEYS[1], 'until', math.max(ends, now + ARGV[5])) end
  return {0, ''}
end
if ends and ends > now then return {0, ''} end
local due = math.min(tonumber(c[1]) or 0, now + ARGV[1])
if due > now and not ends and not asked then
  if due < tonumber(c[1]) then redis.call('hset', KEYS[1], 'next', due) end
  return {0, ''}
end
local why = asked or c[5] or ''
if asked then
  redis.call('hdel', KEYS[1], 'asked', 'after')
  redis.call('hset', KEYS[1], 'called', now)
end
if why ~= '' then
  redis.call('hset', KEYS[1], 'owed', why)
elseif not c[3] then
  why = 'first'
elseif c[3] + ARGV[2] <= now then
  why = 'daily'
end
local failed, later = tonumber(c[7]) or 0, 0
if why ~= '' and not asked and failed > 0 then
  local wait = math.min(ARGV[1] * 2 ^ (failed - 1), ARGV[2] / 4)
  if c[8] + wait > now then why, later = '', 1 end
end
redis.call('hset', KEYS[1], 'who', ARGV[3], 'began', now, 'until', now + ARGV[4], 'why', why)
return {1, why, later}`)

// ClaimCatchUp asks whether the site's catch-up is due, by Redis' clock: every so
// often, with a full walk at least once in full, and at once when one was asked
// for. One process in the fleet gets the turn; it opens the site's run within two
// minutes and ends its turn with FinishCatchUp. A turn whose process died comes
// again, for whoever asks. There is no turn while the site has a run, and none
// ever where every is 0. Processes ask at least twice a minute.
func (s *Store) ClaimCatchUp(ctx context.Context, site string, every, full time.Duration, who string) (Turn, error) {
	if every <= 0 {
		return Turn{}, nil
	}
	reply, err := claimCatchUp.Run(ctx, s.redis, []string{catchUpKey(site), runKey(site)},
		every.Milliseconds(), full.Milliseconds(), who, catchUpFor.Milliseconds(), lastSign.Milliseconds()).Slice()
	if err != nil {
		return Turn{}, fmt.Errorf("asking for the turn to catch up: %w", err)
	}
	due, _ := reply[0].(int64)
	why, _ := reply[1].(string)
	turn := Turn{Due: due == 1, Full: why != "", Why: why}
	if turn.Due {
		turn.Later = reply[2] == int64(1)
	}
	return turn, nil
}

// Outcome is how a catch-up ended.
type Outcome struct {
	Who  string // as ClaimCatchUp was told
	OK   bool
	Full bool // all members were walked
	// Cut is whether it did not end by itself, nor fail: another run had the site, or
	// its process was told to stop.
	Cut bool
	// Found counts what was found, by kind.
	Found map[string]int
	// Reason is why it failed, or what of it needs a person; it goes to status, so
	// it holds no secret and no address.
	Reason string
	Next   time.Duration // from now; required
}

// finishCatchUp ends a turn, if it still is that process'.
//
//	KEYS catchup   ARGV who, ok, full, found, reason, next, cut
var finishCatchUp = redis.NewScript(`
local c = redis.call('hmget', KEYS[1], 'who', 'until', 'began')
if c[1] ~= ARGV[1] or not c[2] then return 0 end
local t = redis.call('time')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('hset', KEYS[1], 'last', now, 'ok', ARGV[2], 'walked', ARGV[3], 'found', ARGV[4], 'reason', ARGV[5], 'next', now + ARGV[6])
redis.call('hdel', KEYS[1], 'until')
if ARGV[2] == '1' then redis.call('hset', KEYS[1], 'good', now) end
if ARGV[2] == '1' and ARGV[3] == '1' then
  redis.call('hset', KEYS[1], 'full', c[3])
  redis.call('hdel', KEYS[1], 'owed', 'failed', 'tried')
elseif ARGV[3] == '1' and ARGV[7] == '0' then
  redis.call('hincrby', KEYS[1], 'failed', 1)
  redis.call('hset', KEYS[1], 'tried', now)
end
return 1`)

// FinishCatchUp ends the turn. It reports false, and notes nothing, if the turn
// was lost: another process has, or had, it since.
func (s *Store) FinishCatchUp(ctx context.Context, site string, o Outcome) (bool, error) {
	found, err := json.Marshal(o.Found)
	if err != nil {
		return false, fmt.Errorf("ending a catch-up: %w", err)
	}
	n, err := finishCatchUp.Run(ctx, s.redis, []string{catchUpKey(site)},
		o.Who, flag(o.OK), flag(o.Full), found, o.Reason, o.Next.Milliseconds(), flag(o.Cut)).Int()
	if err != nil {
		return false, fmt.Errorf("ending a catch-up: %w", err)
	}
	return n == 1, nil
}

func flag(set bool) int {
	if set {
		return 1
	}
	return 0
}
