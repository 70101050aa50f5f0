package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// CatchUp is how a site's scheduled catch-up stands, for people to see. Times are
// zero where there was none.
type CatchUp struct {
	// Of the last one that ended: when, whether it went well, whether it walked all
	// members, what it found, and Outcome's reason.
	Last   time.Time
	OK     bool
	Full   bool
	Found  map[string]int
	Reason string

	Good     time.Time // when the last one ended that went well
	LastFull time.Time // when the last full walk that went well began
	Next     time.Time // when the next is due; earlier if Asked

	// Asked is why a full walk is owed; "" if none is.
	Asked string

	// Who has the turn now, since when, and why it walks all members; Who is "" if
	// nobody has it.
	Who   string
	Since time.Time
	Why   string
}

// CatchUps says how the catch-ups of the sites stand, in their order.
func (s *Store) CatchUps(ctx context.Context, sites []string) ([]CatchUp, error) {
	pipe := s.redis.Pipeline()
	answers := make([]*redis.MapStringStringCmd, len(sites))
	for i, site := range sites {
		answers[i] = pipe.HGetAll(ctx, catchUpKey(site))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("looking at catch-ups: %w", err)
	}
	all := make([]CatchUp, len(sites))
	for i, answer := range answers {
		var err error
		if all[i], err = readCatchUp(answer.Val()); err != nil {
			return nil, fmt.Errorf("looking at catch-ups: %w", err)
		}
	}
	return all, nil
}

func readCatchUp(fields map[string]string) (CatchUp, error) {
	c := CatchUp{
		Last: moment(fields["last"]), OK: fields["ok"] == "1", Full: fields["walked"] == "1", Reason: fields["reason"],
		Good: moment(fields["good"]), LastFull: moment(fields["full"]), Next: moment(fields["next"]), Asked: fields["asked"],
	}
	if c.Asked == "" {
		c.Asked = fields["owed"]
	}
	if fields["until"] != "" {
		c.Who, c.Since, c.Why = fields["who"], moment(fields["began"]), fields["why"]
	}
	if fields["found"] == "" {
		return c, nil
	}
	return c, json.Unmarshal([]byte(fields["found"]), &c.Found)
}
