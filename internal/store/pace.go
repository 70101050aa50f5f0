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

// reserve is a generic cell rate algorithm that always hands out a slot, on
// Redis' clock, in microseconds.
//
//	KEYS pace   ARGV interval, burst, requests
//	returns how long to wait for the slot
var reserve = redis.NewScript(`
local t = redis.call('time')
local now = t[1] * 1000000 + t[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local next = math.max(tonumber(redis.call('get', KEYS[1]) or 0), now)
local wait = math.max(next - (burst - 1) * interval - now, 0)
next = math.max(next + interval * ARGV[3], now)
redis.call('set', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1000)
return math.ceil(wait)`)

// Reserve takes the site's next slot for a request and returns how long to wait
// for it. A slot that is not used is lost.
func (s *Store) Reserve(ctx context.Context, site string, p Pace) (time.Duration, error) {
	return s.reserve(ctx, site, p, 1)
}

// Refund gives back a slot that was taken and not used.
func (s *Store) Refund(ctx context.Context, site string, p Pace) error {
	_, err := s.reserve(ctx, site, p, -1)
	return err
}

func (p Pace) interval() float64 { return float64(time.Second.Microseconds()) / p.PerSecond }

// HoldBack makes the site's next slots come later by d, as Campaign Monitor
// asked.
func (s *Store) HoldBack(ctx context.Context, site string, p Pace, d time.Duration) error {
	requests := d.Seconds() * p.PerSecond
	_, err := s.reserve(ctx, site, p, requests+float64(p.Burst))
	return err
}

func (s *Store) reserve(ctx context.Context, site string, p Pace, requests float64) (time.Duration, error) {
	wait, err := reserve.Run(ctx, s.redis, []string{paceKey(site)}, p.interval(), p.Burst, requests).Int64()
	if err != nil {
		return 0, fmt.Errorf("reserving a slot: %w", err)
	}
	return time.Duration(wait) * time.Microsecond, nil
}
