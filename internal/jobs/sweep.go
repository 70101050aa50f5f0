package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// sweep sends the commits that no fetch took along, repeats those that may have
// been lost, and queues again what Redis says this pool has in progress but no
// worker holds (the answer to its fetch was lost). It returns how many commits it
// repeated and jobs it queued.
func (k *keeper) sweep(ctx context.Context, client redis.UniversalClient) (committed, requeued int, err error) {
	poolID := k.pool()
	if poolID == "" {
		return 0, 0, nil
	}
	committed, err = k.repeatCommits(ctx, client, poolID)
	if err != nil {
		return committed, 0, fmt.Errorf("repeating commits: %w", err)
	}
	inProgress, err := client.LRange(ctx, inProgressKey(poolID), 0, -1).Result()
	if err != nil {
		return committed, 0, fmt.Errorf("reading jobs in progress: %w", err)
	}
	for _, raw := range k.stranded(inProgress) {
		n, err := requeueScript.Run(ctx, client,
			[]string{inProgressKey(poolID), lockKey, lockInfoKey, queueKey}, raw, poolID).Int()
		if err != nil {
			return committed, requeued, fmt.Errorf("queueing a stranded job: %w", err)
		}
		requeued += n
		k.wake()
	}
	return committed, requeued, nil
}

func (k *keeper) repeatCommits(ctx context.Context, client redis.UniversalClient, poolID string) (n int, err error) {
	var errs []error
	for _, c := range k.unsettled() {
		if err := c.repeat(ctx, client, poolID); err != nil {
			c.failed = true
			k.postpone(c)
			errs = append(errs, err)
			continue
		}
		k.release(c.raw)
		if c.failed {
			n++
		}
	}
	return n, errors.Join(errs...)
}
