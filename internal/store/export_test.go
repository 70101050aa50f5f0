package store

import (
	"context"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Memory and Addresses show tests what is remembered, without taking anything.
func (s *Store) Memory(ctx context.Context, site, id string) (member.Memory, error) {
	return memoryOf(s.redis.Get(ctx, memberKey(site, id)))
}

func (s *Store) Addresses(ctx context.Context, site string, emails []string) (map[string]member.Address, error) {
	return s.RecallAddresses(ctx, site, emails)
}
