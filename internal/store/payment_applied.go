package store

import (
	"context"
	"fmt"
)

func appliedKey(site string) string { return namespace + "applied:" + site }

// Applied returns which values of a site's settings were applied to what the ledger
// and the quarantine hold, as digests by the names that Apply was given.
func (s *Store) Applied(ctx context.Context, site string) (map[string]string, error) {
	all, err := s.redis.HGetAll(ctx, appliedKey(site)).Result()
	if err != nil {
		return nil, fmt.Errorf("recalling which settings were applied: %w", err)
	}
	return all, nil
}

// Apply remembers that a value of a setting was applied.
func (s *Store) Apply(ctx context.Context, site, setting, digest string) error {
	if err := s.redis.HSet(ctx, appliedKey(site), setting, digest).Err(); err != nil {
		return fmt.Errorf("remembering which settings were applied: %w", err)
	}
	return nil
}
