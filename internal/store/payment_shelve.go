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

// refusedFor is how long it is told of a delivery that it was refused: longer than
// another job for it lives.
const refusedFor = 10 * time.Minute

// RefuseDelivery says that the delivery was refused. It is no longer known, so that it
// is taken when it comes from quarantine, or when its provider sends it again. Of its
// body nothing is kept: strangers can have as much refused as they like.
func (s *Store) RefuseDelivery(ctx context.Context, d PaymentDelivery, reason string) error {
	meta, err := json.Marshal(PaymentDelivery{Provider: d.Provider, ReceivedAt: d.ReceivedAt, Reason: reason})
	if err != nil {
		return fmt.Errorf("refusing a payment delivery: %w", err)
	}
	key, pipe := paymentDeliveryKey(d.Site, d.ID), s.redis.TxPipeline()
	pipe.Del(ctx, deliveredKey(d.Site, d.ID), key)
	pipe.HSet(ctx, key, "meta", meta)
	pipe.PExpire(ctx, key, refusedFor)
	pipe.ZRem(ctx, deliveriesKey, waitingName(d.Site, d.ID))
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("refusing a payment delivery: %w", err)
	}
	return nil
}

// unprovenFor is the time over which it is counted what only its provider can verify.
const unprovenFor = time.Hour

// countUnproven   KEYS unproven   ARGV ttl
var countUnproven = redis.NewScript(`
local n = redis.call('incr', KEYS[1])
if n == 1 then redis.call('pexpire', KEYS[1], ARGV[1]) end
return n`)

// CountUnproven counts a delivery that anybody may have sent, and says how many came
// to the site from its network in an hour.
func (s *Store) CountUnproven(ctx context.Context, d PaymentDelivery) (int64, error) {
	n, err := countUnproven.Run(ctx, s.redis, []string{unprovenKey(d.Site, d.Network)}, unprovenFor.Milliseconds()).Int64()
	if err != nil {
		return 0, fmt.Errorf("counting unproven deliveries: %w", err)
	}
	return n, nil
}
