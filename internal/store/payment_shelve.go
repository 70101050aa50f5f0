package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
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

// ProveDelivery says that its provider was asked about a delivery, and made it: it
// need not be asked again.
func (s *Store) ProveDelivery(ctx context.Context, d PaymentDelivery) error {
	d.Unproven = false
	meta, err := json.Marshal(d)
	if err == nil {
		err = proved.Run(ctx, s.redis, []string{paymentDeliveryKey(d.Site, d.ID)}, meta).Err()
	}
	if err != nil {
		return fmt.Errorf("keeping a payment delivery: %w", err)
	}
	return nil
}

// proved changes what is known of a delivery that is still kept.
//
//	KEYS delivery   ARGV meta
var proved = redis.NewScript(`
if redis.call('exists', KEYS[1]) == 1 then redis.call('hset', KEYS[1], 'meta', ARGV[1]) end
return 1`)
