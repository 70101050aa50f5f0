package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/payment"
)

const (
	// orphanFor is how long an event waits for its purchase.
	orphanFor = 90 * 24 * time.Hour
	// maxOrphans is how many wait for one purchase.
	maxOrphans = 50
)

// ErrTooManyOrphans says that so many events wait for one purchase that something
// must be wrong with them.
var ErrTooManyOrphans = errors.New("too many events wait for one purchase")

// ByAlias returns the ids of the entitlements that any of the aliases names, each
// once, in order. There may be several: an order of two products has one payment.
func (s *Store) ByAlias(ctx context.Context, site, provider string, aliases []string) ([]string, error) {
	pipe := s.redis.Pipeline()
	answers := make([]*redis.StringSliceCmd, len(aliases))
	for i, alias := range aliases {
		answers[i] = pipe.SMembers(ctx, aliasKey(site, provider, alias))
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
	var ids []string
	for _, answer := range answers {
		found, err := answer.Result()
		if err != nil {
			return nil, fmt.Errorf("looking for a purchase: %w", err)
		}
		ids = append(ids, found...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// keepOrphan keeps an event under each of its aliases, unless one of them leads to
// an entitlement by now.
//
//	KEYS n aliases, then n orphans   ARGV key, event, ttl, max
//	returns ids of entitlements, or nil if too many wait
var keepOrphan = redis.NewScript(`
local n, ids = #KEYS / 2, {}
for i = 1, n do
  for _, id in ipairs(redis.call('smembers', KEYS[i])) do ids[#ids + 1] = id end
end
if #ids > 0 then return ids end
for i = n + 1, #KEYS do
  if redis.call('hlen', KEYS[i]) >= tonumber(ARGV[4]) and redis.call('hexists', KEYS[i], ARGV[1]) == 0 then
    return false
  end
end
for i = n + 1, #KEYS do
  redis.call('hset', KEYS[i], ARGV[1], ARGV[2])
  redis.call('pexpire', KEYS[i], ARGV[3])
end
return ids`)

// KeepOrphan keeps an event whose purchase is not known yet, under its aliases, for
// 90 days. If the purchase has come meanwhile, nothing is kept, and known are the
// ids of its entitlements, as ByAlias returns them.
func (s *Store) KeepOrphan(ctx context.Context, site string, ev payment.Event) (known []string, err error) {
	raw, err := json.Marshal(ev)
	if err != nil {
		return nil, fmt.Errorf("keeping an event without its purchase: %w", err)
	}
	var keys, orphans []string
	for _, alias := range ev.Aliases {
		keys = append(keys, aliasKey(site, ev.Provider, alias))
		orphans = append(orphans, orphanKey(site, ev.Provider, alias))
	}
	known, err = keepOrphan.Run(ctx, s.redis, append(keys, orphans...),
		cmp.Or(ev.Key, ev.ID), raw, orphanFor.Milliseconds(), maxOrphans).StringSlice()
	if errors.Is(err, redis.Nil) {
		return nil, ErrTooManyOrphans
	}
	if err != nil {
		return nil, fmt.Errorf("keeping an event without its purchase: %w", err)
	}
	slices.Sort(known)
	return slices.Compact(known), nil
}

// Orphans returns the events that wait for a purchase with any of these aliases,
// in the order in which they happened.
func (s *Store) Orphans(ctx context.Context, site, provider string, aliases []string) ([]payment.Event, error) {
	pipe := s.redis.Pipeline()
	answers := make([]*redis.MapStringStringCmd, len(aliases))
	for i, alias := range aliases {
		answers[i] = pipe.HGetAll(ctx, orphanKey(site, provider, alias))
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
	byKey := map[string]payment.Event{}
	for _, answer := range answers {
		waiting, err := answer.Result()
		if err != nil {
			return nil, fmt.Errorf("looking for events without a purchase: %w", err)
		}
		for key, raw := range waiting {
			var ev payment.Event
			if err := json.Unmarshal([]byte(raw), &ev); err != nil {
				return nil, fmt.Errorf("reading an event without a purchase: %w", err)
			}
			byKey[key] = ev
		}
	}
	var all []payment.Event
	for _, ev := range byKey {
		all = append(all, ev)
	}
	slices.SortFunc(all, func(a, b payment.Event) int {
		return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// DropOrphans forgets the events that waited for these aliases. It is for after
// they were merged and saved: no more come once the ledger knows the aliases.
func (s *Store) DropOrphans(ctx context.Context, site, provider string, aliases []string) error {
	if len(aliases) == 0 {
		return nil
	}
	keys := make([]string, len(aliases))
	for i, alias := range aliases {
		keys[i] = orphanKey(site, provider, alias)
	}
	if err := s.redis.Del(ctx, keys...).Err(); err != nil {
		return fmt.Errorf("dropping events that waited for a purchase: %w", err)
	}
	return nil
}
