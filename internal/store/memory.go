package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
)

// deletedFor is how long a deleted member is remembered: longer than any retry
// or dead letter could bring an old event back.
const deletedFor = 90 * 24 * time.Hour

// ErrLeaseLost says that a lock ended before the work under it: another worker
// may be at it, so nothing more may be written.
var ErrLeaseLost = errors.New("the lease of the lock ended before its work")

// memoryOf reads the answer to a GET of a member, which may not be known.
func memoryOf(answer *redis.StringCmd) (m member.Memory, err error) {
	raw, err := answer.Bytes()
	if errors.Is(err, redis.Nil) {
		return m, nil
	}
	if err == nil {
		m, err = member.MemoryOf(raw)
	}
	if err != nil {
		return member.Memory{}, fmt.Errorf("recalling a member: %w", err)
	}
	return m, nil
}

// askAddresses asks for what is remembered of addresses.
func askAddresses(ctx context.Context, to redis.Pipeliner, site string, emails []string) []*redis.StringCmd {
	answers := make([]*redis.StringCmd, len(emails))
	for i, email := range emails {
		key, field := addressAt(site, email)
		answers[i] = to.HGet(ctx, key, field)
	}
	return answers
}

// readAddresses reads the answers to askAddresses, by the addresses' AddressKey.
// Those of which nothing is known are left out.
func readAddresses(answers []*redis.StringCmd, emails []string, into map[string]member.Address) error {
	for i, answer := range answers {
		record, err := answer.Result()
		if err == nil {
			err = readAddress(record, emails[i], into)
		}
		if err != nil && !errors.Is(err, redis.Nil) {
			return fmt.Errorf("recalling an address: %w", err)
		}
	}
	return nil
}

// readAddress reads what is remembered of an address; of "" it is nothing.
func readAddress(record, email string, into map[string]member.Address) error {
	if record == "" {
		return nil
	}
	a, err := member.AddressOf([]byte(record))
	if err == nil {
		into[member.AddressKey(email)] = a
	}
	return err
}

// luaKeep writes an address, or forgets it if nothing is known of it.
const luaKeep = `
local function keep(key, field, record)
  if record == '' then redis.call('hdel', key, field) else redis.call('hset', key, field, record) end
end
`

// luaSave writes a member and its addresses if the lease still holds; else it
// returns false. A run of the full sync learns of the member (see touchedKey).
//
//	KEYS lock, members, touched, member, hashes of addresses …
//	ARGV token, ttl, memory, n addresses, id, then of each address: field, record
const luaSave = luaKeep + `
local function save()
  if redis.call('get', KEYS[1]) ~= ARGV[1] then return false end
  if redis.call('exists', KEYS[4]) == 0 then redis.call('incr', KEYS[2]) end
  redis.call('set', KEYS[4], ARGV[3])
  if ARGV[2] ~= '0' then redis.call('pexpire', KEYS[4], ARGV[2]) end
  if redis.call('exists', KEYS[3]) == 1 then redis.call('sadd', KEYS[3], ARGV[5]) end
  for i = 1, tonumber(ARGV[4]) do keep(KEYS[4 + i], ARGV[4 + 2 * i], ARGV[5 + 2 * i]) end
  return true
end
`

// saved is what luaSave needs of a case; more keys and arguments may follow.
func saved(site string, c *member.Case, lease *Lease) (keys []string, args []any) {
	keys = []string{lease.keys[0], membersKey(site), touchedKey(site), memberKey(site, c.ID)}
	args = []any{lease.token, ttlOf(c), c.Memory.Record(), len(c.Addresses), c.ID}
	return withAddresses(site, c, keys, args)
}

// ttlOf is how many milliseconds a member's memory lasts; 0 is for ever.
func ttlOf(c *member.Case) int64 {
	if c.Memory.DeletedAt != 0 {
		return deletedFor.Milliseconds()
	}
	return 0
}

// withAddresses adds what a script needs to keep the case's addresses.
func withAddresses(site string, c *member.Case, keys []string, args []any) ([]string, []any) {
	for _, email := range slices.Sorted(maps.Keys(c.Addresses)) {
		key, field := addressAt(site, email)
		a := c.Addresses[email]
		keys, args = append(keys, key), append(args, field, a.Record())
	}
	return keys, args
}

var save = redis.NewScript(luaSave + `return save() and 1 or 0`)

// Save keeps a case's memory and addresses, all or nothing, under the lease
// that was taken for them. ErrLeaseLost: nothing was kept.
func (s *Store) Save(ctx context.Context, site string, c *member.Case, lease *Lease) error {
	keys, args := saved(site, c, lease)
	kept, err := save.Run(ctx, s.redis, keys, args...).Int()
	if err != nil {
		return fmt.Errorf("keeping a member: %w", err)
	}
	if kept == 0 {
		return ErrLeaseLost
	}
	return nil
}

// prepare saves a case and reserves a slot.
//
//	KEYS of luaSave, pace, spare   ARGV of luaSave, interval, burst
//	returns how long to wait for the slot, or -1 if the lease is lost
var prepare = redis.NewScript(luaSave + luaReserve + `
if not save() then return -1 end
return reserve(KEYS[#KEYS - 1], KEYS[#KEYS], tonumber(ARGV[#ARGV - 1]), tonumber(ARGV[#ARGV]))`)

// Prepare does Save and Reserve in one step, for a write that is about to be
// sent: it returns how long to wait for its slot. ErrLeaseLost: nothing was kept,
// and no slot taken.
func (s *Store) Prepare(ctx context.Context, site string, c *member.Case, lease *Lease, p Pace) (time.Duration, error) {
	keys, args := saved(site, c, lease)
	keys, args = append(keys, paceKey(site), spareKey(site)), append(args, p.interval(), p.Burst)
	wait, err := prepare.Run(ctx, s.redis, keys, args...).Int64()
	if err != nil {
		return 0, fmt.Errorf("keeping a member and reserving a slot: %w", err)
	}
	if wait < 0 {
		return 0, ErrLeaseLost
	}
	return time.Duration(wait) * time.Microsecond, nil
}
