package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Overdue is an entry whose job should have run by now.
type Overdue struct {
	Site, ID string
	Due      time.Time
	due      string
}

// Overdue returns up to limit entries that were due before the given time, the
// oldest first.
func (s *Store) Overdue(ctx context.Context, before time.Time, limit int64) ([]Overdue, error) {
	found, err := s.redis.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{
		Key: waitingKey, Start: "-inf", Stop: strconv.FormatInt(before.UnixMilli(), 10), ByScore: true, Count: limit,
	}).Result()
	if err != nil {
		return nil, fmt.Errorf("looking for overdue entries: %w", err)
	}
	var overdue []Overdue
	for _, z := range found {
		name, _ := z.Member.(string)
		site, id, _ := strings.Cut(name, "/")
		due := int64(z.Score)
		overdue = append(overdue, Overdue{Site: site, ID: id, Due: time.UnixMilli(due), due: strconv.FormatInt(due, 10)})
	}
	return overdue, nil
}

// requeue pushes a new job for an entry whose job was lost, unless someone else
// did.
//
//	KEYS inbox, waiting, queue, arrived   ARGV name, due, job id, job, channel, now
var requeue = redis.NewScript(`
local due = redis.call('zscore', KEYS[2], ARGV[1])
if not due or tonumber(due) ~= tonumber(ARGV[2]) then return 0 end
if redis.call('exists', KEYS[1]) == 0 then
  redis.call('zrem', KEYS[2], ARGV[1])
  redis.call('zrem', KEYS[4], ARGV[1])
  return 0
end
redis.call('hset', KEYS[1], 'job', ARGV[3], 'wait', 'queued', 'due', ARGV[6])
redis.call('zadd', KEYS[2], ARGV[6], ARGV[1])
redis.call('lpush', KEYS[3], ARGV[4])
redis.call('publish', ARGV[5], '1')
return 1`)

// Requeue pushes job for an overdue entry; false if it is no longer overdue.
func (s *Store) Requeue(ctx context.Context, o Overdue, job Job) (bool, error) {
	keys := []string{inboxKey(o.Site, o.ID), waitingKey, job.QueueKey, arrivedKey}
	n, err := requeue.Run(ctx, s.redis, keys, waitingName(o.Site, o.ID), o.due, job.ID, job.Raw, job.WakeChannel, s.nowMillis()).Int()
	if err != nil {
		return false, fmt.Errorf("requeueing: %w", err)
	}
	return n == 1, nil
}

// PassOver looks at an overdue entry again only after the given time.
func (s *Store) PassOver(ctx context.Context, o Overdue, until time.Time) error {
	later := redis.Z{Score: float64(until.UnixMilli()), Member: waitingName(o.Site, o.ID)}
	if err := s.redis.ZAddXX(ctx, waitingKey, later).Err(); err != nil {
		return fmt.Errorf("passing over an entry: %w", err)
	}
	return nil
}
