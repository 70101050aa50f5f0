package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// activityPage is how many entries are read at once.
const activityPage = 500

// Activities streams the entries of a site, the newest first, from the one with
// the id upTo ("" is the newest there is) back to those of since (zero is all).
// After an error it ends.
func (s *Store) Activities(ctx context.Context, site, upTo string, since time.Time) iter.Seq2[Activity, error] {
	oldest := "-"
	if !since.IsZero() {
		oldest = strconv.FormatInt(since.UnixMilli(), 10)
	}
	return func(yield func(Activity, error) bool) {
		for next := cmp.Or(upTo, "+"); next != ""; {
			page, err := s.redis.XRevRangeN(ctx, activityKey(site), next, oldest, activityPage).Result()
			if err != nil {
				yield(Activity{}, fmt.Errorf("reading activity: %w", err))
				return
			}
			next = ""
			for _, m := range page {
				if !yield(activityOf(site, m), nil) {
					return
				}
			}
			if len(page) == activityPage {
				next = before(page[activityPage-1].ID)
			}
		}
	}
}

// before is the greatest id that is less than another: Redis 6.0 has no
// exclusive ranges. "" if there is none.
func before(id string) string {
	millis, seq := idOf(id)
	switch {
	case seq > 0:
		return fmt.Sprintf("%d-%d", millis, seq-1)
	case millis > 0:
		return strconv.FormatUint(millis-1, 10) // its last
	}
	return ""
}

// idOf reads an entry's id, which Redis has written.
func idOf(id string) (millis, seq uint64) {
	first, second, _ := strings.Cut(id, "-")
	millis, _ = strconv.ParseUint(first, 10, 64)
	seq, _ = strconv.ParseUint(second, 10, 64)
	return millis, seq
}

// Ends are the ids of the newest entries, by site: what comes later is new.
type Ends map[string]string

// ActivityEnds tells where the activity of the sites ends.
func (s *Store) ActivityEnds(ctx context.Context, sites []string) (Ends, error) {
	ends := Ends{}
	for _, site := range sites {
		newest, err := s.redis.XRevRangeN(ctx, activityKey(site), "+", "-", 1).Result()
		if err != nil {
			return nil, fmt.Errorf("reading activity: %w", err)
		}
		ends[site] = "0-0"
		if len(newest) > 0 {
			ends[site] = newest[0].ID
		}
	}
	return ends, nil
}

// NextActivity returns entries that come after the ends, the oldest first, and
// moves the ends on. It waits for the first as long as told, and returns none if
// none came. After an error the ends are as they were.
func (s *Store) NextActivity(ctx context.Context, ends Ends, wait time.Duration) ([]Activity, error) {
	if len(ends) == 0 {
		return nil, nil
	}
	var keys, ids []string
	sites := map[string]string{}
	for site, id := range ends {
		key := activityKey(site)
		keys, ids, sites[key] = append(keys, key), append(ids, id), site
	}
	streams, err := s.redis.XRead(ctx, &redis.XReadArgs{Streams: append(keys, ids...), Count: activityPage, Block: wait}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("waiting for activity: %w", err)
	}
	var news []Activity
	for _, stream := range streams {
		for _, m := range stream.Messages {
			news = append(news, activityOf(sites[stream.Stream], m))
			ends[sites[stream.Stream]] = m.ID
		}
	}
	slices.SortStableFunc(news, Activity.compare)
	return news, nil
}

// compare orders by the time of writing, over all sites.
func (a Activity) compare(b Activity) int {
	millisA, seqA := idOf(a.ID)
	millisB, seqB := idOf(b.ID)
	return cmp.Or(cmp.Compare(millisA, millisB), cmp.Compare(seqA, seqB), cmp.Compare(a.Site, b.Site))
}

// SortActivity puts the oldest first, over all sites.
func SortActivity(all []Activity) { slices.SortStableFunc(all, Activity.compare) }
