package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Grant is the access that we mean a member to have in Ghost, kept before it is
// written: a comp that equals it is ours, any other was given by hand.
type Grant struct {
	MemberID string    `json:"-"`
	Tier     string    `json:"tier"` // slug
	TierID   string    `json:"tier_id"`
	ExpiryAt time.Time `json:"expiry_at"`
	At       time.Time `json:"at"` // when it was decided
	// Previous is what Ghost had of us until then: after a crash it may still have it.
	Previous *Comp `json:"previous,omitempty"`
	// Before is the comp given by hand that ours took the place of, to be restored.
	Before    *Comp `json:"before,omitempty"`
	Confirmed bool  `json:"confirmed"`         // it was read back from Ghost
	Revoked   bool  `json:"revoked,omitempty"` // we mean the member to have nothing
}

// Comp is a complimentary tier of a member, as Ghost has it.
type Comp struct {
	TierID   string    `json:"tier_id"`
	ExpiryAt time.Time `json:"expiry_at,omitzero"` // zero: no end
}

// Grant is what we mean a member to have, if we ever gave anything.
func (s *Store) Grant(ctx context.Context, site, memberID string) (g Grant, found bool, err error) {
	raw, err := s.redis.Get(ctx, grantKey(site, memberID)).Bytes()
	if errors.Is(err, redis.Nil) {
		return g, false, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &g)
	}
	if err != nil {
		return Grant{}, false, fmt.Errorf("reading a grant: %w", err)
	}
	g.MemberID = memberID
	return g, true, nil
}

// keepGrant writes a grant, or an empty text to forget it, under a lease.
//
//	KEYS lock, grant   ARGV token, json
var keepGrant = redis.NewScript(`
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('del', KEYS[2]) else redis.call('set', KEYS[2], ARGV[2]) end
return 1`)

// KeepGrant keeps what we mean a member to have, under the lease that its write is
// made under. ErrLeaseLost: nothing was kept, and nothing may be written.
func (s *Store) KeepGrant(ctx context.Context, site string, g Grant, lease *Lease) error {
	raw, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("keeping a grant: %w", err)
	}
	return s.writeGrant(ctx, site, g.MemberID, string(raw), lease)
}

// DropGrant forgets that we gave the member anything, under the same rule.
func (s *Store) DropGrant(ctx context.Context, site, memberID string, lease *Lease) error {
	return s.writeGrant(ctx, site, memberID, "", lease)
}

func (s *Store) writeGrant(ctx context.Context, site, memberID, raw string, lease *Lease) error {
	kept, err := keepGrant.Run(ctx, s.redis, []string{lease.keys[0], grantKey(site, memberID)}, lease.token, raw).Int()
	if err != nil {
		return fmt.Errorf("keeping a grant: %w", err)
	}
	if kept == 0 {
		return ErrLeaseLost
	}
	return nil
}
