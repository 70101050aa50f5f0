package store

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// The other reasons for which an entry is in the inbox, as Recall tells them.
const (
	Queued  Waiting = "queued"  // its job waits for a worker
	Running Waiting = "running" // a worker is at it
)

// Mark is a member that a worker is to write anew, with the job for it.
type Mark struct {
	ID  string
	Job Job
}

// mark does what doubt does, for many members and without a lease. A job that
// will see the mark soon is left to do so, as in accept.
//
//	KEYS waiting, arrived, then of each member: inbox, queue
//	ARGV now, then of each member: name, job id, job, channel
//	returns how many jobs were pushed
var mark = redis.NewScript(`
local pushed = 0
for i = 0, (#KEYS - 2) / 2 - 1 do
  local inbox, queue = KEYS[3 + 2 * i], KEYS[4 + 2 * i]
  local name, id = ARGV[2 + 4 * i], ARGV[3 + 4 * i]
  local old = redis.call('hmget', inbox, 'wait', 'received')
  local received = old[2] or ARGV[1]
  redis.call('hset', inbox, 'doubt', 1, 'version', id, 'received', received)
  if old[1] ~= 'queued' and old[1] ~= 'running' and old[1] ~= 'slot' then
    redis.call('hset', inbox, 'job', id, 'wait', 'queued', 'due', ARGV[1])
    redis.call('persist', inbox)
    redis.call('zadd', KEYS[1], ARGV[1], name)
    redis.call('zadd', KEYS[2], 'NX', received, name)
    redis.call('lpush', queue, ARGV[4 + 4 * i])
    redis.call('publish', ARGV[5 + 4 * i], '1')
    pushed = pushed + 1
  end
end
return pushed`)

// Mark hands members over to the workers: each is read from Ghost anew, whatever
// is remembered of it is not believed, and it is written by all the rules. A mark
// joins what waits for the member already, but no retry nor dead letter, which
// wakes. Marking twice is marking once. After an error any of them may be marked.
func (s *Store) Mark(ctx context.Context, site string, marks []Mark) error {
	err := bulk{
		script: mark, n: len(marks), size: batchSize,
		ask: func(from, to int) ([]string, []any) {
			keys, args := []string{waitingKey, arrivedKey}, []any{s.nowMillis()}
			for _, m := range marks[from:to] {
				keys = append(keys, inboxKey(site, m.ID), m.Job.QueueKey)
				args = append(args, waitingName(site, m.ID), m.Job.ID, m.Job.Raw, m.Job.WakeChannel)
			}
			return keys, args
		},
		hear: func(int, int, *redis.Cmd) error { return nil },
	}.do(ctx, s.redis)
	if err != nil {
		return fmt.Errorf("marking members for a new write: %w", err)
	}
	return nil
}

// Pending is what has become of members that were handed over.
type Pending struct {
	Done     int // nothing waits for them any more
	Waiting  int // for a worker, or at one
	Retrying int // failed, and waiting for a retry, which may be hours away
	Dead     int // failed for good: dead letters
	// Left are the ids of those who are not done and not dead.
	Left []string
}

// Pending counts what has become of the members.
func (s *Store) Pending(ctx context.Context, site string, ids []string) (Pending, error) {
	p := Pending{Done: len(ids)}
	err := bulk{
		script: waits, n: len(ids), size: recallSize,
		ask: func(from, to int) ([]string, []any) { return askWaits(site, ids[from:to]) },
		hear: func(from, to int, answer *redis.Cmd) error {
			part := make([]Recalled, to-from)
			err := readWaits(answer, part)
			for i, r := range part {
				p.count(ids[from+i], r.Waiting)
			}
			return err
		},
	}.do(ctx, s.redis)
	if err != nil {
		return Pending{}, fmt.Errorf("looking at members that were handed over: %w", err)
	}
	return p, nil
}

func (p *Pending) count(id string, why Waiting) {
	switch why {
	case "":
		return
	case Dead:
		p.Dead++
	case ForRetry:
		p.Retrying++
		p.Left = append(p.Left, id)
	case ForSlot, Queued, Running:
		p.Waiting++
		p.Left = append(p.Left, id)
	}
	p.Done--
}
