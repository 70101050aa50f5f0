package jobs

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// expediteChunk is how many waiting jobs are looked at in one round trip.
const expediteChunk = 1000

// Expedite lets every job of the site that waits for a retry fall due now, and
// returns how many. Jobs that wait for a rate slot keep it.
func (q *Queue) Expedite(ctx context.Context, site string) (n int, err error) {
	for cursor := uint64(0); ; {
		page, next, err := q.client.ZScan(ctx, retryKey, cursor, sitePattern(site), expediteChunk).Result()
		if err != nil {
			return n, fmt.Errorf("reading waiting jobs: %w", err)
		}
		moved, err := q.fallDue(ctx, site, page)
		n += moved
		if err != nil {
			return n, err
		}
		if cursor = next; cursor == 0 {
			return n, nil
		}
	}
}

// fallDue takes members and scores in turn. XX and LT touch only what still
// waits for a later time.
func (q *Queue) fallDue(ctx context.Context, site string, page []string) (int, error) {
	now := q.now().Unix()
	args := redis.ZAddArgs{XX: true, LT: true, Ch: true}
	for i := 0; i+1 < len(page); i += 2 {
		e, err := decode(page[i])
		if err == nil && e.Args[argSite] == site && e.Args[argSlot] == "" {
			args.Members = append(args.Members, redis.Z{Score: float64(now), Member: page[i]})
		}
	}
	if len(args.Members) == 0 {
		return 0, nil
	}
	n, err := q.client.ZAddArgs(ctx, retryKey, args).Result()
	if err != nil {
		return 0, fmt.Errorf("letting waiting jobs fall due: %w", err)
	}
	return int(n), nil
}

// sitePattern makes Redis send only the jobs of the site, where its name has
// one spelling in JSON and no meaning in a pattern.
func sitePattern(site string) string {
	plain := func(r rune) bool {
		return r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if strings.ContainsFunc(site, func(r rune) bool { return !plain(r) }) {
		return "*"
	}
	return `*"` + argSite + `":"` + site + `"*`
}
