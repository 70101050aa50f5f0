package store

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// doubt marks a member for a new write if the lease is lost.
//
//	KEYS lock, inbox, waiting, queue, arrived   ARGV token, name, job id, job, channel, now
var doubt = redis.NewScript(`
if redis.call('get', KEYS[1]) == ARGV[1] then return 0 end
redis.call('hset', KEYS[2], 'doubt', 1, 'version', ARGV[3], 'job', ARGV[3], 'wait', 'queued', 'due', ARGV[6])
redis.call('hsetnx', KEYS[2], 'received', ARGV[6])
redis.call('persist', KEYS[2])
redis.call('zadd', KEYS[3], ARGV[6], ARGV[2])
redis.call('zadd', KEYS[5], 'NX', ARGV[6], ARGV[2])
redis.call('lpush', KEYS[4], ARGV[4])
redis.call('publish', ARGV[5], '1')
return 1`)

// Doubt has a member written anew whose writer has lost its lease: another may
// have written since, and the late write may have undone that. It does nothing,
// and reports false, while the lease holds.
func (s *Store) Doubt(ctx context.Context, site, id string, lease *Lease, job Job) (bool, error) {
	keys := []string{lease.keys[0], inboxKey(site, id), waitingKey, job.QueueKey, arrivedKey}
	n, err := doubt.Run(ctx, s.redis, keys, lease.token, waitingName(site, id), job.ID, job.Raw, job.WakeChannel, s.nowMillis()).Int()
	if err != nil {
		return false, fmt.Errorf("marking a member for a new write: %w", err)
	}
	return n == 1, nil
}
