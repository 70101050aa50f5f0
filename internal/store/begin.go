package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
)

// begin passes the gate, takes the member's lock and what waits for it, and
// recalls the member, as far as it gets. Of the address, if there is one and it is
// free, it takes the lock along.
//
//	KEYS gate, pace, spare, held, lock, inbox, waiting, member [, address lock, hash of addresses]
//	ARGV of pass, token, ttl, name, until [, field of the address]
//	returns the passage, 1 if the lock is taken, the entry, the memory, the address; of
//	an address that is not locked 0
var begin = redis.NewScript(luaPass + `
local passage = pass(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
if passage[1] == 0 or redis.call('exists', KEYS[5]) == 1 then return {passage, 0, {}, false} end
local entry = redis.call('hgetall', KEYS[6])
if #entry == 0 then return {passage, 1, entry, false} end
redis.call('set', KEYS[5], ARGV[6], 'PX', ARGV[7])
redis.call('hset', KEYS[6], 'wait', 'running', 'due', ARGV[9])
redis.call('persist', KEYS[6])
redis.call('zadd', KEYS[7], ARGV[9], ARGV[8])
local address = 0
if KEYS[9] and redis.call('exists', KEYS[9]) == 0 then
  redis.call('set', KEYS[9], ARGV[6], 'PX', ARGV[7])
  address = redis.call('hget', KEYS[10], ARGV[10])
end
return {passage, 1, entry, redis.call('get', KEYS[8]), address}`)

// Begun is how far a job of a member got.
type Begun struct {
	Gate  Gate
	Slot  time.Duration // until the slot that was taken for the job; see Pass
	Busy  bool          // another worker has the member
	Found bool          // something waits for the member: Lease and Taken are set
	Lease *Lease
	Taken Taken
}

// Begin does what precedes every job of a member, in one round trip: it passes
// the site's gate as Pass does, takes the member's lock for at most ttl, and
// takes what waits for the member and what is remembered of it. The sweeper
// leaves the entry alone for as long. address, an AddressName or "", is what the
// job will probably touch: LockAddresses need not go to Redis for it again.
func (s *Store) Begin(ctx context.Context, site, id, address string, p Pace, ttl time.Duration) (Begun, error) {
	now := s.now()
	lease := &Lease{keys: []string{memberLock(site, id)}, token: rand.Text(), store: s}
	keys, args := s.passing(site, p)
	keys = append(keys, lease.keys[0], inboxKey(site, id), waitingKey, memberKey(site, id))
	args = append(args, lease.token, ttl.Milliseconds(), waitingName(site, id), now.Add(ttl).UnixMilli())
	if len(address) == nameLength {
		hash, field := addressOfHash(site, address)
		keys, args = append(keys, addressLockOf(site, address), hash), append(args, field)
	}
	reply, err := begin.Run(ctx, s.redis, keys, args...).Slice()
	if err != nil {
		return Begun{}, fmt.Errorf("beginning a job: %w", err)
	}
	passage, _ := reply[0].([]any)
	var b Begun
	b.Gate, b.Slot = s.passage(passage)
	if !b.Gate.Open || b.Gate.Held > 0 || b.Slot > 0 {
		return b, nil
	}
	locked, _ := reply[1].(int64)
	b.Busy = locked == 0
	if entry, _ := reply[2].([]any); len(entry) > 0 {
		b.Found, b.Lease = true, lease
		b.Taken, err = readTaken(id, entry, reply[3])
		if _, not := reply[4].(int64); !not {
			record, _ := reply[4].(string)
			lease.first(addressLockOf(site, address), record, now)
		}
	}
	return b, err
}

func readTaken(id string, entry []any, memory any) (Taken, error) {
	t := Taken{Entry: member.Entry{ID: id, Known: map[string]member.Stamped{}}}
	for i := 0; i+1 < len(entry); i += 2 {
		field, _ := entry[i].(string)
		value, _ := entry[i+1].(string)
		t.read(field, value)
	}
	raw, known := memory.(string)
	if !known {
		return t, nil
	}
	var err error
	if t.Memory, err = member.MemoryOf([]byte(raw)); err != nil {
		return t, fmt.Errorf("recalling a member: %w", err)
	}
	return t, nil
}

// finish saves a case, and unless an event came since it was taken, clears the
// inbox and gives the locks back.
//
//	KEYS of luaSave, inbox, waiting, arrived, locks …   ARGV of luaSave, name, version
//	returns -1 if the lease is lost, 0 if a newer event came, else 1
var finish = redis.NewScript(luaSave + `
if not save() then return -1 end
local after = 4 + tonumber(ARGV[4])
if redis.call('hget', KEYS[after + 1], 'version') ~= ARGV[#ARGV] then return 0 end
redis.call('del', KEYS[after + 1])
redis.call('zrem', KEYS[after + 2], ARGV[#ARGV - 1])
redis.call('zrem', KEYS[after + 3], ARGV[#ARGV - 1])
for i = after + 4, #KEYS do
  if redis.call('get', KEYS[i]) == ARGV[1] then redis.call('del', KEYS[i]) end
end
return 1`)

// Finish saves a case that has ended and removes the entry that was taken for
// it, and the lease, in one step. It reports false, and keeps entry and lease, if
// a newer event has come meanwhile. ErrLeaseLost: nothing was kept.
func (s *Store) Finish(ctx context.Context, site string, c *member.Case, lease *Lease, version string) (bool, error) {
	keys, args := saved(site, c, lease)
	keys = append(append(keys, inboxKey(site, c.ID), waitingKey, arrivedKey), lease.keys...)
	done, err := finish.Run(ctx, s.redis, keys, append(args, waitingName(site, c.ID), version)...).Int()
	switch {
	case err != nil:
		return false, fmt.Errorf("finishing a job: %w", err)
	case done < 0:
		return false, ErrLeaseLost
	case done == 1:
		lease.keys = nil
	}
	return done == 1, nil
}
