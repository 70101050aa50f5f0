package jobs

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// DeadPage is some of the dead letters that match, the latest dead first.
type DeadPage struct {
	Letters []DeadLetter
	// Next is from where to go on; "" if nothing is left. It may be set without
	// letters: so many were looked at in vain.
	Next string
}

// deadPosition is behind so many letters that died in one second; of that second
// and of all before it, the others follow.
type deadPosition struct {
	second string // "+inf" before the first
	behind int
}

func (p deadPosition) String() string { return p.second + "." + strconv.Itoa(p.behind) }

// deadPositionOf reads what String wrote; anything else is the beginning.
func deadPositionOf(text string) deadPosition {
	second, behind, _ := strings.Cut(text, ".")
	n, err := strconv.Atoi(behind)
	if _, errSecond := strconv.ParseInt(second, 10, 64); err != nil || errSecond != nil || n < 0 {
		return deadPosition{second: "+inf"}
	}
	return deadPosition{second, n}
}

func (p *deadPosition) pass(second string) {
	if p.second != second {
		*p = deadPosition{second: second}
	}
	p.behind++
}

// LatestDead returns letters that match, the latest dead first, from after on,
// which is a Next or "". It looks at no more letters than told, so that it takes
// bounded time, whatever the filter. It needs a limit.
func (q *Queue) LatestDead(ctx context.Context, f DeadFilter, after string, look int) (page DeadPage, err error) {
	at := deadPositionOf(after)
	if at.behind == 0 && !f.To.IsZero() {
		at.second = strconv.FormatInt(f.To.Unix(), 10)
	}
	for seen := 0; seen < look; {
		count := min(deadPage, look-seen)
		found, err := q.deadFrom(ctx, at, f.From, count)
		if err != nil {
			return page, err
		}
		for _, z := range found {
			raw, _ := z.Member.(string)
			second := strconv.FormatInt(int64(z.Score), 10)
			at.pass(second)
			seen++
			if letter := letterOf(raw, second); f.matches(letter) {
				page.Letters = append(page.Letters, letter)
			}
			if len(page.Letters) == f.Limit {
				page.Next = at.String()
				return page, nil
			}
		}
		if len(found) < count {
			return page, nil
		}
	}
	page.Next = at.String()
	return page, nil
}

func (q *Queue) deadFrom(ctx context.Context, at deadPosition, from time.Time, count int) ([]redis.Z, error) {
	oldest := "-inf"
	if !from.IsZero() {
		oldest = strconv.FormatInt(from.Unix(), 10)
	}
	found, err := q.client.ZRevRangeByScoreWithScores(ctx, deadKey, &redis.ZRangeBy{
		Max: at.second, Min: oldest, Offset: int64(at.behind), Count: int64(count),
	}).Result()
	if err != nil {
		return nil, fmt.Errorf("reading dead letters: %w", err)
	}
	return found, nil
}

// DeadAt finds the letter with an id that died at a time, to the second; false if
// there is none.
func (q *Queue) DeadAt(ctx context.Context, id string, at time.Time) (DeadLetter, bool, error) {
	second := strconv.FormatInt(at.Unix(), 10)
	for offset := int64(0); ; offset += deadPage {
		found, err := q.client.ZRangeByScore(ctx, deadKey, &redis.ZRangeBy{
			Min: second, Max: second, Offset: offset, Count: deadPage,
		}).Result()
		if err != nil {
			return DeadLetter{}, false, fmt.Errorf("reading dead letters: %w", err)
		}
		for _, raw := range found {
			if !strings.Contains(raw, id) { // reading one takes much longer
				continue
			}
			if letter := letterOf(raw, second); letter.ID == id {
				return letter, true, nil
			}
		}
		if len(found) < deadPage {
			return DeadLetter{}, false, nil
		}
	}
}

// DeadCount is how many dead letters there are.
func (q *Queue) DeadCount(ctx context.Context) (int, error) {
	n, err := q.client.ZCard(ctx, deadKey).Result()
	if err != nil {
		return 0, fmt.Errorf("counting dead letters: %w", err)
	}
	return int(n), nil
}
