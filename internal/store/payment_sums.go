package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// EntitlementCounts counts a site's entitlements by state, in one round trip.
func (s *Store) EntitlementCounts(ctx context.Context, site string) (map[payment.State]int64, error) {
	pipe := s.redis.Pipeline()
	answers := map[payment.State]*redis.IntCmd{}
	for _, state := range payment.States() {
		answers[state] = pipe.ZCard(ctx, standingKey(site, string(state)))
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
	counts := map[payment.State]int64{}
	for state, answer := range answers {
		n, err := answer.Result()
		if err != nil {
			return nil, fmt.Errorf("counting entitlements: %w", err)
		}
		counts[state] = n
	}
	return counts, nil
}

// UnmappedSum is what was paid for a product that no tier is mapped to.
type UnmappedSum struct {
	Provider  string
	Product   string // the most specific id that the provider told; empty: none
	Purchases int
	Paid      map[string]int64 // the newest payment of each, in minor units, by currency
}

// UnmappedSums sums up a site's unmapped purchases by product, most purchases first.
func (s *Store) UnmappedSums(ctx context.Context, site string) ([]UnmappedSum, error) {
	sums := map[[2]string]*UnmappedSum{}
	for e, err := range s.Entitlements(ctx, EntitlementFilter{Site: site, State: payment.StateUnmapped}) {
		if err != nil {
			return nil, err
		}
		product := ""
		if len(e.Products) > 0 {
			product = e.Products[0]
		}
		sum := sums[[2]string{e.Provider, product}]
		if sum == nil {
			sum = &UnmappedSum{Provider: e.Provider, Product: product, Paid: map[string]int64{}}
			sums[[2]string{e.Provider, product}] = sum
		}
		sum.Purchases++
		if e.Amount.Currency != "" {
			sum.Paid[e.Amount.Currency] += e.Amount.Minor
		}
	}
	var all []UnmappedSum
	for _, sum := range sums {
		all = append(all, *sum)
	}
	slices.SortFunc(all, func(a, b UnmappedSum) int {
		return cmp.Or(b.Purchases-a.Purchases, cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Product, b.Product))
	})
	return all, nil
}
