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

// quarantine keeps a delivery if there is room. Those that have aged go first. When it
// is full, the network that holds most gives its latest way, as long as it holds more
// than the one that sends: so a flood takes only the room of its own kind, and of each
// network the first stay, which are the likeliest to be genuine.
//
//	KEYS index, delivery, refused   ARGV now, ttl, id, size, body, meta, max count, max bytes, network, prefix of deliveries
//	returns 1, or 0 if there is no room
var quarantine = redis.NewScript(`
redis.call('zremrangebyscore', KEYS[1], '-inf', '(' .. (tonumber(ARGV[1]) - tonumber(ARGV[2])))
if redis.call('exists', KEYS[2]) == 1 then return 1 end
local size, count, room, from = tonumber(ARGV[4]), tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
local function weight(bytes) return 1 / count + bytes / room end
local names, held, there, bytes = {}, {}, 0, 0
for i, name in ipairs(redis.call('zrange', KEYS[1], 0, -1)) do
  local id, n, network = string.match(name, '^(%S+) (%d+) ?(%S*)$')
  names[i] = {name, id, tonumber(n), network}
  held[network] = (held[network] or 0) + weight(tonumber(n))
  there, bytes = there + 1, bytes + tonumber(n)
end
local mine, going, lost = (held[from] or 0) + weight(size), {}, 0
while there >= count or bytes + size > room do
  local most
  for network, w in pairs(held) do if not most or w > held[most] then most = network end end
  local last = #names
  while last > 0 and names[last][4] ~= most do last = last - 1 end
  if last == 0 or most == from or held[most] <= mine then going, lost = nil, 1; break end
  local n = table.remove(names, last)
  table.insert(going, n)
  held[most], there, bytes, lost = held[most] - weight(n[3]), there - 1, bytes - n[3], lost + 1
end
if lost > 0 then
  for _ = 1, lost do redis.call('incr', KEYS[3]) end
  redis.call('pexpire', KEYS[3], ARGV[2])
end
if not going then return 0 end
for _, n in ipairs(going) do
  redis.call('zrem', KEYS[1], n[1])
  redis.call('del', ARGV[10] .. n[2])
end
redis.call('hset', KEYS[2], 'body', ARGV[5], 'meta', ARGV[6])
redis.call('pexpire', KEYS[2], ARGV[2])
redis.call('zadd', KEYS[1], ARGV[1], ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. from)
redis.call('pexpire', KEYS[1], ARGV[2])
return 1`)

// Quarantine keeps a delivery that failed verification, and why, for 7 days: at
// most 1,000 and 32 MiB of a site and provider, shared among the networks that send.
// kept is false if there is no room; that is counted, as is what had to give way. The
// delivery's ID must come from its whole body, since nothing in it is known to be true.
func (s *Store) Quarantine(ctx context.Context, d PaymentDelivery, reason string) (kept bool, err error) {
	d = d.WithDigest()
	d.Reason = reason
	meta, err := json.Marshal(d)
	if err != nil {
		return false, fmt.Errorf("quarantining a delivery: %w", err)
	}
	keys := []string{
		quarantineKey(d.Site, d.Provider), quarantinedKey(d.Site, d.Provider, d.ID), refusedKey(d.Site, d.Provider),
	}
	n, err := quarantine.Run(ctx, s.redis, keys, s.nowMillis(), quarantineFor.Milliseconds(), d.ID, len(d.Body)+len(meta),
		d.Body, meta, quarantineCount, quarantineBytes, d.Network, quarantinedKey(d.Site, d.Provider, "")).Int()
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
	Refused    int64 // not kept or given up, since there was no room, until there was for 7 days
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
		if parts := strings.Split(name, " "); len(parts) > 1 {
			q.Bytes += number(parts[1])
		}
		q.Deliveries++
	}
	q.Refused, err = refused.Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return q, fmt.Errorf("counting the quarantine: %w", err)
	}
	return q, nil
}
