package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Erasure is somebody to be forgotten at a site, by all that names them.
type Erasure struct {
	Site   string
	IDs    []string // of Ghost
	Emails []string // in any spelling
	Owned  []string // hashes of addresses, of OwnedAddresses
	// Names says whether a text that strangers sent names them. Ids of purchases and
	// customers, which are found on the way, are handed to it.
	Names func(text string, ids []string) bool
	// Gone says of which ids a mark is kept that the member was deleted: an opaque id
	// and a time, against edits that are late (rule 3 of design.md).
	Gone map[string]bool
	// Keep is the event of the activity that stays: it tells of former erasures.
	Keep string
	// DryRun counts and erases nothing.
	DryRun bool
}

// Erased is how much of each kind was found, and erased.
type Erased struct {
	Counts map[string]int
	// Purchases are the ids of the entitlements among it: jobs may still name them.
	Purchases, Deliveries []string
}

// ErasedKinds are the kinds of what is erased, in the order in which they are told.
func ErasedKinds() []string {
	return []string{
		"members", "addresses", "events_waiting", "removals_counted", "purchases", "payers", "grants", "customers",
		"deliveries", "quarantined", "payments_without_purchase", "activity", "plans", "checkpoints", "census",
	}
}

// finds is what was found of a person: what goes as a whole, and what goes out of
// what others share.
type finds struct {
	Erased
	keys    []string            // to be deleted
	ranked  map[string][]string // out of sorted sets
	grouped map[string][]string // out of sets
	entries map[string][]string // out of streams
	fields  map[string][]string // out of hashes
	payers  []Versioned         // purchases of others that they paid for
	names   []string            // ids of their purchases, as providers name those

	quarantined []quarantined
}

func (f *finds) key(kind, key string) {
	if !slices.Contains(f.keys, key) {
		f.Counts[kind]++
		f.keys = append(f.keys, key)
	}
}

// LockPerson takes the locks of all members and addresses of an erasure, or none;
// ok is false while another holds one: somebody writes one of them.
func (s *Store) LockPerson(ctx context.Context, e Erasure, ttl time.Duration) (l *Lease, ok bool, err error) {
	l = &Lease{token: rand.Text(), store: s}
	for _, id := range e.IDs {
		l.keys = append(l.keys, memberLock(e.Site, id), memberLock(e.Site, "p:"+id))
	}
	for _, email := range e.Emails {
		l.keys = append(l.keys, addressLock(e.Site, email), memberLock(e.Site, "p:a:"+member.AddressHash(email)))
	}
	for _, hash := range e.Owned {
		if key := namespace + "lock:" + e.Site + ":a:" + hash; !slices.Contains(l.keys, key) {
			l.keys = append(l.keys, key)
		}
	}
	if len(l.keys) == 0 {
		return l, true, nil
	}
	n, err := acquire.Run(ctx, s.redis, l.keys, l.token, ttl.Milliseconds(), "0").Int()
	if err != nil {
		return l, false, fmt.Errorf("taking the locks of a person: %w", err)
	}
	return l, n == 1, nil
}

// Forget erases what is kept of a person, or counts it. What is erased is erased
// under the lease of LockPerson. ErrLeaseLost: nothing was. After another error some
// may be, and doing it again does the rest. The activity is read as a whole, and
// every key of the site is looked at.
func (s *Store) Forget(ctx context.Context, e Erasure, lease *Lease) (Erased, error) {
	f := &finds{
		Erased: Erased{Counts: map[string]int{}},
		ranked: map[string][]string{}, grouped: map[string][]string{}, fields: map[string][]string{},
		entries: map[string][]string{},
	}
	for _, find := range []func(context.Context, Erasure, *finds) error{
		s.findNamed, s.findPurchases, s.findByScan, s.findActivity, s.findCensus,
	} {
		if err := find(ctx, e, f); err != nil {
			return f.Erased, fmt.Errorf("looking for what is kept of a person: %w", err)
		}
	}
	if e.DryRun {
		return f.Erased, nil
	}
	if err := s.erase(ctx, e, f, lease); err != nil {
		return f.Erased, fmt.Errorf("erasing a person: %w", err)
	}
	return f.Erased, nil
}

// erasePage is how many keys one call deletes.
const erasePage = 500

// erase deletes what was found. The marks come first: a late edit may come at once.
func (s *Store) erase(ctx context.Context, e Erasure, f *finds, lease *Lease) error {
	if len(lease.keys) > 0 {
		held, err := acquire.Run(ctx, s.redis, lease.keys, lease.token, eraseWithin.Milliseconds(), "1").Int()
		if err != nil || held == 0 {
			return orLost(err)
		}
	}
	if err := s.redactPayers(ctx, e, f.payers); err != nil {
		return err
	}
	if err := s.markGone(ctx, e, f, lease); err != nil {
		return err
	}
	if err := s.dropQuarantine(ctx, e, f); err != nil {
		return err
	}
	pipe := s.redis.Pipeline()
	for part := range slices.Chunk(f.keys, erasePage) {
		pipe.Unlink(ctx, part...)
	}
	for _, key := range slices.Sorted(maps.Keys(f.ranked)) {
		pipe.ZRem(ctx, key, anys(f.ranked[key])...)
	}
	for _, key := range slices.Sorted(maps.Keys(f.grouped)) {
		pipe.SRem(ctx, key, anys(f.grouped[key])...)
	}
	for _, key := range slices.Sorted(maps.Keys(f.fields)) {
		pipe.HDel(ctx, key, f.fields[key]...)
	}
	for _, key := range slices.Sorted(maps.Keys(f.entries)) {
		for part := range slices.Chunk(f.entries[key], erasePage) {
			pipe.XDel(ctx, key, part...)
		}
	}
	_, err := pipe.Exec(ctx)
	return err
}

// eraseWithin is how long the locks last from the beginning of the erasing on.
const eraseWithin = time.Minute

func orLost(err error) error {
	if err != nil {
		return err
	}
	return ErrLeaseLost
}

// markGone keeps of the members who are gone that they are, and nothing else. What is
// kept of the others goes as a whole.
func (s *Store) markGone(ctx context.Context, e Erasure, f *finds, lease *Lease) error {
	for _, id := range e.IDs {
		if !e.Gone[id] {
			continue
		}
		was, err := memoryOf(s.redis.Get(ctx, memberKey(e.Site, id)))
		if err != nil {
			return err
		}
		mark := markOf(was)
		if mark.DeletedAt == 0 {
			mark.DeletedAt, mark.Vanished = s.now().UnixMilli(), true
		}
		if err := s.Save(ctx, e.Site, &member.Case{ID: id, Memory: mark}, lease); err != nil {
			return err
		}
		f.keys = slices.DeleteFunc(f.keys, func(key string) bool { return key == memberKey(e.Site, id) })
	}
	return nil
}

// markOf is what a memory has to say of a deletion: times, and nothing of the person.
func markOf(m member.Memory) member.Memory {
	return member.Memory{DeletedAt: m.DeletedAt, Vanished: m.Vanished, AppliedAt: m.AppliedAt}
}

func anys(texts []string) []any {
	all := make([]any, len(texts))
	for i, t := range texts {
		all[i] = t
	}
	return all
}

// existing are those of the keys that are there.
func (s *Store) existing(ctx context.Context, keys []string) (there []string, err error) {
	pipe := s.redis.Pipeline()
	answers := make([]*redis.IntCmd, len(keys))
	for i, key := range keys {
		answers[i] = pipe.Exists(ctx, key)
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
	for i, answer := range answers {
		n, err := answer.Result()
		if err != nil {
			return nil, err
		}
		if n > 0 {
			there = append(there, keys[i])
		}
	}
	return there, nil
}
