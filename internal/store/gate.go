package store

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// The breaker opens after so many failures of one upstream in a row; an open
// breaker and a pause let one probe pass in so much time.
const (
	breakerAfter = 10
	probeEvery   = time.Minute
)

// crowded is how far ahead a site's slots must be taken for a job to wait for
// one before it does anything else.
const crowded = time.Second

// Gate is whether a site's jobs may reach its upstreams.
type Gate struct {
	Open  bool // jobs may pass
	Probe bool // this one passes to find out whether the fault is over

	// Of a gate that is closed or probed: why, and for how long.
	Paused   bool   // a fault of the configuration; else the breaker
	Upstream string // whose success opens it
	Reason   string
	Since    time.Time
	Wait     time.Duration // until the next probe

	// Failures counts each upstream's failures in a row.
	Failures map[string]int
	// Held is how long the site's requests are still held back.
	Held time.Duration
}

// Closed says whether the gate is closed, even if a probe may pass it.
func (g Gate) Closed() bool { return g.Upstream != "" }

// Shaken says whether a success of the upstream would change the gate.
func (g Gate) Shaken(upstream string) bool {
	return g.Upstream == upstream || g.Failures[upstream] > 0
}

// luaPass asks to pass the gate, and takes a slot at once where they are far
// ahead. It returns whether the job may go ahead, whether it is the probe,
// microseconds until its slot, the fields of the gate, and for how many
// milliseconds requests are held back.
const luaPass = `
local function pass(gate, pace, spare, held, now, every, interval, burst, crowded)
  local fields = redis.call('hgetall', gate)
  local probe = redis.call('hget', gate, 'probe')
  if probe then
    local wait = tonumber(probe) - now
    if wait > tonumber(every) then -- set by a clock that is ahead of ours
      redis.call('hset', gate, 'probe', now + every)
    end
    if wait > 0 then return {0, 0, 0, fields, 0} end
    redis.call('hset', gate, 'probe', now + every)
    return {1, 1, 0, fields, 0}
  end
  local rest = redis.call('pttl', held)
  if rest > 0 then return {0, 0, 0, fields, rest} end
  local t = redis.call('time')
  local micros = t[1] * 1000000 + t[2]
  local next = tonumber(redis.call('get', pace) or 0)
  local slot = next - (burst - 1) * interval - micros
  if slot <= tonumber(crowded) or redis.call('exists', spare) == 1 then return {1, 0, 0, fields, 0} end
  next = next + interval
  redis.call('set', pace, string.format('%.0f', next), 'PX', math.ceil((next - micros) / 1000) + 1000)
  return {0, 0, math.ceil(slot), fields, 0}
end
`

// pass is luaPass alone.
//
//	KEYS gate, pace, spare, held   ARGV now, probe interval, slot interval, burst, crowded
var pass = redis.NewScript(luaPass + `return pass(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])`)

// Pass asks whether a job of the site may go ahead. While the site's slots are
// taken for more than a second, the job also gets its slot now, so that a
// flood costs next to nothing while it waits; slot is how long until then. A
// job that has paid for its slot passes with a zero pace.
func (s *Store) Pass(ctx context.Context, site string, p Pace) (g Gate, slot time.Duration, err error) {
	keys, args := s.passing(site, p)
	reply, err := pass.Run(ctx, s.redis, keys, args...).Slice()
	if err != nil {
		return Gate{}, 0, fmt.Errorf("asking at the gate: %w", err)
	}
	g, slot = s.passage(reply)
	return g, slot, nil
}

func (s *Store) passing(site string, p Pace) (keys []string, args []any) {
	bound := crowded.Microseconds()
	if p.PerSecond == 0 {
		p.PerSecond, bound = 1, math.MaxInt64
	}
	keys = []string{gateKey(site), paceKey(site), spareKey(site), heldKey(site)}
	return keys, []any{s.nowMillis(), probeEvery.Milliseconds(), p.interval(), p.Burst, bound}
}

func (s *Store) passage(reply []any) (g Gate, slot time.Duration) {
	probe, _ := reply[1].(int64)
	wait, _ := reply[2].(int64)
	fields, _ := reply[3].([]any)
	held, _ := reply[4].(int64)
	g = readGate(fields, s.now())
	g.Held = time.Duration(held) * time.Millisecond
	if probe == 1 {
		g.Open, g.Probe, g.Wait = true, true, 0
	}
	return g, time.Duration(wait) * time.Microsecond
}

// Gate says how the gate stands, without passing.
func (s *Store) Gate(ctx context.Context, site string) (Gate, error) {
	gates, err := s.Gates(ctx, []string{site})
	if err != nil {
		return Gate{}, err
	}
	return gates[0], nil
}

// Gates says how the gates of sites stand, in their order.
func (s *Store) Gates(ctx context.Context, sites []string) ([]Gate, error) {
	pipe := s.redis.Pipeline()
	answers := make([]*redis.MapStringStringCmd, len(sites))
	for i, site := range sites {
		answers[i] = pipe.HGetAll(ctx, gateKey(site))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("looking at the gates: %w", err)
	}
	gates := make([]Gate, len(sites))
	for i, answer := range answers {
		var flat []any
		for field, value := range answer.Val() {
			flat = append(flat, field, value)
		}
		gates[i] = readGate(flat, s.now())
	}
	return gates, nil
}

func readGate(fields []any, now time.Time) Gate {
	g := Gate{Open: true, Failures: map[string]int{}}
	for i := 0; i+1 < len(fields); i += 2 {
		field, _ := fields[i].(string)
		value, _ := fields[i+1].(string)
		switch field {
		case "upstream":
			g.Open, g.Upstream = false, value
		case "paused":
			g.Paused = value == "1"
		case "reason":
			g.Reason = value
		case "since":
			g.Since = time.UnixMilli(number(value))
		case "probe":
			g.Wait = min(max(time.UnixMilli(number(value)).Sub(now), 0), probeEvery)
		default:
			if upstream, ok := strings.CutPrefix(field, failuresOf); ok {
				g.Failures[upstream] = int(number(value))
			}
		}
	}
	return g
}

const failuresOf = "failures:"

// fail counts a failure and closes the gate after enough of them in a row.
//
//	KEYS gate   ARGV now, probe interval, bound, upstream, reason
//	returns 1 if this one closed it
var fail = redis.NewScript(`
if redis.call('hexists', KEYS[1], 'upstream') == 1 then return 0 end
local n = redis.call('hincrby', KEYS[1], 'failures:' .. ARGV[4], 1)
redis.call('expire', KEYS[1], 86400)
if n < tonumber(ARGV[3]) then return 0 end
redis.call('hset', KEYS[1], 'upstream', ARGV[4], 'reason', ARGV[5], 'since', ARGV[1], 'probe', ARGV[1] + ARGV[2])
redis.call('persist', KEYS[1])
return 1`)

// Fail counts a failure of an upstream; closed is whether it closed the gate.
func (s *Store) Fail(ctx context.Context, site, upstream, reason string) (closed bool, err error) {
	return s.turn(ctx, fail, site, s.nowMillis(), probeEvery.Milliseconds(), breakerAfter, upstream, reason)
}

var pause = redis.NewScript(`
if redis.call('hget', KEYS[1], 'paused') then return 0 end
redis.call('hset', KEYS[1], 'paused', 1, 'upstream', ARGV[3], 'reason', ARGV[4], 'since', ARGV[1], 'probe', ARGV[1] + ARGV[2])
redis.call('persist', KEYS[1])
return 1`)

// Pause closes the gate because the configuration is at fault; closed is
// whether it was not paused before.
func (s *Store) Pause(ctx context.Context, site, upstream, reason string) (closed bool, err error) {
	return s.turn(ctx, pause, site, s.nowMillis(), probeEvery.Milliseconds(), upstream, reason)
}

var succeed = redis.NewScript(`
if redis.call('hget', KEYS[1], 'upstream') == ARGV[1] then
  redis.call('del', KEYS[1])
  redis.call('set', KEYS[2], ARGV[2], 'PX', ARGV[3])
  return 1
end
redis.call('hdel', KEYS[1], 'failures:' .. ARGV[1])
return 0`)

// Succeed ends an upstream's row of failures; opened is whether the gate was
// closed because of it, and is open now.
func (s *Store) Succeed(ctx context.Context, site, upstream string) (opened bool, err error) {
	return s.turn(ctx, succeed, site, upstream, s.nowMillis(), reopenedFor.Milliseconds())
}

// A job that found the gate closed a moment before it opened may be put off
// after the others were called back. So they are called once more, a little
// later; reopenedFor is for how long that can be made up for.
const (
	callBackAfter = 3 * time.Second
	reopenedFor   = time.Minute
)

// claimReopened takes the marks that are old enough, each for one caller.
//
//	KEYS reopened …   ARGV before
var claimReopened = redis.NewScript(`
local claimed = {}
for i, key in ipairs(KEYS) do
  local at = redis.call('get', key)
  if at and tonumber(at) <= tonumber(ARGV[1]) then
    redis.call('del', key)
    table.insert(claimed, i)
  end
end
return claimed`)

// Reopened returns those of the sites whose gate has opened some seconds ago,
// each to one caller only.
func (s *Store) Reopened(ctx context.Context, sites []string) ([]string, error) {
	var keys, reopened []string
	for _, site := range sites {
		keys = append(keys, reopenedKey(site))
	}
	claimed, err := claimReopened.Run(ctx, s.redis, keys, s.now().Add(-callBackAfter).UnixMilli()).Int64Slice()
	if err != nil {
		return nil, fmt.Errorf("looking at the gates: %w", err)
	}
	for _, i := range claimed {
		reopened = append(reopened, sites[i-1])
	}
	return reopened, nil
}

var returnProbe = redis.NewScript(`
if redis.call('hexists', KEYS[1], 'upstream') == 0 then return 0 end
redis.call('hset', KEYS[1], 'probe', ARGV[1])
return 1`)

// ReturnProbe lets the next job probe the gate at once, after one that could not.
func (s *Store) ReturnProbe(ctx context.Context, site string) error {
	_, err := s.turn(ctx, returnProbe, site, s.nowMillis())
	return err
}

func (s *Store) turn(ctx context.Context, script *redis.Script, site string, args ...any) (bool, error) {
	n, err := script.Run(ctx, s.redis, []string{gateKey(site), reopenedKey(site)}, args...).Int()
	if err != nil {
		return false, fmt.Errorf("turning the gate: %w", err)
	}
	return n == 1, nil
}
