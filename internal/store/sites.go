package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Glance is what is known of a site beside its gate and its catch-up.
type Glance struct {
	Heard   Heard
	Members int // ever remembered
	Flow    Flow
	// Ahead is how much of the site's pace is taken: the time by which the next free
	// slot lies ahead of now. Held is how long requests are held back.
	Ahead, Held time.Duration
}

// Glances looks at sites, in their order, in two round trips.
func (s *Store) Glances(ctx context.Context, sites []string) ([]Glance, error) {
	if len(sites) == 0 {
		return nil, nil
	}
	all := make([]Glance, len(sites))
	flows, err := s.Flows(ctx, sites)
	if err != nil {
		return nil, err
	}
	pipe := s.redis.Pipeline()
	heard := make([]*redis.MapStringStringCmd, len(sites))
	members, paces := make([]*redis.StringCmd, len(sites)), make([]*redis.StringCmd, len(sites))
	held := make([]*redis.DurationCmd, len(sites))
	at := pipe.Time(ctx)
	for i, site := range sites {
		heard[i], members[i] = pipe.HGetAll(ctx, heardKey(site)), pipe.Get(ctx, membersKey(site))
		paces[i], held[i] = pipe.Get(ctx, paceKey(site)), pipe.PTTL(ctx, heldKey(site))
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("looking at sites: %w", err)
	}
	for i := range sites {
		all[i] = Glance{
			Heard: heardOf(heard[i].Val()), Members: int(number(members[i].Val())), Flow: flows[i],
			Held: max(held[i].Val(), 0),
		}
		if next, err := strconv.ParseFloat(paces[i].Val(), 64); err == nil {
			all[i].Ahead = max(time.UnixMicro(int64(next)).Sub(at.Val()), 0)
		}
	}
	return all, nil
}

// Ping asks Redis for an answer.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.redis.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("asking redis for an answer: %w", err)
	}
	return nil
}
