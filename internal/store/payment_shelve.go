package store

import (
	"context"
	"fmt"
	"time"
)

// ShelveDelivery says that the delivery's job is a dead letter: nobody else does it,
// and its body is kept for as long as the letter, for a replay.
func (s *Store) ShelveDelivery(ctx context.Context, site, id string, keep time.Duration) error {
	pipe := s.redis.TxPipeline()
	pipe.PExpire(ctx, paymentDeliveryKey(site, id), max(keep, bodyFor))
	pipe.ZRem(ctx, deliveriesKey, waitingName(site, id))
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("shelving a payment delivery: %w", err)
	}
	return nil
}
