package store

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// backfillFor is how long the turn of a backfill lives after its last sign of life:
// longer than any wait that a provider can ask for between two pages.
const backfillFor = 15 * time.Minute

// BackfillTurn is whether reading a provider's books is this process' to do now.
type BackfillTurn struct {
	// Ours is whether the turn was claimed; it ends with FinishBackfill.
	Ours bool
	// Busy says that another process has it.
	Busy bool
	// Through is until when the books are known; zero: they were never read.
	Through time.Time
}

// claimBackfill gives the books of one provider to one process.
//
//	KEYS backfill   ARGV every, who, ttl, 1 if it is due whatever the time
//	returns 1 if it is ours, 2 if another has it, and until when the books are known
var claimBackfill = redis.NewScript(`
local t = redis.call('time')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local c = redis.call('hmget', KEYS[1], 'until', 'next', 'through')
if tonumber(c[1] or 0) > now then return {2, c[3] or ''} end
local due = math.min(tonumber(c[2] or 0), now + ARGV[1])
if due > now and ARGV[4] == '0' and not c[1] then return {0, c[3] or ''} end
redis.call('hset', KEYS[1], 'who', ARGV[2], 'began', now, 'until', now + ARGV[3])
return {1, c[3] or ''}`)

// ClaimBackfill asks for the turn to read a provider's books, which is due every so
// often by Redis' clock, and at once if now is set. One process has it at a time. A
// turn that shows no life for 15 minutes, by RenewBackfill, is anybody's.
func (s *Store) ClaimBackfill(
	ctx context.Context, site, provider string, every time.Duration, who string, now bool,
) (BackfillTurn, error) {
	reply, err := claimBackfill.Run(ctx, s.redis, []string{backfillKey(site, provider)},
		every.Milliseconds(), who, backfillFor.Milliseconds(), flag(now)).Slice()
	if err != nil {
		return BackfillTurn{}, fmt.Errorf("asking for the turn to backfill: %w", err)
	}
	verdict, _ := reply[0].(int64)
	through, _ := reply[1].(string)
	return BackfillTurn{Ours: verdict == 1, Busy: verdict == 2, Through: moment(through)}, nil
}

// renewBackfill keeps a turn that still is that process'.
//
//	KEYS backfill   ARGV who, ttl
var renewBackfill = redis.NewScript(`
if redis.call('hget', KEYS[1], 'who') ~= ARGV[1] or redis.call('hexists', KEYS[1], 'until') == 0 then return 0 end
local t = redis.call('time')
redis.call('hset', KEYS[1], 'until', t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2])
return 1`)

// RenewBackfill shows that a turn lives; false if it was lost to another process.
func (s *Store) RenewBackfill(ctx context.Context, site, provider, who string) (bool, error) {
	n, err := renewBackfill.Run(ctx, s.redis, []string{backfillKey(site, provider)}, who, backfillFor.Milliseconds()).Int()
	if err != nil {
		return false, fmt.Errorf("keeping the turn to backfill: %w", err)
	}
	return n == 1, nil
}

// BackfillEnd is how a backfill ended.
type BackfillEnd struct {
	OK bool
	// Through is until when the books are known now; it never goes back.
	Through time.Time
	// Read counts the records, Fresh those of them that had not come before.
	Read, Fresh int
	// Reason is why it failed; it goes to listings, so it holds no secret and no address.
	Reason string
	Next   time.Duration // from now
}

// finishBackfill ends a turn, if it still is that process'.
//
//	KEYS backfill   ARGV who, ok, through, read, fresh, reason, next
var finishBackfill = redis.NewScript(`
local c = redis.call('hmget', KEYS[1], 'who', 'until', 'through')
if c[1] ~= ARGV[1] or not c[2] then return 0 end
local t = redis.call('time')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('hset', KEYS[1], 'last', now, 'ok', ARGV[2], 'read', ARGV[4], 'fresh', ARGV[5], 'reason', ARGV[6], 'next', now + ARGV[7])
redis.call('hdel', KEYS[1], 'until')
if ARGV[2] == '1' and tonumber(ARGV[3]) > tonumber(c[3] or 0) then redis.call('hset', KEYS[1], 'through', ARGV[3]) end
return 1`)

// FinishBackfill ends the turn. It reports false, and notes nothing, if it was lost.
func (s *Store) FinishBackfill(ctx context.Context, site, provider, who string, end BackfillEnd) (bool, error) {
	n, err := finishBackfill.Run(ctx, s.redis, []string{backfillKey(site, provider)},
		who, flag(end.OK), end.Through.UnixMilli(), end.Read, end.Fresh, end.Reason, end.Next.Milliseconds()).Int()
	if err != nil {
		return false, fmt.Errorf("ending a backfill: %w", err)
	}
	return n == 1, nil
}

// Backfill is how reading a provider's books stands. Times are zero where there
// was none.
type Backfill struct {
	Through     time.Time // until when the books are known
	Last        time.Time // when the last reading ended, and how
	OK          bool
	Read, Fresh int
	Reason      string
	Next        time.Time
	Running     bool
}

// Backfill says how reading the books stands, for people to see.
func (s *Store) Backfill(ctx context.Context, site, provider string) (Backfill, error) {
	fields, err := s.redis.HGetAll(ctx, backfillKey(site, provider)).Result()
	if err != nil {
		return Backfill{}, fmt.Errorf("looking at a backfill: %w", err)
	}
	return Backfill{
		Through: moment(fields["through"]), Last: moment(fields["last"]), OK: fields["ok"] == "1", Reason: fields["reason"],
		Read: int(number(fields["read"])), Fresh: int(number(fields["fresh"])), Next: moment(fields["next"]),
		Running: moment(fields["until"]).After(s.now()),
	}, nil
}

// backfillKey is of a hash: who reads a provider's books, until when they are known, and how the last reading ended.
func backfillKey(site, provider string) string {
	return namespace + "backfill:" + site + ":" + provider
}
