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
}

// Closed says whether the gate is closed, even if a probe may pass it.
func (g Gate) Closed() bool { return g.Upstream != "" }

// Shaken says whether a success of the upstream would change the gate.
func (g Gate) Shaken(upstream string) bool {
	return g.Upstream == upstream || g.Failures[upstream] > 0
}

// pass asks to pass the gate, and takes a slot at once where they are far ahead.
//
//	KEYS gate, pace, spare   ARGV now, probe interval, slot interval, burst, crowded
//	returns probe, microseconds until the slot, and the fields of the gate
var pass = redis.NewScript(`
local gate = redis.call('hgetall', KEYS[1])
local probe = redis.call('hget', KEYS[1], 'probe')
if probe then
  if tonumber(probe) > tonumber(ARGV[1]) then return {0, 0, gate} end
  redis.call('hset', KEYS[1], 'probe', ARGV[1] + ARGV[2])
  return {1, 0, gate}
end
local t = redis.call('time')
local now = t[1] * 1000000 + t[2]
local interval = tonumber(ARGV[3])
local next = tonumber(redis.call('get', KEYS[2]) or 0)
local slot = next - (ARGV[4] - 1) * interval - now
if slot <= tonumber(ARGV[5]) or redis.call('exists', KEYS[3]) == 1 then return {0, 0, gate} end
next = next + interval
redis.call('set', KEYS[2], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1000)
return {0, math.ceil(slot), gate}`)

// Pass asks whether a job of the site may go ahead. While the site's slots are
// taken for more than a second, the job also gets its slot now, so that a
// flood costs next to nothing while it waits; slot is how long until then. A
// job that has paid for its slot passes with a zero pace.
func (s *Store) Pass(ctx context.Context, site string, p Pace) (g Gate, slot time.Duration, err error) {
	bound := crowded.Microseconds()
	if p.PerSecond == 0 {
		p.PerSecond, bound = 1, math.MaxInt64
	}
	keys := []string{gateKey(site), paceKey(site), spareKey(site)}
	reply, err := pass.Run(ctx, s.redis, keys, s.nowMillis(), probeEvery.Milliseconds(), p.interval(), p.Burst, bound).Slice()
	if err != nil {
		return Gate{}, 0, fmt.Errorf("asking at the gate: %w", err)
	}
	probe, _ := reply[0].(int64)
	wait, _ := reply[1].(int64)
	fields, _ := reply[2].([]any)
	g = readGate(fields, s.now())
	if probe == 1 {
		g.Open, g.Probe, g.Wait = true, true, 0
	}
	return g, time.Duration(wait) * time.Microsecond, nil
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
			g.Wait = max(time.UnixMilli(number(value)).Sub(now), 0)
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
  redis.call('set', KEYS[2], '1', 'PX', ARGV[2])
  return 1
end
redis.call('hdel', KEYS[1], 'failures:' .. ARGV[1])
return 0`)

// Succeed ends an upstream's row of failures; opened is whether the gate was
// closed because of it, and is open now.
func (s *Store) Succeed(ctx context.Context, site, upstream string) (opened bool, err error) {
	return s.turn(ctx, succeed, site, upstream, reopenedFor.Milliseconds())
}

// reopenedFor is how long a gate counts as just opened. A job that found it
// closed a moment before may be put off after the others were called back.
const reopenedFor = 15 * time.Second

// Reopened returns those of the sites whose gate has opened just now.
func (s *Store) Reopened(ctx context.Context, sites []string) ([]string, error) {
	var keys, reopened []string
	for _, site := range sites {
		keys = append(keys, reopenedKey(site))
	}
	marks, err := s.redis.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, fmt.Errorf("looking at the gates: %w", err)
	}
	for i, mark := range marks {
		if mark != nil {
			reopened = append(reopened, sites[i])
		}
	}
	return reopened, nil
}

func (s *Store) turn(ctx context.Context, script *redis.Script, site string, args ...any) (bool, error) {
	n, err := script.Run(ctx, s.redis, []string{gateKey(site), reopenedKey(site)}, args...).Int()
	if err != nil {
		return false, fmt.Errorf("turning the gate: %w", err)
	}
	return n == 1, nil
}
