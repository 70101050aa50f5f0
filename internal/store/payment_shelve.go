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

// RefuseDelivery says that the delivery is in quarantine. It is no longer known, so
// that it is taken when it comes from there, or when its provider sends it again.
func (s *Store) RefuseDelivery(ctx context.Context, site, id string) error {
	pipe := s.redis.TxPipeline()
	pipe.Del(ctx, deliveredKey(site, id))
	pipe.PExpire(ctx, paymentDeliveryKey(site, id), bodyFor)
	pipe.ZRem(ctx, deliveriesKey, waitingName(site, id))
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("refusing a payment delivery: %w", err)
	}
	return nil
}
