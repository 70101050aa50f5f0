package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Outcomes of a job that failed: it will be tried again, or it is a dead letter.
// Every other outcome of an event is a success.
const (
	OutcomeRetried = "retried"
	OutcomeDead    = "dead"
)

// FlowMinutes is how far back Flow tells what came minute by minute.
const FlowMinutes = 60

// Flow is how a site's events flowed in the last hour.
type Flow struct {
	// Done and Failed count the jobs that ended in each minute, the oldest first;
	// the last is the minute that is not over.
	Done, Failed [FlowMinutes]int
	// P50 and P99 are of the time from an event in Ghost to its end, of the last ten
	// to twenty minutes, to a few percent; 0 if there was none.
	P50, P99 time.Duration
}

// An hour of a site is one hash: jobs by minute, and how often each lag occurred
// in each ten minutes.
const (
	flowKeptFor = 3 * time.Hour
	lagSlot     = 10 * time.Minute
	lagStep     = 8 // buckets for each doubling
)

func flowKey(site string, at time.Time) string {
	return namespace + "flow:" + site + ":" + at.UTC().Format("2006010215")
}

func doneField(at time.Time) string   { return "d" + strconv.Itoa(at.UTC().Minute()) }
func failedField(at time.Time) string { return "f" + strconv.Itoa(at.UTC().Minute()) }

func lagField(at time.Time, bucket int) string {
	return "l" + strconv.Itoa(at.UTC().Minute()/int(lagSlot/time.Minute)) + ":" + strconv.Itoa(bucket)
}

// lagBucket counts eighths of doublings of a millisecond.
func lagBucket(lag time.Duration) int {
	return max(0, int(math.Round(math.Log2(float64(lag)/float64(time.Millisecond))*lagStep)))
}

func lagOf(bucket int) time.Duration {
	return time.Duration(math.Exp2(float64(bucket)/lagStep) * float64(time.Millisecond))
}

// flows gathers what entries add to the counters, so that a batch of them costs a
// few commands.
type flows map[string]map[string]int64

func (f flows) add(a Activity) {
	failed := a.Outcome == OutcomeRetried || a.Outcome == OutcomeDead
	if a.MemberID == "" || a.Lag <= 0 && !failed {
		return
	}
	key := flowKey(a.Site, a.At)
	if f[key] == nil {
		f[key] = map[string]int64{}
	}
	if failed {
		f[key][failedField(a.At)]++
		return
	}
	f[key][doneField(a.At)]++
	f[key][lagField(a.At, lagBucket(a.Lag))]++
}

func (f flows) write(ctx context.Context, pipe redis.Pipeliner) {
	for key, fields := range f {
		for field, n := range fields {
			pipe.HIncrBy(ctx, key, field, n)
		}
		pipe.PExpire(ctx, key, flowKeptFor)
	}
}

// Flows tells how the events of sites flowed, in their order, in one round trip.
func (s *Store) Flows(ctx context.Context, sites []string) ([]Flow, error) {
	if len(sites) == 0 {
		return nil, nil
	}
	now := s.now()
	pipe := s.redis.Pipeline()
	hours := make([][2]*redis.MapStringStringCmd, len(sites))
	for i, site := range sites {
		hours[i][0] = pipe.HGetAll(ctx, flowKey(site, now.Add(-time.Hour)))
		hours[i][1] = pipe.HGetAll(ctx, flowKey(site, now))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("reading how events flow: %w", err)
	}
	all := make([]Flow, len(sites))
	for i := range sites {
		all[i] = flowOf(now, hours[i][0].Val(), hours[i][1].Val())
	}
	return all, nil
}

func flowOf(now time.Time, before, current map[string]string) (f Flow) {
	hour := func(at time.Time) map[string]string {
		if at.UTC().Hour() == now.UTC().Hour() {
			return current
		}
		return before
	}
	for i := range FlowMinutes {
		at := now.Add(time.Duration(i-FlowMinutes+1) * time.Minute)
		f.Done[i] = int(number(hour(at)[doneField(at)]))
		f.Failed[i] = int(number(hour(at)[failedField(at)]))
	}
	counts := map[int]int{}
	for _, at := range []time.Time{now.Add(-lagSlot), now} {
		for bucket := range maxLagBucket {
			if n := number(hour(at)[lagField(at, bucket)]); n > 0 {
				counts[bucket] += int(n)
			}
		}
	}
	f.P50, f.P99 = quantile(counts, 0.50), quantile(counts, 0.99)
	return f
}

// maxLagBucket is above 12 days.
const maxLagBucket = 30 * lagStep

func quantile(counts map[int]int, q float64) time.Duration {
	total := 0
	for _, n := range counts {
		total += n
	}
	rank := int(math.Ceil(q * float64(total)))
	for bucket, seen := 0, 0; bucket < maxLagBucket && total > 0; bucket++ {
		if seen += counts[bucket]; seen >= rank {
			return lagOf(bucket)
		}
	}
	return 0
}
