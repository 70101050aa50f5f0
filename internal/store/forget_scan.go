package store

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// findByScan finds what names the person inside, under keys that say nothing: it
// looks at every key of the site that may.
func (s *Store) findByScan(ctx context.Context, e Erasure, f *finds) error {
	for _, kind := range []struct {
		name, pattern string
		find          func(context.Context, Erasure, *finds, string, []string) error
	}{
		{"customers", namespace + "contact:" + e.Site + ":*", s.findInHashes},
		{"payments_without_purchase", namespace + "orphan:" + e.Site + ":*", s.findInHashes},
		{"deliveries", namespace + "delivery:" + e.Site + ":*", s.findInHashes},
		{"quarantined", namespace + "quarantined:" + e.Site + ":*", s.findInHashes},
		{"plans", namespace + "task:*", s.findInTexts},
		{"checkpoints", checkpointKey(e.Site), s.findInTexts},
	} {
		err := s.scan(ctx, kind.pattern, func(keys []string) error { return kind.find(ctx, e, f, kind.name, keys) })
		if err != nil {
			return err
		}
	}
	return nil
}

// inHashes is how many hashes are read at once: each may hold a body of 1 MiB.
const inHashes = 20

func (s *Store) findInHashes(ctx context.Context, e Erasure, f *finds, kind string, keys []string) error {
	for part := range slices.Chunk(keys, inHashes) {
		pipe := s.redis.Pipeline()
		answers := make([]*redis.MapStringStringCmd, len(part))
		for i, key := range part {
			answers[i] = pipe.HGetAll(ctx, key)
		}
		_, _ = pipe.Exec(ctx) // each answer has its own error
		for i, answer := range answers {
			values, err := answer.Result()
			if err != nil {
				return err
			}
			for _, value := range values {
				if e.Names(value, f.names) {
					f.found(e.Site, kind, part[i])
					break
				}
			}
		}
	}
	return nil
}

func (s *Store) findInTexts(ctx context.Context, e Erasure, f *finds, kind string, keys []string) error {
	values, err := s.redis.MGet(ctx, keys...).Result()
	if err != nil {
		return err
	}
	for i, value := range values {
		if text, is := value.(string); is && e.Names(text, f.names) {
			f.key(kind, keys[i])
		}
	}
	return nil
}

// found takes a hash, and what leads to it.
func (f *finds) found(site, kind, key string) {
	f.key(kind, key)
	if id, is := strings.CutPrefix(key, paymentDeliveryKey(site, "")); is {
		f.Deliveries = append(f.Deliveries, id)
		f.ranked[deliveriesKey] = append(f.ranked[deliveriesKey], waitingName(site, id))
	}
	if rest, is := strings.CutPrefix(key, namespace+"quarantined:"+site+":"); is {
		provider, id, _ := strings.Cut(rest, ":")
		f.quarantined = append(f.quarantined, quarantined{provider, id})
	}
}

// quarantined names a delivery that failed verification.
type quarantined struct{ provider, id string }

// dropQuarantine takes deliveries out of quarantine: their index names them with
// their sizes.
func (s *Store) dropQuarantine(ctx context.Context, e Erasure, f *finds) error {
	for _, q := range f.quarantined {
		if err := s.DropQuarantined(ctx, e.Site, q.provider, q.id); err != nil {
			return err
		}
	}
	return nil
}
