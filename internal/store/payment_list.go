package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// ledgerPage is how many entitlements are read at once.
const ledgerPage = 500

// EntitlementFilter says which entitlements of a site are listed; its zero fields
// let everything through.
type EntitlementFilter struct {
	Site     string
	Provider string
	State    payment.State
	Holders  []Holder // of any of these
	After    string   // id of the last one that was listed; those that come after it
	Limit    int
}

// Entitlements streams a site's entitlements, the last that came first. After an
// error it ends. What is saved meanwhile may be listed as it was or as it is.
func (s *Store) Entitlements(ctx context.Context, f EntitlementFilter) iter.Seq2[payment.Entitlement, error] {
	return func(yield func(payment.Entitlement, error) bool) {
		left := f.Limit
		for ids, err := range s.ledgerPages(ctx, f) {
			if err != nil {
				yield(payment.Entitlement{}, err)
				return
			}
			page, err := s.readEntitlements(ctx, f.Site, ids)
			if err != nil {
				yield(payment.Entitlement{}, err)
				return
			}
			for _, v := range page {
				if f.State != "" && v.Entitlement.State() != f.State {
					continue
				}
				if !yield(v.Entitlement, nil) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
		}
	}
}

// ledgerPages are the ids of what a filter may let through, some at a time.
func (s *Store) ledgerPages(ctx context.Context, f EntitlementFilter) iter.Seq2[[]string, error] {
	index := entitlementsKey(f.Site)
	if f.State != "" {
		index = standingKey(f.Site, string(f.State))
	}
	return func(yield func([]string, error) bool) {
		from, err := s.ledgerStart(ctx, f)
		if err != nil {
			yield(nil, err)
			return
		}
		if len(f.Holders) > 0 {
			s.heldPages(ctx, f, from, yield)
			return
		}
		for from > 0 {
			found, err := s.redis.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{
				Key: index, Start: strconv.FormatInt(from, 10), Stop: "-inf", ByScore: true, Rev: true, Count: ledgerPage,
			}).Result()
			if err != nil {
				yield(nil, fmt.Errorf("listing entitlements: %w", err))
				return
			}
			var ids []string
			from = 0
			for _, z := range found {
				id, _ := z.Member.(string)
				if f.lets(id) {
					ids = append(ids, id)
				}
				from = int64(z.Score) - 1 // numbers are whole, and no two have the same
			}
			if !yield(ids, nil) || len(found) < ledgerPage {
				return
			}
		}
	}
}

func (f EntitlementFilter) lets(id string) bool {
	return f.Provider == "" || strings.HasPrefix(id, f.Provider+":")
}

// ledgerStart is the number of the first entitlement that may be listed.
func (s *Store) ledgerStart(ctx context.Context, f EntitlementFilter) (int64, error) {
	if f.After == "" {
		return 1 << 53, nil // the last whole number of a score
	}
	number, err := s.redis.ZScore(ctx, entitlementsKey(f.Site), f.After).Result()
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("listing entitlements: %w", err)
	}
	return int64(number) - 1, nil
}

// heldPages are the ids of holders' entitlements, in the order of the ledger.
func (s *Store) heldPages(ctx context.Context, f EntitlementFilter, from int64, yield func([]string, error) bool) {
	ids, err := s.held(ctx, f.Site, f.Holders)
	if err != nil {
		yield(nil, err)
		return
	}
	numbers := map[string]int64{}
	for part := range slices.Chunk(ids, ledgerPage) {
		pipe := s.redis.Pipeline()
		scores := make([]*redis.FloatCmd, len(part))
		for i, id := range part {
			scores[i] = pipe.ZScore(ctx, entitlementsKey(f.Site), id)
		}
		_, _ = pipe.Exec(ctx) // each answer has its own error
		for i, score := range scores {
			number, err := score.Result()
			if err != nil && !errors.Is(err, redis.Nil) {
				yield(nil, fmt.Errorf("listing entitlements: %w", err))
				return
			}
			numbers[part[i]] = int64(number)
		}
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return numbers[id] == 0 || numbers[id] > from || !f.lets(id) })
	slices.SortFunc(ids, func(a, b string) int { return int(numbers[b] - numbers[a]) })
	for part := range slices.Chunk(ids, ledgerPage) {
		if !yield(part, nil) {
			return
		}
	}
}

// held are the ids of the holders' entitlements, each once.
func (s *Store) held(ctx context.Context, site string, holders []Holder) ([]string, error) {
	pipe := s.redis.Pipeline()
	answers := make([]*redis.StringSliceCmd, len(holders))
	for i, h := range holders {
		answers[i] = pipe.SMembers(ctx, holderKey(site, h))
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
	var ids []string
	for _, answer := range answers {
		found, err := answer.Result()
		if err != nil {
			return nil, fmt.Errorf("looking for a person's entitlements: %w", err)
		}
		ids = append(ids, found...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// EntitlementsOf reads all entitlements of any of the holders, in the order of
// their ids. Those of an address may be linked to a member with another: see
// payment.Entitlement.BelongsTo.
func (s *Store) EntitlementsOf(ctx context.Context, site string, holders ...Holder) ([]Versioned, error) {
	ids, err := s.held(ctx, site, holders)
	if err != nil {
		return nil, err
	}
	var all []Versioned
	for part := range slices.Chunk(ids, ledgerPage) {
		found, err := s.readEntitlements(ctx, site, part)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// readEntitlements reads those of the ids that are there, in one round trip.
func (s *Store) readEntitlements(ctx context.Context, site string, ids []string) ([]Versioned, error) {
	pipe := s.redis.Pipeline()
	answers := make([]*redis.SliceCmd, len(ids))
	for i, id := range ids {
		answers[i] = pipe.HMGet(ctx, entitlementKey(site, id), "json", "version")
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
	var all []Versioned
	for _, answer := range answers {
		kept, err := answer.Result()
		if err != nil {
			return nil, fmt.Errorf("reading entitlements: %w", err)
		}
		v, found, err := versionedOf(kept)
		if err != nil {
			return nil, err
		}
		if found {
			all = append(all, v)
		}
	}
	return all, nil
}
