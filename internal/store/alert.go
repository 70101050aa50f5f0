package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	alertsKey    = namespace + "alerts"
	heartbeatKey = namespace + "heartbeat"
)

// Alerts returns what processes told each other of alerts, by name. What it means
// is theirs.
func (s *Store) Alerts(ctx context.Context) (map[string]string, error) {
	all, err := s.redis.HGetAll(ctx, alertsKey).Result()
	if err != nil {
		return nil, fmt.Errorf("reading alerts: %w", err)
	}
	return all, nil
}

// swapAlert changes what is kept of an alert, if nobody else did meanwhile.
//
//	KEYS alerts   ARGV name, what it was, what it becomes; '' is nothing
var swapAlert = redis.NewScript(`
if (redis.call('hget', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('hdel', KEYS[1], ARGV[1])
else
  redis.call('hset', KEYS[1], ARGV[1], ARGV[3])
end
return 1`)

// SwapAlert changes what is kept under a name from what Alerts returned; "" is
// nothing. It is false if another process was first.
func (s *Store) SwapAlert(ctx context.Context, name, was, becomes string) (bool, error) {
	n, err := swapAlert.Run(ctx, s.redis, []string{alertsKey}, name, was, becomes).Int()
	if err != nil {
		return false, fmt.Errorf("keeping an alert: %w", err)
	}
	return n == 1, nil
}

// ClaimHeartbeat says whether the caller is the one process to tell the world in
// this interval that work is done.
func (s *Store) ClaimHeartbeat(ctx context.Context, every time.Duration) (bool, error) {
	err := s.redis.SetArgs(ctx, heartbeatKey, s.nowMillis(), redis.SetArgs{Mode: "NX", TTL: every}).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("claiming the heartbeat: %w", err)
	}
	return true, nil
}

// Silent says whether a site that usually has events has had none for so long,
// and since when; other than FellSilent, as often as it is asked, which has to be
// at least daily.
func (s *Store) Silent(ctx context.Context, site string, after time.Duration) (since time.Time, silent bool, err error) {
	since, _, err = s.FellSilent(ctx, site, math.MaxInt64) // keeps the habit, and tells of none
	if err != nil || since.IsZero() || s.now().Sub(since) < after {
		return since, false, err
	}
	kept, err := s.redis.HKeys(ctx, habitKey(site)).Result()
	if err != nil {
		return since, false, fmt.Errorf("looking for a silent site: %w", err)
	}
	days := 0
	for _, field := range kept {
		if field != habitTold {
			days++
		}
	}
	return since, days >= habitual, nil
}

// habitTold is the one field of a habit that is no day.
const habitTold = "told"
