package store

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Pace is how fast a site's requests may leave, over all processes together.
type Pace struct {
	PerSecond float64
	Burst     int
}

// spareFor is how long a slot that was given back can be taken by another, and so
// how much later than its own time a request may leave.
const spareFor = time.Second

// luaReserve is a generic cell rate algorithm that always hands out a slot, on
// Redis' clock, in microseconds. It returns how long to wait for the slot.
const luaReserve = `
local function reserve(pace, spare, interval, burst)
  local t = redis.call('time')
  local now = t[1] * 1000000 + t[2]
  local next = math.max(tonumber(redis.call('get', pace) or 0), now)
  local wait = math.max(next - (burst - 1) * interval - now, 0)
  if wait > 0 and redis.call('lpop', spare) then return 0 end
  next = next + interval
  redis.call('set', pace, string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1000)
  return math.ceil(wait)
end
`

// reserve is luaReserve alone.
//
//	KEYS pace, spare   ARGV interval, burst
var reserve = redis.NewScript(luaReserve + `return reserve(KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]))`)

// Reserve takes the site's next slot for a request and returns how long to wait
// for it. A slot that is not used is lost, unless it is given back.
func (s *Store) Reserve(ctx context.Context, site string, p Pace) (time.Duration, error) {
	wait, err := reserve.Run(ctx, s.redis, []string{paceKey(site), spareKey(site)}, p.interval(), p.Burst).Int64()
	if err != nil {
		return 0, fmt.Errorf("reserving a slot: %w", err)
	}
	return time.Duration(wait) * time.Microsecond, nil
}

// refund keeps a slot for whoever asks next. Moving the next slot back instead
// would hand out a time that another has already.
//
//	KEYS spare   ARGV burst, ttl
var refund = redis.NewScript(`
redis.call('rpush', KEYS[1], 1)
redis.call('ltrim', KEYS[1], 0, ARGV[1] - 1)
redis.call('pexpire', KEYS[1], ARGV[2])
return 1`)

// Refund gives back a slot whose time has come and that is not used.
func (s *Store) Refund(ctx context.Context, site string, p Pace) error {
	if err := refund.Run(ctx, s.redis, []string{spareKey(site)}, p.Burst, spareFor.Milliseconds()).Err(); err != nil {
		return fmt.Errorf("giving a slot back: %w", err)
	}
	return nil
}

// holdBack moves the next slot, and leaves no burst behind it. Requests that were
// under way together are all told to wait: that is one wait.
//
//	KEYS pace, spare, held   ARGV interval, burst, microseconds
//	returns 1 if nobody had been told to wait
var holdBack = redis.NewScript(`
local t = redis.call('time')
local now = t[1] * 1000000 + t[2]
local next = math.max(tonumber(redis.call('get', KEYS[1]) or 0), now + ARGV[3] + (ARGV[2] - 1) * ARGV[1])
redis.call('set', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1000)
redis.call('del', KEYS[2])
local ms = math.ceil(ARGV[3] / 1000)
local left = redis.call('pttl', KEYS[3])
if left < ms then redis.call('set', KEYS[3], 1, 'PX', ms) end
if left > 0 then return 0 end
return 1`)

// HoldBack lets no request of the site leave before d has passed, as Campaign
// Monitor asked, whether its slot is paid for or not.
func (s *Store) HoldBack(ctx context.Context, site string, p Pace, d time.Duration) error {
	_, err := s.BeginHold(ctx, site, p, d)
	return err
}

// BeginHold does what HoldBack does. Begun is whether the site was not held back
// yet: of all the requests that were under way, the first that was refused.
func (s *Store) BeginHold(ctx context.Context, site string, p Pace, d time.Duration) (begun bool, err error) {
	keys := []string{paceKey(site), spareKey(site), heldKey(site)}
	n, err := holdBack.Run(ctx, s.redis, keys, p.interval(), p.Burst, d.Microseconds()).Int()
	if err != nil {
		return false, fmt.Errorf("holding a site back: %w", err)
	}
	return n == 1, nil
}

// interval is the time between two requests, in microseconds.
func (p Pace) interval() float64 { return float64(time.Second.Microseconds()) / p.PerSecond }
