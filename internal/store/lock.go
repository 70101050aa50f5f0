package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Lease is a set of locks held by one worker for a bounded time.
type Lease struct {
	keys  []string
	token string
	store *Store
}

// acquire takes all locks or none. Of a lease that is to grow, the first lock must
// still be held: what was read under it may have changed since it ended.
//
//	KEYS locks …   ARGV token, ttl, 1 to grow
var acquire = redis.NewScript(`
if ARGV[3] == '1' and redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
for _, key in ipairs(KEYS) do
  local holder = redis.call('get', key)
  if holder and holder ~= ARGV[1] then return 0 end
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
	ok, err = l.acquire(ctx, ttl, "0")
	return l, ok, err
}

// LockAddresses adds the locks of addresses to the lease, all or none, and
// renews it. It reports false if another holds one of them, or the lease is lost.
func (l *Lease) LockAddresses(ctx context.Context, site string, emails []string, ttl time.Duration) (ok bool, err error) {
	wider := &Lease{keys: l.keys[:1:1], token: l.token, store: l.store}
	for _, email := range emails {
		wider.keys = append(wider.keys, addressLock(site, email))
	}
	ok, err = wider.acquire(ctx, ttl, "1")
	if ok {
		l.keys = wider.keys
	}
	return ok, err
}

func (l *Lease) acquire(ctx context.Context, ttl time.Duration, grow string) (bool, error) {
	n, err := acquire.Run(ctx, l.store.redis, l.keys, l.token, ttl.Milliseconds(), grow).Int()
	if err != nil {
		return false, fmt.Errorf("taking locks: %w", err)
	}
	return n == 1, nil
}

// Unlock gives the locks back. Locks that are not given back end by themselves.
func (l *Lease) Unlock(ctx context.Context) error {
	if err := surrender.Run(ctx, l.store.redis, l.keys, l.token).Err(); err != nil {
		return fmt.Errorf("giving locks back: %w", err)
	}
	return nil
}
