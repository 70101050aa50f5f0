package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/payment"
)

const (
	// endedFor is how long an entitlement that is over is remembered after its last
	// change: longer than any provider allows a refund or a dispute.
	endedFor = 2 * 365 * 24 * time.Hour
	// aliasFor is how long an id of a payment leads to its entitlement: for a refund or
	// a dispute of that payment.
	aliasFor = endedFor
)

// Version is a state of an entitlement in the ledger: it changes with every save,
// and never comes again. The empty one is that of an entitlement that is not there.
type Version string

// Versioned is an entitlement as the ledger has it.
type Versioned struct {
	Entitlement payment.Entitlement
	Version     Version
}

// Holder is whose entitlements are looked for.
type Holder string

// HolderMember is a member: the one that the entitlement is linked to, or that the
// purchase names.
func HolderMember(id string) Holder { return Holder("m:" + id) }

// HolderAddress is an address: the one that the purchase names, or the payer's.
func HolderAddress(email string) Holder { return Holder("a:" + addressHash(email)) }

// HolderCustomer is a customer by the provider's id.
func HolderCustomer(provider, id string) Holder {
	return Holder("c:" + provider + ":" + idHash(id))
}

func holdersOf(e payment.Entitlement) (all []string) {
	if id := e.MemberID(); id != "" {
		all = append(all, string(HolderMember(id)))
	}
	for _, email := range []string{e.Customer.MemberEmail, e.Customer.Email} {
		if email != "" {
			all = append(all, string(HolderAddress(email)))
		}
	}
	if e.Customer.ID != "" {
		all = append(all, string(HolderCustomer(e.Provider, e.Customer.ID)))
	}
	return all
}

// saveEntitlement keeps an entitlement with everything that leads to it, unless it
// has changed meanwhile, and pushes jobs.
//
//	KEYS entitlement, entitlements, due, aliases …
//	ARGV was, version, json, id, state, holders, ttl, due, name, alias ttl, standing prefix, holder prefix,
//	     then of each job: queue, job, channel
//	returns 1, or 0 if it has changed
var saveEntitlement = redis.NewScript(`
local had = redis.call('hmget', KEYS[1], 'version', 'state', 'holders')
if (had[1] or '') ~= ARGV[1] then return 0 end
local id = ARGV[4]
local number = redis.call('zscore', KEYS[2], id)
if not number then
  local last = redis.call('zrange', KEYS[2], -1, -1, 'withscores')
  number = tonumber(last[2] or 0) + 1
  redis.call('zadd', KEYS[2], number, id)
end
if had[2] and had[2] ~= ARGV[5] then redis.call('zrem', ARGV[11] .. had[2], id) end
redis.call('zadd', ARGV[11] .. ARGV[5], number, id)
for holder in string.gmatch(had[3] or '', '%S+') do
  if not string.find(' ' .. ARGV[6] .. ' ', ' ' .. holder .. ' ', 1, true) then redis.call('srem', ARGV[12] .. holder, id) end
end
for holder in string.gmatch(ARGV[6], '%S+') do redis.call('sadd', ARGV[12] .. holder, id) end
for i = 4, #KEYS do
  redis.call('sadd', KEYS[i], id)
  redis.call('pexpire', KEYS[i], ARGV[10])
end
redis.call('hset', KEYS[1], 'version', ARGV[2], 'json', ARGV[3], 'state', ARGV[5], 'holders', ARGV[6])
if ARGV[7] == '0' then redis.call('persist', KEYS[1]) else redis.call('pexpire', KEYS[1], ARGV[7]) end
if ARGV[8] == '' then redis.call('zrem', KEYS[3], ARGV[9]) else redis.call('zadd', KEYS[3], ARGV[8], ARGV[9]) end
for i = 13, #ARGV, 3 do
  redis.call('lpush', ARGV[i], ARGV[i + 1])
  redis.call('publish', ARGV[i + 2], '1')
end
return 1`)

// SaveEntitlement keeps an entitlement, if the ledger still has the version that it
// was made from, with its aliases, its holders, its state and its timer (Due), and
// pushes jobs, all in one step. saved is false if it has changed meanwhile: read it
// again. The version returned is that of what was saved.
//
// Who saves an entitlement of a new purchase looks for orphans of its aliases and
// for a contact of its customer after that, not before: what comes later finds it.
func (s *Store) SaveEntitlement(
	ctx context.Context, e payment.Entitlement, was Version, push ...Job,
) (is Version, saved bool, err error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return was, false, fmt.Errorf("keeping an entitlement: %w", err)
	}
	state, ttl, due := string(e.Outcome.State), int64(0), ""
	switch e.Outcome.State {
	case "":
		state = string(payment.StatePending)
	case payment.StateRevoked:
		ttl = endedFor.Milliseconds()
	}
	if !e.Due.IsZero() {
		due = millis(e.Due)
	}
	is = Version(rand.Text())
	keys := []string{entitlementKey(e.Site, e.ID), entitlementsKey(e.Site), dueKey}
	for _, alias := range e.Aliases {
		keys = append(keys, aliasKey(e.Site, e.Provider, alias))
	}
	args := []any{
		string(was), string(is), raw, e.ID, state, strings.Join(holdersOf(e), " "), ttl, due, waitingName(e.Site, e.ID),
		aliasFor.Milliseconds(), standingKey(e.Site, ""), holderKey(e.Site, ""),
	}
	for _, job := range push {
		args = append(args, job.QueueKey, job.Raw, job.WakeChannel)
	}
	n, err := saveEntitlement.Run(ctx, s.redis, keys, args...).Int()
	if err != nil {
		return was, false, fmt.Errorf("keeping an entitlement: %w", err)
	}
	if n == 0 {
		return was, false, nil
	}
	return is, true, nil
}

// Entitlement reads one; found is false, and its version empty, if there is none.
func (s *Store) Entitlement(ctx context.Context, site, id string) (v Versioned, found bool, err error) {
	kept, err := s.redis.HMGet(ctx, entitlementKey(site, id), "json", "version").Result()
	if err != nil {
		return v, false, fmt.Errorf("reading an entitlement: %w", err)
	}
	return versionedOf(kept)
}

func versionedOf(kept []any) (v Versioned, found bool, err error) {
	raw, found := kept[0].(string)
	if !found {
		return v, false, nil
	}
	version, _ := kept[1].(string)
	v.Version = Version(version)
	if err := json.Unmarshal([]byte(raw), &v.Entitlement); err != nil {
		return v, false, fmt.Errorf("reading an entitlement: %w", err)
	}
	return v, true, nil
}
