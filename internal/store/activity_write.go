package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// maxActivity is about how many entries a site's activity has at most: some 10 MB.
const maxActivity = 50_000

// noteWaiting writes an entry of a member whose event waits, unless one says so
// already. What waits is told by the inbox, so a new wait is a new entry.
//
//	KEYS activity, inbox   ARGV reason, limit, fields …
var noteWaiting = redis.NewScript(`
local told = redis.call('hmget', KEYS[2], 'wait', 'told')
if not told[1] or told[2] == ARGV[1] then return 0 end
redis.call('hset', KEYS[2], 'told', ARGV[1])
redis.call('xadd', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', unpack(ARGV, 3))
return 1`)

// Note writes entries, in one round trip, and counts them (flow.go). An error
// leaves open which of them are written.
func (s *Store) Note(ctx context.Context, entries ...Activity) error {
	if len(entries) == 0 {
		return nil
	}
	pipe := s.redis.Pipeline()
	counted := flows{}
	for _, a := range entries {
		counted.add(a)
		key := activityKey(a.Site)
		if a.Outcome == Waits {
			args := append([]any{a.Code, maxActivity}, a.fields()...)
			noteWaiting.Eval(ctx, pipe, []string{key, inboxKey(a.Site, a.MemberID)}, args...)
			continue
		}
		pipe.XAdd(ctx, &redis.XAddArgs{Stream: key, MaxLen: maxActivity, Approx: true, Values: a.fields()})
	}
	counted.write(ctx, pipe)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("noting activity: %w", err)
	}
	return nil
}

// TrimActivity drops the entries of the sites that are older than keep, and has
// the whole of each vanish if nobody trims it for as long.
func (s *Store) TrimActivity(ctx context.Context, sites []string, keep time.Duration) error {
	oldest := strconv.FormatInt(s.now().Add(-keep).UnixMilli(), 10) + "-0"
	for _, site := range sites {
		key := activityKey(site)
		err := s.redis.XTrimMinID(ctx, key, oldest).Err()
		if refused(err) { // Redis before 6.2 has no MINID
			err = s.dropActivity(ctx, key, oldest)
		}
		if err := errors.Join(err, s.redis.PExpire(ctx, key, keep).Err()); err != nil {
			return fmt.Errorf("trimming activity: %w", err)
		}
	}
	return nil
}

// dropActivity does what XTRIM MINID does, a page at a time.
func (s *Store) dropActivity(ctx context.Context, key, oldest string) error {
	for {
		old, err := s.redis.XRangeN(ctx, key, "-", before(oldest), activityPage).Result()
		if err != nil || len(old) == 0 {
			return err
		}
		ids := make([]string, len(old))
		for i, m := range old {
			ids[i] = m.ID
		}
		if err := s.redis.XDel(ctx, key, ids...).Err(); err != nil || len(old) < activityPage {
			return err
		}
	}
}
