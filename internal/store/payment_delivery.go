package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// deliveredFor is how long a payment provider's event is known again: longer than
	// any of them repeats one.
	deliveredFor = 90 * 24 * time.Hour
	// bodyFor is how long its body is kept once it is in the ledger.
	bodyFor = 30 * 24 * time.Hour
)

// PaymentDelivery is what a payment provider sent, as it came.
type PaymentDelivery struct {
	ID       string `json:"-"` // PaymentDeliveryID
	Site     string `json:"-"`
	Provider string `json:"provider"`
	Body     []byte `json:"-"`
	// Header is what verification needs, and nothing else, by canonical name.
	Header      map[string]string `json:"header,omitempty"`
	ContentType string            `json:"content_type,omitempty"`
	ReceivedAt  time.Time         `json:"received_at"`
	Source      Source            `json:"source"`
	// Network is from where it came, as a word that tells networks apart and names
	// none; "" is unknown.
	Network string `json:"network,omitempty"`
	// Unproven says that only the provider can tell whether it made the delivery, and
	// was not asked yet.
	Unproven bool `json:"unproven,omitempty"`
	// Reason is why it was quarantined.
	Reason string `json:"reason,omitempty"`
}

// Source is how a delivery came to us.
type Source string

// The sources.
const (
	FromWebhook    Source = "webhook"
	FromBackfill   Source = "backfill"
	FromQuarantine Source = "quarantine"
	FromTest       Source = "test" // ghostcm payments test
)

// PaymentDeliveryID names a delivery by its provider and what the provider calls
// its event; where it has no id, by the body.
func PaymentDeliveryID(provider, eventID string) string {
	sum := sha256.Sum256([]byte(provider + "\n" + eventID))
	return hex.EncodeToString(sum[:16])
}

// acceptPayment keeps a delivery and pushes the job that takes it into the ledger.
//
//	KEYS delivered, delivery, waiting, queue   ARGV now, ttl, name, body, meta, job, channel
//	returns 1, or 0 if it is known
var acceptPayment = redis.NewScript(`
if not redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
redis.call('hset', KEYS[2], 'body', ARGV[4], 'meta', ARGV[5])
redis.call('persist', KEYS[2])
redis.call('zadd', KEYS[3], ARGV[1], ARGV[3])
redis.call('lpush', KEYS[4], ARGV[6])
redis.call('publish', ARGV[7], '1')
return 1`)

// AcceptDelivery keeps a delivery and pushes the job for it, all in one step: once
// it returns, both are in Redis. fresh is false for one that was accepted within the
// last 90 days; then nothing is kept or pushed.
func (s *Store) AcceptDelivery(ctx context.Context, d PaymentDelivery, job Job) (fresh bool, err error) {
	meta, err := json.Marshal(d)
	if err != nil {
		return false, fmt.Errorf("keeping a payment delivery: %w", err)
	}
	keys := []string{deliveredKey(d.Site, d.ID), paymentDeliveryKey(d.Site, d.ID), deliveriesKey, job.QueueKey}
	n, err := acceptPayment.Run(ctx, s.redis, keys, s.nowMillis(), deliveredFor.Milliseconds(),
		waitingName(d.Site, d.ID), d.Body, meta, job.Raw, job.WakeChannel).Int()
	if err != nil {
		return false, fmt.Errorf("keeping a payment delivery: %w", err)
	}
	return n == 1, nil
}

// Delivery returns a delivery that was accepted; found is false once it is gone.
func (s *Store) Delivery(ctx context.Context, site, id string) (d PaymentDelivery, found bool, err error) {
	kept, err := s.redis.HMGet(ctx, paymentDeliveryKey(site, id), "body", "meta").Result()
	if err != nil {
		return d, false, fmt.Errorf("reading a payment delivery: %w", err)
	}
	return paymentDeliveryOf(site, id, kept)
}

func paymentDeliveryOf(site, id string, kept []any) (d PaymentDelivery, found bool, err error) {
	body, _ := kept[0].(string)
	meta, found := kept[1].(string)
	if !found {
		return d, false, nil
	}
	if err := json.Unmarshal([]byte(meta), &d); err != nil {
		return d, false, fmt.Errorf("reading a payment delivery: %w", err)
	}
	d.Site, d.ID, d.Body = site, id, []byte(body)
	return d, true, nil
}

// FinishDelivery says that the ledger has the delivery. Its body goes after 30
// days; until then it can be looked at.
func (s *Store) FinishDelivery(ctx context.Context, site, id string) error {
	pipe := s.redis.Pipeline() // should the second never come, the delivery is taken into the ledger again
	pipe.PExpire(ctx, paymentDeliveryKey(site, id), bodyFor)
	pipe.ZRem(ctx, deliveriesKey, waitingName(site, id))
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("finishing a payment delivery: %w", err)
	}
	return nil
}

// claim takes the names that are due and makes them due again later.
//
//	KEYS zset   ARGV before, until, limit
var claim = redis.NewScript(`
local names = redis.call('zrangebyscore', KEYS[1], '-inf', ARGV[1], 'limit', 0, ARGV[3])
for _, name in ipairs(names) do redis.call('zadd', KEYS[1], ARGV[2], name) end
return names`)

func (s *Store) claim(ctx context.Context, key string, before, until time.Time, limit int) ([]Ref, error) {
	names, err := claim.Run(ctx, s.redis, []string{key}, before.UnixMilli(), until.UnixMilli(), limit).StringSlice()
	if err != nil {
		return nil, err
	}
	refs := make([]Ref, len(names))
	for i, name := range names {
		refs[i].Site, refs[i].ID, _ = strings.Cut(name, "/")
	}
	return refs, nil
}

// ClaimDeliveries returns up to limit deliveries, the oldest first, that came
// before the given time and are not in the ledger yet, for new jobs: theirs were
// lost, or became dead letters. Nobody else gets them until the other time.
func (s *Store) ClaimDeliveries(ctx context.Context, before, until time.Time, limit int) ([]Ref, error) {
	refs, err := s.claim(ctx, deliveriesKey, before, until, limit)
	if err != nil {
		return nil, fmt.Errorf("claiming payment deliveries: %w", err)
	}
	return refs, nil
}

// DeferDelivery looks after a waiting delivery only at the given time: its job
// waits for a retry, or is a dead letter.
func (s *Store) DeferDelivery(ctx context.Context, site, id string, until time.Time) error {
	later := redis.Z{Score: float64(until.UnixMilli()), Member: waitingName(site, id)}
	if err := s.redis.ZAddXX(ctx, deliveriesKey, later).Err(); err != nil {
		return fmt.Errorf("deferring a payment delivery: %w", err)
	}
	return nil
}

// WaitingDeliveries counts the deliveries that are not in the ledger yet, of all
// sites.
func (s *Store) WaitingDeliveries(ctx context.Context) (int64, error) {
	n, err := s.redis.ZCard(ctx, deliveriesKey).Result()
	if err != nil {
		return 0, fmt.Errorf("counting payment deliveries: %w", err)
	}
	return n, nil
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
