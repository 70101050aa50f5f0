package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// keepContact keeps the newest word about a customer.
//
//	KEYS contact   ARGV at, json
var keepContact = redis.NewScript(`
local at = tonumber(redis.call('hget', KEYS[1], 'at') or -1)
if tonumber(ARGV[1]) >= at then redis.call('hset', KEYS[1], 'at', ARGV[1], 'json', ARGV[2]) end
return 1`)

// KeepContact keeps who a provider's customer is, as of the given time; what an
// older event said gives way. Who keeps a contact looks for the customer's
// entitlements (HolderCustomer) after that, not before.
func (s *Store) KeepContact(ctx context.Context, site, provider string, c payment.Customer, at time.Time) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("keeping a customer: %w", err)
	}
	if err := keepContact.Run(ctx, s.redis, []string{contactKey(site, provider, c.ID)}, at.UnixMilli(), raw).Err(); err != nil {
		return fmt.Errorf("keeping a customer: %w", err)
	}
	return nil
}

// Contact is who a provider's customer is, if an event has told, and as of when.
func (s *Store) Contact(
	ctx context.Context, site, provider, customerID string,
) (c payment.Customer, at time.Time, found bool, err error) {
	kept, err := s.redis.HMGet(ctx, contactKey(site, provider, customerID), "json", "at").Result()
	if err != nil {
		return c, at, false, fmt.Errorf("reading a customer: %w", err)
	}
	raw, found := kept[0].(string)
	if !found {
		return c, at, false, nil
	}
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		return c, at, false, fmt.Errorf("reading a customer: %w", err)
	}
	millis, _ := kept[1].(string)
	return c, time.UnixMilli(number(millis)).UTC(), true, nil
}
