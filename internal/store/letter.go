package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Letter is a dead letter of the job layer about a member.
type Letter struct {
	Site, ID string
	Key, Raw string // where it lies: ZREM Key Raw
	JobID    string // of the job that died
}

// Revived is what became of a letter that was to be replayed.
type Revived string

// What may become of it.
const (
	Requeued Revived = "queued" // its job was pushed
	Joined   Revived = "joined" // a job that will see the member's newest facts was there
	Applied  Revived = "idle"   // nothing waits for the member any more; the letter is removed
	Missing  Revived = "gone"   // another replayed or dropped it
)

// revive turns a letter into a job, all or nothing. What the job then finds is
// the entry, with whatever came after the letter. The entry's version stays: a
// worker that woke late must not clear what it never saw.
//
//	KEYS dead, inbox, waiting, queue, arrived   ARGV letter, keep, name, now, job id, job, channel
var revive = redis.NewScript(`
if not redis.call('zscore', KEYS[1], ARGV[1]) then return 'gone' end
if ARGV[2] ~= '1' then redis.call('zrem', KEYS[1], ARGV[1]) end
local entry = redis.call('hmget', KEYS[2], 'wait', 'received')
if not entry[1] then return 'idle' end
if entry[1] == 'queued' or entry[1] == 'running' or entry[1] == 'slot' then return 'joined' end
redis.call('hset', KEYS[2], 'job', ARGV[5], 'wait', 'queued', 'due', ARGV[4])
redis.call('persist', KEYS[2])
redis.call('zadd', KEYS[3], ARGV[4], ARGV[3])
redis.call('zadd', KEYS[5], 'NX', entry[2] or ARGV[4], ARGV[3])
redis.call('lpush', KEYS[4], ARGV[6])
redis.call('publish', ARGV[7], '1')
return 'queued'`)

// Revive removes a letter, unless it is to be kept, and pushes job for what waits
// for its member, in one step. A job that waits for its retry does not count as
// one that is there: a replay is to be tried now.
func (s *Store) Revive(ctx context.Context, l Letter, keep bool, job Job) (Revived, error) {
	keys := []string{l.Key, inboxKey(l.Site, l.ID), waitingKey, job.QueueKey, arrivedKey}
	became, err := revive.Run(ctx, s.redis, keys,
		l.Raw, keep, waitingName(l.Site, l.ID), s.nowMillis(), job.ID, job.Raw, job.WakeChannel).Text()
	if err != nil {
		return "", fmt.Errorf("replaying a dead letter: %w", err)
	}
	return Revived(became), nil
}

// drop forgets a letter, and the entry that waits for its replay. An entry that a
// later job left, or that a job will see, is not the letter's.
//
//	KEYS dead, inbox, waiting, arrived   ARGV letter, name, job id
var drop = redis.NewScript(`
if redis.call('zrem', KEYS[1], ARGV[1]) == 0 then return 0 end
local entry = redis.call('hmget', KEYS[2], 'wait', 'job')
if entry[1] ~= 'dead' or entry[2] ~= ARGV[3] then return 1 end
redis.call('del', KEYS[2])
redis.call('zrem', KEYS[3], ARGV[2])
redis.call('zrem', KEYS[4], ARGV[2])
return 1`)

// DropLetter forgets a letter and the facts that it kept; those of newer events
// stay. It is false if the letter was gone already.
func (s *Store) DropLetter(ctx context.Context, l Letter) (bool, error) {
	keys := []string{l.Key, inboxKey(l.Site, l.ID), waitingKey, arrivedKey}
	n, err := drop.Run(ctx, s.redis, keys, l.Raw, waitingName(l.Site, l.ID), l.JobID).Int()
	if err != nil {
		return false, fmt.Errorf("dropping a dead letter: %w", err)
	}
	return n == 1, nil
}

// Kept is what waits in a member's inbox, without taking it.
type Kept struct {
	// Waiting is "queued", "running", or why it waits; empty if nothing does.
	Waiting    string
	JobID      string // of the job that was pushed for it last
	ReceivedAt time.Time
	Events     []string // ids of the events in it
	Email      string   // the newest address, in clear; empty if no event told it
}

// Kept looks at a member's inbox.
func (s *Store) Kept(ctx context.Context, site, id string) (Kept, error) {
	v, err := s.redis.HMGet(ctx, inboxKey(site, id), "wait", "job", "received", "events", "k:email").Result()
	if err != nil {
		return Kept{}, fmt.Errorf("looking at the inbox: %w", err)
	}
	text := func(i int) string { t, _ := v[i].(string); return t }
	k := Kept{Waiting: text(0), JobID: text(1), Events: wholeIDs(text(3))}
	if received := number(text(2)); received > 0 {
		k.ReceivedAt = time.UnixMilli(received)
	}
	if _, stored, known := strings.Cut(text(4), "|"); known {
		_ = json.Unmarshal([]byte(stored), &k.Email) // null is no address
	}
	return k, nil
}

// Ref names a member.
type Ref struct{ Site, ID string }

// Waits says of each member why its entry waits, as Kept does, in one round trip;
// to be asked for some hundreds at once.
func (s *Store) Waits(ctx context.Context, members []Ref) ([]string, error) {
	pipe := s.redis.Pipeline()
	answers := make([]*redis.StringCmd, len(members))
	for i, m := range members {
		answers[i] = pipe.HGet(ctx, inboxKey(m.Site, m.ID), "wait")
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
	waits := make([]string, len(members))
	for i, answer := range answers {
		wait, err := answer.Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, fmt.Errorf("looking at the inbox: %w", err)
		}
		waits[i] = wait
	}
	return waits, nil
}
