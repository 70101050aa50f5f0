package jobs

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Worker is a process that runs jobs.
type Worker struct {
	ID          string    `json:"id"` // new with each start
	Host        string    `json:"host"`
	PID         int       `json:"pid"`
	Concurrency int       `json:"concurrency"`
	Running     int       `json:"running"` // jobs it has right now
	StartedAt   time.Time `json:"started_at"`
	HeartbeatAt time.Time `json:"heartbeat_at"` // by its own clock, every 5 s
}

// heartbeatLife is how old a heartbeat may be in listings; it allows for two
// missed beats and clocks that differ by a few seconds.
const heartbeatLife = 15 * time.Second

// Workers lists the processes whose heartbeat is alive.
func (q *Queue) Workers(ctx context.Context) ([]Worker, error) {
	ids, err := q.client.SMembers(ctx, poolsKey).Result()
	if err != nil {
		return nil, fmt.Errorf("listing worker processes: %w", err)
	}
	pipe := q.client.Pipeline()
	held := pipe.HGetAll(ctx, lockInfoKey)
	beats := make([]*redis.MapStringStringCmd, len(ids))
	for i, id := range ids {
		beats[i] = pipe.HGetAll(ctx, heartbeatKey(id))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("reading heartbeats: %w", err)
	}
	var alive []Worker
	for i, id := range ids {
		w := workerOf(id, beats[i].Val())
		w.Running = int(number(held.Val()[id]))
		if q.now().Sub(w.HeartbeatAt) < heartbeatLife {
			alive = append(alive, w)
		}
	}
	return alive, nil
}

func workerOf(id string, beat map[string]string) Worker {
	return Worker{
		ID: id, Host: beat["host"], PID: int(number(beat["pid"])), Concurrency: int(number(beat["concurrency"])),
		StartedAt: time.Unix(number(beat["started_at"]), 0), HeartbeatAt: time.Unix(number(beat["heartbeat_at"]), 0),
	}
}

// number is zero for what is none.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
