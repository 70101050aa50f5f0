package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Lease is a set of locks held by one worker for a bounded time.
type Lease struct {
	keys  []string
	token string
	store *Store

	// ahead is what Begin took of one address before it was asked for.
	ahead struct {
		lock   string
		record string // "": nothing is known of it
		at     time.Time
	}
}

// first counts the lock of an address in that was taken along with the member's.
func (l *Lease) first(lock, record string, at time.Time) {
	l.keys = append(l.keys, lock)
	l.ahead.lock, l.ahead.record, l.ahead.at = lock, record, at
}

// stillFresh is how long what Begin took may be used as if it were new.
const stillFresh = 2 * time.Second

// hasOnly says whether Begin took just these addresses, a moment ago.
func (l *Lease) hasOnly(site string, emails []string) bool {
	return len(emails) == 1 && addressLock(site, emails[0]) == l.ahead.lock && l.store.now().Sub(l.ahead.at) < stillFresh
}

// acquire takes all locks or none. Of a lease that is to grow, the first lock must
// still be held: what was read under it may have changed since it ended. Where one is
// another's, those behind the first are given back that the lease has: two members
// that exchange their addresses would else wait for each other, again and again.
//
//	KEYS locks …   ARGV token, ttl, 1 to grow
var acquire = redis.NewScript(`
local function no()
  for i = 2, #KEYS do
    if redis.call('get', KEYS[i]) == ARGV[1] then redis.call('del', KEYS[i]) end
  end
  return 0
end
if ARGV[3] == '1' and redis.call('get', KEYS[1]) ~= ARGV[1] then return no() end
for _, key in ipairs(KEYS) do
  local holder = redis.call('get', key)
  if holder and holder ~= ARGV[1] then return no() end
end
for _, key in ipairs(KEYS) do redis.call('set', key, ARGV[1], 'PX', ARGV[2]) end
return 1`)

var surrender = redis.NewScript(`
for _, key in ipairs(KEYS) do
  if redis.call('get', key) == ARGV[1] then redis.call('del', key) end
end
return 1`)

// Lock takes the lock of a member for at most ttl; ok is false while another
// holds it.
func (s *Store) Lock(ctx context.Context, site, id string, ttl time.Duration) (l *Lease, ok bool, err error) {
	l = &Lease{keys: []string{memberLock(site, id)}, token: rand.Text(), store: s}
	n, err := acquire.Run(ctx, s.redis, l.keys, l.token, ttl.Milliseconds(), "0").Int()
	if err != nil {
		return l, false, fmt.Errorf("taking a lock: %w", err)
	}
	return l, n == 1, nil
}

// LockAddresses adds the locks of addresses to the lease, all or none, renews
// it, and returns what is remembered of the addresses, by their AddressKey, in
// one round trip at most. ok is false if another holds one of them, or the lease is
// lost; it has no address then.
func (l *Lease) LockAddresses(
	ctx context.Context, site string, emails []string, ttl time.Duration,
) (known map[string]member.Address, ok bool, err error) {
	known = make(map[string]member.Address, len(emails))
	if l.hasOnly(site, emails) {
		return known, true, readAddress(l.ahead.record, emails[0], known)
	}
	keys := slices.Clone(l.keys)
	for _, email := range emails {
		if lock := addressLock(site, email); !slices.Contains(keys, lock) {
			keys = append(keys, lock)
		}
	}
	pipe := l.store.redis.Pipeline()
	locked := acquire.Eval(ctx, pipe, keys, l.token, ttl.Milliseconds(), "1")
	remembered := askAddresses(ctx, pipe, site, emails)
	_, _ = pipe.Exec(ctx) // each answer has its own error
	n, err := locked.Int()
	if err != nil {
		return nil, false, fmt.Errorf("taking locks: %w", err)
	}
	if n == 0 {
		l.keys, l.ahead.lock = l.keys[:1], ""
		return nil, false, nil
	}
	l.keys = keys
	err = readAddresses(remembered, emails, known)
	return known, err == nil, err
}

// Unlock gives the locks back. Locks that are not given back end by themselves.
func (l *Lease) Unlock(ctx context.Context) error {
	if len(l.keys) == 0 {
		return nil
	}
	if err := surrender.Run(ctx, l.store.redis, l.keys, l.token).Err(); err != nil {
		return fmt.Errorf("giving locks back: %w", err)
	}
	return nil
}
