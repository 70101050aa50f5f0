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

// Batch is the locks of many members that are written together. They are the
// same locks as a worker's, so each member still has one writer.
type Batch struct {
	site, token string
	locks       []string
	store       *Store
}

// Claim is a member with the addresses that writing it may touch.
type Claim struct {
	ID     string
	Emails []string
}

// batchSize is how many members one call locks or saves: a member is some six
// commands, so a call holds Redis for about a millisecond.
const batchSize = 100

// lockBatch takes for each claim all of its locks or none. Two claims of one
// address are two writers, so the second gets none.
//
//	KEYS locks of one claim after the other   ARGV token, ttl, n locks of each claim …
//	returns 1 or 0 for each claim, as one text
var lockBatch = redis.NewScript(`
local took, first = {}, 1
for claim = 3, #ARGV do
  local last, free = first + ARGV[claim] - 1, '1'
  for i = first, last do
    if redis.call('exists', KEYS[i]) == 1 then free = '0' break end
  end
  if free == '1' then
    for i = first, last do redis.call('set', KEYS[i], ARGV[1], 'PX', ARGV[2]) end
  end
  took[#took + 1] = free
  first = last + 1
end
return table.concat(took)`)

// LockBatch takes for each claim the locks of the member and of all its addresses,
// or none of them, for at most ttl; took says which claims it got, in their order.
// The caller gives the batch back even if it got none, and recalls what it knows
// of the members anew: until now others may have changed it.
func (s *Store) LockBatch(ctx context.Context, site string, claims []Claim, ttl time.Duration) (b *Batch, took []bool, err error) {
	b = &Batch{site: site, token: rand.Text(), store: s}
	locks := make([][]string, len(claims))
	for i, c := range claims {
		locks[i] = c.locks(site)
	}
	took = make([]bool, len(claims))
	err = bulk{
		script: lockBatch, n: len(claims), size: batchSize,
		ask: func(from, to int) (keys []string, args []any) {
			args = []any{b.token, ttl.Milliseconds()}
			for _, of := range locks[from:to] {
				keys, args = append(keys, of...), append(args, len(of))
			}
			b.locks = append(b.locks, keys...) // also of claims whose answer gets lost
			return keys, args
		},
		hear: func(from, _ int, answer *redis.Cmd) error { return readFlags(answer, took[from:]) },
	}.do(ctx, s.redis)
	if err != nil {
		_ = b.Unlock(context.WithoutCancel(ctx)) // failing that, they end by themselves
		return nil, nil, fmt.Errorf("locking a batch: %w", err)
	}
	return b, took, nil
}

func (c Claim) locks(site string) []string {
	locks := []string{memberLock(site, c.ID)}
	for _, email := range c.Emails {
		if lock := addressLock(site, email); !slices.Contains(locks, lock) {
			locks = append(locks, lock)
		}
	}
	return locks
}

func readFlags(answer *redis.Cmd, into []bool) error {
	flags, err := answer.Text()
	for i, flag := range flags {
		into[i] = flag == '1'
	}
	return err
}

// saveBatch does for each case what save does, but leaves none touched: the run
// knows what it wrote itself.
//
//	KEYS members, then of each case: lock, member, hashes of addresses …
//	ARGV token, then of each case: n addresses, ttl, memory, then of each address: field, record
//	returns 1 or 0 for each case, as one text
var saveBatch = redis.NewScript(luaKeep + `
local kept, k, a = {}, 2, 2
while a <= #ARGV do
  local n = tonumber(ARGV[a])
  local held = redis.call('get', KEYS[k]) == ARGV[1]
  if held then
    if redis.call('exists', KEYS[k + 1]) == 0 then redis.call('incr', KEYS[1]) end
    redis.call('set', KEYS[k + 1], ARGV[a + 2])
    if ARGV[a + 1] ~= '0' then redis.call('pexpire', KEYS[k + 1], ARGV[a + 1]) end
    for i = 1, n do keep(KEYS[k + 1 + i], ARGV[a + 1 + 2 * i], ARGV[a + 2 + 2 * i]) end
  end
  kept[#kept + 1] = held and '1' or '0'
  k, a = k + 2 + n, a + 3 + 2 * n
end
return table.concat(kept)`)

// Save keeps the cases' memories and addresses, each all or nothing, as long as
// its lock holds; kept says which were kept, in their order. Of a case that was
// not, another may have written the member meanwhile: nothing more may be written
// of it. After an error any of them may have been kept.
func (b *Batch) Save(ctx context.Context, cases []*member.Case) (kept []bool, err error) {
	kept = make([]bool, len(cases))
	wires := make([]savedCase, len(cases))
	for i, c := range cases {
		wires[i] = encodeCase(b.site, c)
	}
	err = bulk{
		script: saveBatch, n: len(cases), size: batchSize,
		ask: func(from, to int) (keys []string, args []any) {
			keys, args = []string{membersKey(b.site)}, []any{b.token}
			for _, w := range wires[from:to] {
				keys, args = append(keys, w.keys...), append(args, w.args...)
			}
			return keys, args
		},
		hear: func(from, _ int, answer *redis.Cmd) error { return readFlags(answer, kept[from:]) },
	}.do(ctx, b.store.redis)
	if err != nil {
		return kept, fmt.Errorf("keeping a batch: %w", err)
	}
	return kept, nil
}

// savedCase is the part of saveBatch's keys and arguments that is of one case.
type savedCase struct {
	keys []string
	args []any
}

func encodeCase(site string, c *member.Case) (w savedCase) {
	w.keys = []string{memberLock(site, c.ID), memberKey(site, c.ID)}
	w.args = []any{len(c.Addresses), ttlOf(c), c.Memory.Record()}
	w.keys, w.args = withAddresses(site, c, w.keys, w.args)
	return w
}

// renewBatch makes those of the locks that are ours last their whole time again.
//
//	KEYS locks …   ARGV token, ttl
var renewBatch = redis.NewScript(`
for _, key in ipairs(KEYS) do
  if redis.call('get', key) == ARGV[1] then redis.call('pexpire', key, ARGV[2]) end
end
return 1`)

// Renew makes the locks that are still held last for ttl from now. Which are not,
// Save tells.
func (b *Batch) Renew(ctx context.Context, ttl time.Duration) error {
	if err := b.ofAll(ctx, renewBatch, b.token, ttl.Milliseconds()); err != nil {
		return fmt.Errorf("renewing a batch: %w", err)
	}
	return nil
}

// unlockBatch gives back those of the locks that are ours.
//
//	KEYS locks …   ARGV token
var unlockBatch = redis.NewScript(`
for _, key in ipairs(KEYS) do
  if redis.call('get', key) == ARGV[1] then redis.call('del', key) end
end
return 1`)

// locksAtOnce is how many locks one call gives back or renews.
const locksAtOnce = 250

// Unlock gives all locks back. Locks that are not given back end by themselves.
func (b *Batch) Unlock(ctx context.Context) error {
	if err := b.ofAll(ctx, unlockBatch, b.token); err != nil {
		return fmt.Errorf("giving a batch back: %w", err)
	}
	return nil
}

// ofAll runs a script over all of the batch's locks.
func (b *Batch) ofAll(ctx context.Context, script *redis.Script, args ...any) error {
	return bulk{
		script: script, n: len(b.locks), size: locksAtOnce,
		ask:  func(from, to int) ([]string, []any) { return b.locks[from:to], args },
		hear: func(int, int, *redis.Cmd) error { return nil },
	}.do(ctx, b.store.redis)
}
