package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Hook is a webhook that ghostcm registered in the Ghost of a site. Ghost shows
// nobody its webhooks, so that the id is all there is to change one by.
type Hook struct {
	ID  string `json:"id"`
	URL string `json:"url"`
	// Digest is of the secret, to see later that another is configured.
	Digest string    `json:"digest"`
	At     time.Time `json:"at"`
}

// Hooks returns the webhooks that were registered for a site, by event.
func (s *Store) Hooks(ctx context.Context, site string) (map[string]Hook, error) {
	stored, err := s.redis.HGetAll(ctx, hooksKey(site)).Result()
	if err != nil {
		return nil, fmt.Errorf("recalling the webhooks of a site: %w", err)
	}
	hooks := make(map[string]Hook, len(stored))
	for event, raw := range stored {
		var h Hook
		if json.Unmarshal([]byte(raw), &h) == nil && h.ID != "" {
			hooks[event] = h
		}
	}
	return hooks, nil
}

// KeepHook remembers the webhook of an event, without end.
func (s *Store) KeepHook(ctx context.Context, site, event string, h Hook) error {
	raw, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("remembering a webhook: %w", err)
	}
	if err := s.redis.HSet(ctx, hooksKey(site), event, raw).Err(); err != nil {
		return fmt.Errorf("remembering a webhook: %w", err)
	}
	return nil
}

// ForgetHook forgets the webhook of an event, which Ghost no longer has.
func (s *Store) ForgetHook(ctx context.Context, site, event string) error {
	if err := s.redis.HDel(ctx, hooksKey(site), event).Err(); err != nil {
		return fmt.Errorf("forgetting a webhook: %w", err)
	}
	return nil
}

func hooksKey(site string) string { return namespace + "hooks:" + site }
