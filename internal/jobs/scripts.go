package jobs

import "github.com/redis/go-redis/v9"

// release gives back n places of a pool in the library's counters. They never
// fall below zero: nothing reads them for a limit, but people do.
const luaRelease = `
local function release(lock, info, pool, n)
  if tonumber(redis.call('decrby', lock, n)) < 0 then redis.call('set', lock, 0) end
  redis.call('hincrby', info, pool, -n)
end
`

// luaCommit ends a run, once: a repetition, or a process that was frozen while
// others took its job, finds nothing in progress and changes nothing.
//
// KEYS: in-progress list, lock, lock_info [, retry or dead]
// ARGV: raw job, pool id [, score, next raw job]
const luaCommit = luaRelease + `
if redis.call('lrem', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
release(KEYS[2], KEYS[3], ARGV[2], 1)
if KEYS[4] then redis.call('zadd', KEYS[4], ARGV[3], ARGV[4]) end
return 1`

// luaRequeue puts one job that no worker holds back to where it is next.
//
// KEYS: in-progress list, lock, lock_info, queue; ARGV: raw job, pool id
const luaRequeue = luaRelease + `
if redis.call('lrem', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
release(KEYS[2], KEYS[3], ARGV[2], 1)
redis.call('rpush', KEYS[4], ARGV[1])
return 1`

// luaReap gives the jobs of a dead pool back and forgets the pool, unless its
// heartbeat moved since it was judged. Returns the number of jobs, or -1.
//
// KEYS: in-progress list, queue, lock, lock_info, pools, heartbeat
// ARGV: pool id, heartbeat it was judged by, wake channel
const luaReap = luaRelease + `
if (redis.call('hget', KEYS[6], 'heartbeat_at') or '') ~= ARGV[2] then return -1 end
local n = 0
while true do
  local raw = redis.call('rpop', KEYS[1])
  if not raw then break end
  redis.call('rpush', KEYS[2], raw)
  n = n + 1
end
local held = tonumber(redis.call('hget', KEYS[4], ARGV[1]) or '0')
if held > 0 then release(KEYS[3], KEYS[4], ARGV[1], held) end
redis.call('hdel', KEYS[4], ARGV[1])
redis.call('srem', KEYS[5], ARGV[1])
redis.call('del', KEYS[6])
if n > 0 then redis.call('publish', ARGV[3], 'reaped') end
return n`

// luaMove takes a member out of a sorted set and, only if it was still there,
// pushes another in its stead onto a list.
//
// KEYS: sorted set, list; ARGV: member, what to push, wake channel, 1 to leave the member
const luaMove = `
if ARGV[4] == '1' then
  if not redis.call('zscore', KEYS[1], ARGV[1]) then return 0 end
elseif redis.call('zrem', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('lpush', KEYS[2], ARGV[2])
redis.call('publish', ARGV[3], 'replayed')
return 1`

// luaBury moves a member between sorted sets, if it is still there.
//
// KEYS: from, to; ARGV: member, score, member as it goes in
const luaBury = `
if redis.call('zrem', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('zadd', KEYS[2], ARGV[2], ARGV[3])
return 1`

// luaPage reads a page that starts behind a position (score, member), whether
// or not that member still exists: it is put there for a moment to find its
// rank. So pages miss nothing while others remove what was already read. With
// an empty member the page starts with the score.
//
// KEYS: sorted set; ARGV: score, member, size
const luaPage = `
local rank
if ARGV[2] == '' then
  rank = redis.call('zcount', KEYS[1], '-inf', '(' .. ARGV[1])
else
  local added = redis.call('zadd', KEYS[1], 'NX', ARGV[1], ARGV[2])
  rank = redis.call('zrank', KEYS[1], ARGV[2])
  if added == 1 then redis.call('zrem', KEYS[1], ARGV[2]) else rank = rank + 1 end
end
return redis.call('zrange', KEYS[1], rank, rank + ARGV[3] - 1, 'WITHSCORES')`

var (
	commitScript  = redis.NewScript(luaCommit)
	requeueScript = redis.NewScript(luaRequeue)
	reapScript    = redis.NewScript(luaReap)
	moveScript    = redis.NewScript(luaMove)
	pageScript    = redis.NewScript(luaPage)
)
