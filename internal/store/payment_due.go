package store

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// ClaimDue returns up to limit entitlements that are to be looked at by now, the
// longest due first, for a job each. They are due again at the given time, so that a
// job that is lost comes again; nobody else gets them until then.
func (s *Store) ClaimDue(ctx context.Context, until time.Time, limit int) ([]Ref, error) {
	refs, err := s.claim(ctx, dueKey, s.now(), until, limit)
	if err != nil {
		return nil, fmt.Errorf("claiming due entitlements: %w", err)
	}
	return refs, nil
}

// SetDue has an entitlement looked at at the given time; zero: not until an event
// comes. The next save of the entitlement sets its own time.
func (s *Store) SetDue(ctx context.Context, site, id string, at time.Time) error {
	var err error
	if at.IsZero() {
		err = s.redis.ZRem(ctx, dueKey, waitingName(site, id)).Err()
	} else {
		err = s.redis.ZAdd(ctx, dueKey, redis.Z{Score: float64(at.UnixMilli()), Member: waitingName(site, id)}).Err()
	}
	if err != nil {
		return fmt.Errorf("setting a timer: %w", err)
	}
	return nil
}
