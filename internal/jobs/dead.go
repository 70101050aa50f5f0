package jobs

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// DeadLetter is a job that failed for good.
type DeadLetter struct {
	ID         string    `json:"id"`
	Site       string    `json:"site"`
	Kind       string    `json:"kind"`
	Event      string    `json:"event"`
	Key        string    `json:"member_id"`
	EmailHash  string    `json:"email_hash"`
	Attempts   int       `json:"attempts"`
	Reason     string    `json:"reason"`
	Code       string    `json:"code"`
	ReceivedAt time.Time `json:"received_at"`
	DiedAt     time.Time `json:"died_at"` // to the second
	// History is the failed attempts, the last 20 of them, oldest first.
	History []Attempt `json:"history,omitempty"`
	// Run is the replay that the job was last revived by; empty if none.
	Run string `json:"-"`

	raw string
}

// DeadFilter chooses dead letters; every field that is set has to match.
type DeadFilter struct {
	// From and To bound when it died; both are inclusive, to the second.
	From, To  time.Time
	Site      string
	Kind      string
	ID        string
	Reason    string // part of the reason or of the code, in any case
	EmailHash string
	Except    string // leaves out the letters of this replay
	Limit     int    // at most so many; zero is all
}

// deadPage is how many dead letters are in memory at once.
const deadPage = 500

// Dead streams the dead letters that match, the longest dead first. Letters may
// be replayed or dropped while they are read. After an error it ends.
func (q *Queue) Dead(ctx context.Context, f DeadFilter) iter.Seq2[DeadLetter, error] {
	return func(yield func(DeadLetter, error) bool) {
		found := 0
		for letter, err := range q.letters(ctx, f) {
			if err == nil && !f.matches(letter) {
				continue
			}
			if !yield(letter, err) {
				return
			}
			if found++; err == nil && found == f.Limit {
				return
			}
		}
	}
}

// letters streams every letter of the filter's span.
func (q *Queue) letters(ctx context.Context, f DeadFilter) iter.Seq2[DeadLetter, error] {
	return func(yield func(DeadLetter, error) bool) {
		score, member := "-inf", ""
		if !f.From.IsZero() {
			score = fmt.Sprint(f.From.Unix())
		}
		for {
			page, err := pageScript.Run(ctx, q.client, []string{deadKey}, score, member, deadPage).StringSlice()
			if err != nil {
				yield(DeadLetter{}, fmt.Errorf("reading dead letters: %w", err))
				return
			}
			for i := 0; i+1 < len(page); i += 2 {
				member, score = page[i], page[i+1]
				letter := letterOf(member, score)
				if !f.To.IsZero() && letter.DiedAt.Unix() > f.To.Unix() || !yield(letter, nil) {
					return
				}
			}
			if len(page) < 2*deadPage {
				return
			}
		}
	}
}

func letterOf(raw, score string) DeadLetter {
	letter := DeadLetter{DiedAt: time.Unix(number(score), 0), raw: raw}
	e, err := decode(raw)
	if err != nil {
		letter.Reason = err.Error()
		return letter
	}
	letter.ID, letter.Reason = e.ID, e.Reason
	letter.Site, letter.Kind, letter.Key = e.Args[argSite], e.Args[argKind], e.Args[argKey]
	letter.Event, letter.EmailHash, letter.Code = e.Args[argEvent], e.Args[argEmailHash], e.Args[argCode]
	letter.Attempts, letter.History = int(number(e.Args[argAttempts])), historyOf(e.Args)
	letter.ReceivedAt, letter.Run = receivedAt(e.Args), e.Args[argRun]
	return letter
}

func (f DeadFilter) matches(l DeadLetter) bool {
	is := func(want, have string) bool { return want == "" || want == have }
	has := func(text string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(f.Reason)) }
	if f.Except != "" && f.Except == l.Run {
		return false
	}
	return is(f.Site, l.Site) && is(f.Kind, l.Kind) && is(f.ID, l.ID) && is(f.EmailHash, l.EmailHash) &&
		(has(l.Reason) || has(l.Code))
}

// trimDead applies the limits on age and number, the oldest go first; zero is
// no limit. It returns how many letters it dropped.
func trimDead(ctx context.Context, client redis.UniversalClient, now time.Time, retention time.Duration, limit int) (int64, error) {
	var dropped int64
	if retention > 0 {
		n, err := client.ZRemRangeByScore(ctx, deadKey, "-inf", fmt.Sprintf("(%d", now.Add(-retention).Unix())).Result()
		if err != nil {
			return 0, fmt.Errorf("dropping old dead letters: %w", err)
		}
		dropped += n
	}
	if limit > 0 {
		n, err := client.ZRemRangeByRank(ctx, deadKey, 0, int64(-limit-1)).Result()
		if err != nil {
			return dropped, fmt.Errorf("dropping dead letters over the limit: %w", err)
		}
		dropped += n
	}
	return dropped, nil
}
