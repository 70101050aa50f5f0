package store

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// askedFor is how long a wish for a look at a subscriber stands for later ones of
// the same member. Should its job be lost, another may come after it.
const askedFor = time.Minute

func optOutKey(site, id string) string { return namespace + "optout:" + site + ":" + id }

// askOptOut pushes jobs for members for whom none waits.
//
//	KEYS of each member: asked, queue   ARGV ttl, then of each member: job id, job, channel
//	returns how many jobs were pushed
var askOptOut = redis.NewScript(`
local pushed = 0
for i = 0, #KEYS / 2 - 1 do
  if redis.call('set', KEYS[1 + 2 * i], ARGV[2 + 3 * i], 'NX', 'PX', ARGV[1]) then
    redis.call('lpush', KEYS[2 + 2 * i], ARGV[3 + 3 * i])
    redis.call('publish', ARGV[4 + 3 * i], '1')
    pushed = pushed + 1
  end
end
return pushed`)

// AskOptOuts wishes that a worker looks whether the members have left the list.
// Once it returns without an error, a job that will look is in Redis for each;
// pushed is how many of them are new.
func (s *Store) AskOptOuts(ctx context.Context, site string, asks []Mark) (pushed int, err error) {
	err = bulk{
		script: askOptOut, n: len(asks), size: batchSize,
		ask: func(from, to int) (keys []string, args []any) {
			args = []any{askedFor.Milliseconds()}
			for _, m := range asks[from:to] {
				keys = append(keys, optOutKey(site, m.ID), m.Job.QueueKey)
				args = append(args, m.Job.ID, m.Job.Raw, m.Job.WakeChannel)
			}
			return keys, args
		},
		hear: func(_, _ int, answer *redis.Cmd) error {
			n, err := answer.Int()
			pushed += n
			return err
		},
	}.do(ctx, s.redis)
	if err != nil {
		return pushed, fmt.Errorf("asking for opt-outs: %w", err)
	}
	return pushed, nil
}

// KeepOptOut lets wishes of so long join a job that waits for its next attempt.
func (s *Store) KeepOptOut(ctx context.Context, site, id string, wait time.Duration) error {
	if err := s.redis.Set(ctx, optOutKey(site, id), "waits", wait+askedFor).Err(); err != nil {
		return fmt.Errorf("keeping a look at an opt-out: %w", err)
	}
	return nil
}

// TakeOptOut says that the look is about to be taken: a wish that comes from now
// on is for another one.
func (s *Store) TakeOptOut(ctx context.Context, site, id string) error {
	if err := s.redis.Del(ctx, optOutKey(site, id)).Err(); err != nil {
		return fmt.Errorf("taking a look at an opt-out: %w", err)
	}
	return nil
}
