package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// watchedKeys are where the library notes for a day at most what each worker is at. It
// takes a note back within a second of the job's end, unless its process is killed.
const watchedKeys = Namespace + ":worker:*"

// Forget drops dead letters and jobs that wait, now or for their retry, if they are
// about what match says; with dryRun it counts them only. What a worker is running
// is left to it.
func (q *Queue) Forget(
	ctx context.Context, match func(site, key, emailHash string) bool, dryRun bool,
) (letters, waiting int, err error) {
	named := func(raw string) bool {
		e, err := decode(raw)
		return err == nil && match(e.Args[argSite], e.Args[argKey], e.Args[argEmailHash])
	}
	if letters, err = q.forgetRanked(ctx, deadKey, named, dryRun); err != nil {
		return letters, 0, fmt.Errorf("forgetting dead letters: %w", err)
	}
	if waiting, err = q.forgetRanked(ctx, retryKey, named, dryRun); err != nil {
		return letters, waiting, fmt.Errorf("forgetting jobs that wait: %w", err)
	}
	if err := q.forgetWatched(ctx, match, dryRun); err != nil {
		return letters, waiting, fmt.Errorf("forgetting what workers were at: %w", err)
	}
	queued, err := q.forgetQueued(ctx, named, dryRun)
	if err != nil {
		return letters, waiting + queued, fmt.Errorf("forgetting jobs: %w", err)
	}
	return letters, waiting + queued, nil
}

func (q *Queue) forgetRanked(ctx context.Context, key string, named func(raw string) bool, dryRun bool) (n int, err error) {
	for cursor := uint64(0); ; {
		page, next, err := q.client.ZScan(ctx, key, cursor, "", trackPage).Result()
		if err != nil {
			return n, err
		}
		for i := 0; i < len(page); i += 2 { // members and scores in turn
			if !named(page[i]) {
				continue
			}
			if n++; dryRun {
				continue
			}
			if err := q.client.ZRem(ctx, key, page[i]).Err(); err != nil {
				return n, err
			}
		}
		if cursor = next; cursor == 0 {
			return n, nil
		}
	}
}

// forgetQueued reads all of the queue before it takes anything out: what is taken
// out moves the rest.
func (q *Queue) forgetQueued(ctx context.Context, named func(raw string) bool, dryRun bool) (n int, err error) {
	var found []string
	for start := int64(0); ; start += trackPage {
		page, err := q.client.LRange(ctx, queueKey, start, start+trackPage-1).Result()
		if err != nil {
			return 0, err
		}
		for _, raw := range page {
			if named(raw) {
				found = append(found, raw)
			}
		}
		if len(page) < trackPage {
			break
		}
	}
	for _, raw := range found {
		if dryRun {
			continue
		}
		if err := q.client.LRem(ctx, queueKey, 0, raw).Err(); err != nil {
			return n, err
		}
	}
	return len(found), nil
}

func (q *Queue) forgetWatched(ctx context.Context, match func(site, key, emailHash string) bool, dryRun bool) error {
	for cursor := uint64(0); !dryRun; {
		keys, next, err := q.client.Scan(ctx, cursor, watchedKeys, trackPage).Result()
		if err != nil {
			return err
		}
		for _, key := range keys {
			noted, err := q.client.HGet(ctx, key, "args").Result()
			var args map[string]string
			if err != nil || json.Unmarshal([]byte(noted), &args) != nil {
				if err != nil && !errors.Is(err, redis.Nil) {
					return err
				}
				continue // another version's
			}
			if !match(args[argSite], args[argKey], args[argEmailHash]) {
				continue
			}
			if err := q.client.Del(ctx, key).Err(); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
	return nil
}
