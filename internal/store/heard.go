package store

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Heard is what is known of the webhooks of a site's Ghost as a whole. Zero
// times are never.
type Heard struct {
	At        time.Time // when the last one was accepted
	RefusedAt time.Time // when the last one was refused that named the site
	Refusal   string    // the code of its answer
	// ContradictedAt is when one was accepted whose URL names another event than
	// its signed body.
	ContradictedAt time.Time
}

// The fields of the hash.
const (
	heardAt           = "at"
	heardRefused      = "refused"
	heardRefusal      = "refusal"
	heardContradicted = "contradicted"
)

// Hear remembers news of sites' webhooks, without end; of each, zero times leave
// what is remembered. A time that is older than the remembered one of another
// process may win, so that callers tell their news every few seconds.
func (s *Store) Hear(ctx context.Context, news map[string]Heard) error {
	pipe := s.redis.Pipeline()
	for site, h := range news {
		var fields []any
		for name, at := range map[string]time.Time{
			heardAt: h.At, heardRefused: h.RefusedAt, heardContradicted: h.ContradictedAt,
		} {
			if !at.IsZero() {
				fields = append(fields, name, at.UnixMilli())
			}
		}
		if !h.RefusedAt.IsZero() {
			fields = append(fields, heardRefusal, h.Refusal)
		}
		if len(fields) > 0 {
			pipe.HSet(ctx, heardKey(site), fields...)
		}
	}
	if pipe.Len() == 0 {
		return nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("remembering when webhooks came: %w", err)
	}
	return nil
}

// Heard recalls what was heard of a site's webhooks.
func (s *Store) Heard(ctx context.Context, site string) (Heard, error) {
	stored, err := s.redis.HGetAll(ctx, heardKey(site)).Result()
	if err != nil {
		return Heard{}, fmt.Errorf("recalling when webhooks came: %w", err)
	}
	return heardOf(stored), nil
}

func heardOf(stored map[string]string) Heard {
	return Heard{
		At: moment(stored[heardAt]), RefusedAt: moment(stored[heardRefused]), Refusal: stored[heardRefusal],
		ContradictedAt: moment(stored[heardContradicted]),
	}
}

// moment reads Unix milliseconds; anything else is never.
func moment(text string) time.Time {
	millis, err := strconv.ParseInt(text, 10, 64)
	if err != nil || millis <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis)
}

func heardKey(site string) string { return namespace + "heard:" + site }
