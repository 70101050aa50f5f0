package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// What is kept of deliveries that failed verification, by site and provider: anyone
// can send those.
const (
	quarantineFor   = 7 * 24 * time.Hour
	quarantineCount = 1000
	quarantineBytes = 32 << 20
)

// quarantine keeps a delivery if there is room. Those that have aged go first; of
// those that are there none gives way: the first are the likeliest to be genuine.
//
//	KEYS index, delivery, refused   ARGV now, ttl, id, size, body, meta, max count, max bytes
//	returns 1, or 0 if there is no room
var quarantine = redis.NewScript(`
redis.call('zremrangebyscore', KEYS[1], '-inf', '(' .. (tonumber(ARGV[1]) - tonumber(ARGV[2])))
if redis.call('exists', KEYS[2]) == 1 then return 1 end
local full = redis.call('zcard', KEYS[1]) >= tonumber(ARGV[7])
if not full then
  local bytes = tonumber(ARGV[4])
  for _, name in ipairs(redis.call('zrange', KEYS[1], 0, -1)) do bytes = bytes + tonumber(string.match(name, ' (%d+)$')) end
  full = bytes > tonumber(ARGV[8])
end
if full then
  redis.call('incr', KEYS[3])
  redis.call('pexpire', KEYS[3], ARGV[2])
  return 0
end
redis.call('hset', KEYS[2], 'body', ARGV[5], 'meta', ARGV[6])
redis.call('pexpire', KEYS[2], ARGV[2])
redis.call('zadd', KEYS[1], ARGV[1], ARGV[3] .. ' ' .. ARGV[4])
redis.call('pexpire', KEYS[1], ARGV[2])
return 1`)

// Quarantine keeps a delivery that failed verification, and why, for 7 days: at
// most 1,000 and 32 MiB of a site and provider. kept is false if there is no room;
// that is counted. The delivery's ID must come from its whole body, since nothing
// in it is known to be true.
func (s *Store) Quarantine(ctx context.Context, d PaymentDelivery, reason string) (kept bool, err error) {
	d.Reason = reason
	meta, err := json.Marshal(d)
	if err != nil {
		return false, fmt.Errorf("quarantining a delivery: %w", err)
	}
	keys := []string{
		quarantineKey(d.Site, d.Provider), quarantinedKey(d.Site, d.Provider, d.ID), refusedKey(d.Site, d.Provider),
	}
	n, err := quarantine.Run(ctx, s.redis, keys, s.nowMillis(), quarantineFor.Milliseconds(), d.ID, len(d.Body)+len(meta),
		d.Body, meta, quarantineCount, quarantineBytes).Int()
	if err != nil {
		return false, fmt.Errorf("quarantining a delivery: %w", err)
	}
	return n == 1, nil
}

// Quarantined streams what is in quarantine, the oldest first, one at a time.
// After an error it ends.
func (s *Store) Quarantined(ctx context.Context, site, provider string) iter.Seq2[PaymentDelivery, error] {
	return s.QuarantinedSince(ctx, site, provider, time.UnixMilli(0))
}

// QuarantinedSince is Quarantined of what came there at the given time or later.
func (s *Store) QuarantinedSince(
	ctx context.Context, site, provider string, since time.Time,
) iter.Seq2[PaymentDelivery, error] {
	return func(yield func(PaymentDelivery, error) bool) {
		names, err := s.redis.ZRangeByScore(ctx, quarantineKey(site, provider), &redis.ZRangeBy{
			Min: millis(since), Max: "+inf",
		}).Result()
		if err != nil {
			yield(PaymentDelivery{}, fmt.Errorf("reading the quarantine: %w", err))
			return
		}
		for _, name := range names {
			id, _, _ := strings.Cut(name, " ")
			kept, err := s.redis.HMGet(ctx, quarantinedKey(site, provider, id), "body", "meta").Result()
			if err != nil {
				yield(PaymentDelivery{}, fmt.Errorf("reading the quarantine: %w", err))
				return
			}
			d, found, err := paymentDeliveryOf(site, id, kept)
			if (found || err != nil) && !yield(d, err) {
				return
			}
		}
	}
}

// dropQuarantined   KEYS index, delivery   ARGV id
var dropQuarantined = redis.NewScript(`
for _, name in ipairs(redis.call('zrange', KEYS[1], 0, -1)) do
  if string.match(name, '^%S+') == ARGV[1] then redis.call('zrem', KEYS[1], name) end
end
return redis.call('del', KEYS[2])`)

// DropQuarantined takes a delivery out of quarantine; after it was accepted, say.
func (s *Store) DropQuarantined(ctx context.Context, site, provider, id string) error {
	keys := []string{quarantineKey(site, provider), quarantinedKey(site, provider, id)}
	if err := dropQuarantined.Run(ctx, s.redis, keys, id).Err(); err != nil {
		return fmt.Errorf("dropping a quarantined delivery: %w", err)
	}
	return nil
}

// QuarantineSize is how full a quarantine is.
type QuarantineSize struct {
	Deliveries int
	Bytes      int64
	Refused    int64 // in the last 7 days, since there was no room
}

// Full is from 0 to 1.
func (q QuarantineSize) Full() float64 {
	return max(float64(q.Deliveries)/quarantineCount, float64(q.Bytes)/quarantineBytes)
}

// QuarantineSize counts what is in quarantine.
func (s *Store) QuarantineSize(ctx context.Context, site, provider string) (q QuarantineSize, err error) {
	pipe := s.redis.Pipeline()
	names := pipe.ZRangeByScore(ctx, quarantineKey(site, provider), &redis.ZRangeBy{
		Min: millis(s.now().Add(-quarantineFor)), Max: "+inf",
	})
	refused := pipe.Get(ctx, refusedKey(site, provider))
	_, _ = pipe.Exec(ctx) // each answer has its own error
	if names.Err() != nil {
		return q, fmt.Errorf("counting the quarantine: %w", names.Err())
	}
	for _, name := range names.Val() {
		_, size, _ := strings.Cut(name, " ")
		q.Bytes += number(size)
		q.Deliveries++
	}
	q.Refused, err = refused.Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return q, fmt.Errorf("counting the quarantine: %w", err)
	}
	return q, nil
}
