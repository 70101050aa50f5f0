package store

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/redis/go-redis/v9"
)

// The breaker opens after so many failures in a row; an open breaker and a
// pause let one probe pass in so much time.
const (
	breakerAfter = 10
	probeEvery   = time.Minute
)

// Gate is whether a site's jobs may reach its upstreams.
type Gate struct {
	Open   bool // jobs may pass
	Probe  bool // this one passes to find out whether the fault is over
	Paused bool // closed by a fault of the configuration, not by failures
	Reason string
	Since  time.Time
	Wait   time.Duration // until the next probe, while closed
	// Failures is how many there were in a row, while open.
	Failures int
}

// crowded is how far ahead a site's slots must be taken for a job to wait for
// one before it does anything else.
const crowded = time.Second

// pass asks to pass the gate, and takes a slot at once where they are far ahead.
//
//	KEYS gate, pace   ARGV now, probe interval, slot interval, burst, crowded
//	returns state, reason, since, wait, failures, microseconds until the slot;
//	state "" open, "probe", "breaker" or "paused"
var pass = redis.NewScript(`
local g = redis.call('hmget', KEYS[1], 'state', 'reason', 'since', 'probe', 'failures')
if not g[1] then
  local t = redis.call('time')
  local now = t[1] * 1000000 + t[2]
  local interval = tonumber(ARGV[3])
  local next = tonumber(redis.call('get', KEYS[2]) or 0)
  local slot = next - (ARGV[4] - 1) * interval - now
  if slot <= tonumber(ARGV[5]) then return {'', '', '0', 0, tonumber(g[5] or 0), 0} end
  next = next + interval
  redis.call('set', KEYS[2], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1000)
  return {'', '', '0', 0, tonumber(g[5] or 0), math.ceil(slot)}
end
local wait = tonumber(g[4]) - tonumber(ARGV[1])
if wait <= 0 then
  redis.call('hset', KEYS[1], 'probe', ARGV[1] + ARGV[2])
  return {'probe', g[2], g[3], 0, 0, 0}
end
return {g[1], g[2], g[3], wait, 0, 0}`)

// Pass asks whether a job of the site may go ahead. While the site's slots are
// taken for more than a second, the job also gets its slot now, so that a
// flood costs next to nothing while it waits; slot is how long until then. A
// job that has paid for its slot passes with a zero pace.
func (s *Store) Pass(ctx context.Context, site string, p Pace) (g Gate, slot time.Duration, err error) {
	bound := crowded.Microseconds()
	if p.PerSecond == 0 {
		p.PerSecond, bound = 1, math.MaxInt32*int64(time.Second/time.Microsecond)
	}
	keys := []string{gateKey(site), paceKey(site)}
	reply, err := pass.Run(ctx, s.redis, keys, s.nowMillis(), probeEvery.Milliseconds(), p.interval(), p.Burst, bound).Slice()
	if err != nil {
		return Gate{}, 0, fmt.Errorf("asking at the gate: %w", err)
	}
	wait, _ := reply[5].(int64)
	return readGate(reply), time.Duration(wait) * time.Microsecond, nil
}

var look = redis.NewScript(`
local g = redis.call('hmget', KEYS[1], 'state', 'reason', 'since', 'probe', 'failures')
if not g[1] then return {'', '', '0', 0, tonumber(g[5] or 0)} end
return {g[1], g[2], g[3], tonumber(g[4]) - tonumber(ARGV[1]), 0}`)

// Gate says how the gate stands, without passing.
func (s *Store) Gate(ctx context.Context, site string) (Gate, error) {
	reply, err := look.Run(ctx, s.redis, []string{gateKey(site)}, s.nowMillis()).Slice()
	if err != nil {
		return Gate{}, fmt.Errorf("looking at the gate: %w", err)
	}
	return readGate(reply), nil
}

func readGate(reply []any) Gate {
	state, _ := reply[0].(string)
	reason, _ := reply[1].(string)
	since, _ := reply[2].(string)
	wait, _ := reply[3].(int64)
	failures, _ := reply[4].(int64)
	g := Gate{Open: state == "" || state == "probe", Probe: state == "probe", Paused: state == "paused", Reason: reason, Failures: int(failures)}
	if state != "" {
		g.Since = time.UnixMilli(number(since))
		g.Wait = time.Duration(wait) * time.Millisecond
	}
	return g
}

// fail counts a failure and closes the gate after enough of them in a row.
//
//	KEYS gate   ARGV now, probe interval, bound, reason
//	returns 1 if this one closed it
var fail = redis.NewScript(`
if redis.call('hexists', KEYS[1], 'state') == 1 then return 0 end
local n = redis.call('hincrby', KEYS[1], 'failures', 1)
redis.call('expire', KEYS[1], 86400)
if n < tonumber(ARGV[3]) then return 0 end
redis.call('hset', KEYS[1], 'state', 'breaker', 'reason', ARGV[4], 'since', ARGV[1], 'probe', ARGV[1] + ARGV[2])
redis.call('persist', KEYS[1])
return 1`)

// Fail counts a failure of an upstream; closed is whether it closed the gate.
func (s *Store) Fail(ctx context.Context, site, reason string) (closed bool, err error) {
	return s.turn(ctx, fail, site, s.nowMillis(), probeEvery.Milliseconds(), breakerAfter, reason)
}

var pause = redis.NewScript(`
local was = redis.call('hget', KEYS[1], 'state')
if was == 'paused' then return 0 end
redis.call('hset', KEYS[1], 'state', 'paused', 'reason', ARGV[3], 'since', ARGV[1], 'probe', ARGV[1] + ARGV[2])
redis.call('persist', KEYS[1])
return 1`)

// Pause closes the gate because the configuration is at fault; closed is
// whether it was not paused before.
func (s *Store) Pause(ctx context.Context, site, reason string) (closed bool, err error) {
	return s.turn(ctx, pause, site, s.nowMillis(), probeEvery.Milliseconds(), reason)
}

var succeed = redis.NewScript(`
local was = redis.call('hexists', KEYS[1], 'state')
redis.call('del', KEYS[1])
return was`)

// Succeed ends a row of failures; opened is whether the gate was closed.
func (s *Store) Succeed(ctx context.Context, site string) (opened bool, err error) {
	return s.turn(ctx, succeed, site)
}

func (s *Store) turn(ctx context.Context, script *redis.Script, site string, args ...any) (bool, error) {
	n, err := script.Run(ctx, s.redis, []string{gateKey(site)}, args...).Int()
	if err != nil {
		return false, fmt.Errorf("turning the gate: %w", err)
	}
	return n == 1, nil
}
