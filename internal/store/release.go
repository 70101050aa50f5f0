package store

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Waiting is why an entry stays in the inbox.
type Waiting string

// The reasons.
const (
	ForSlot  Waiting = "slot"  // for the site's pace, gate or a lock; newer events join it
	ForRetry Waiting = "retry" // after a failure; a newer event is tried at once
	Dead     Waiting = "dead"  // its job is a dead letter; a newer event or a replay wakes it
)

// release puts an entry back. If an event came while its job failed, that
// event's facts do not wait for the retry: a new job is pushed.
//
//	KEYS inbox, waiting, queue, arrived   ARGV name, version, reason, due, ttl, job id, job, channel, now
var release = redis.NewScript(`
if redis.call('exists', KEYS[1]) == 0 then return 0 end
if ARGV[3] ~= 'slot' and redis.call('hget', KEYS[1], 'version') ~= ARGV[2] then
  redis.call('hset', KEYS[1], 'job', ARGV[6], 'wait', 'queued', 'due', ARGV[9])
  redis.call('zadd', KEYS[2], ARGV[9], ARGV[1])
  redis.call('lpush', KEYS[3], ARGV[7])
  redis.call('publish', ARGV[8], '1')
  return 1
end
redis.call('hset', KEYS[1], 'wait', ARGV[3], 'due', ARGV[4])
if ARGV[3] == 'dead' then
  redis.call('zrem', KEYS[2], ARGV[1])
  redis.call('zrem', KEYS[4], ARGV[1])
  redis.call('pexpire', KEYS[1], ARGV[5])
else
  redis.call('zadd', KEYS[2], ARGV[4], ARGV[1])
end
return 0`)

// Release is how an entry that was taken goes back into the inbox.
type Release struct {
	Site, ID, Version string
	Why               Waiting
	Due               time.Time     // when its job runs again
	Keep              time.Duration // of Dead: how long the entry outlives its job
	Job               Job           // pushed if a newer event must not wait
}

// Release puts back an entry that was taken and not completed.
func (s *Store) Release(ctx context.Context, r Release) error {
	keys := []string{inboxKey(r.Site, r.ID), waitingKey, r.Job.QueueKey, arrivedKey}
	err := release.Run(ctx, s.redis, keys, waitingName(r.Site, r.ID), r.Version, string(r.Why),
		r.Due.UnixMilli(), r.Keep.Milliseconds(), r.Job.ID, r.Job.Raw, r.Job.WakeChannel, s.nowMillis()).Err()
	if err != nil {
		return fmt.Errorf("putting back into the inbox: %w", err)
	}
	return nil
}
