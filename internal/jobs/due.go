package jobs

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Late is how many waiting jobs should have been queued a few seconds ago and
// were not: after a stop of all workers, until they have caught up.
func (q *Queue) Late(ctx context.Context) (int64, error) {
	before := strconv.FormatInt(q.now().Add(-2*time.Second).Unix(), 10)
	n, err := q.client.ZCount(ctx, retryKey, "-inf", before).Result()
	if err != nil {
		return 0, fmt.Errorf("counting late jobs: %w", err)
	}
	return n, nil
}
