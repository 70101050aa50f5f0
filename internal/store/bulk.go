package store

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// bulk is one script over many members, in calls that each hold Redis for less
// than a few milliseconds: a webhook must not wait for a sync.
type bulk struct {
	script *redis.Script
	n      int // members
	size   int // members in a call
	// ask makes the call for the members from…to; hear reads its answer.
	ask  func(from, to int) (keys []string, args []any)
	hear func(from, to int, answer *redis.Cmd) error
}

// inFlight is how many calls are sent before the first answer is read.
const inFlight = 10

// do makes all calls, several in one round trip. After an error some may have
// been carried out.
func (b bulk) do(ctx context.Context, client redis.UniversalClient) error {
	for start := 0; start < b.n; start += b.size * inFlight {
		pipe := client.Pipeline()
		end := min(start+b.size*inFlight, b.n)
		var answers []*redis.Cmd
		for from := start; from < end; from += b.size {
			keys, args := b.ask(from, min(from+b.size, end))
			answers = append(answers, b.script.Eval(ctx, pipe, keys, args...))
		}
		_, _ = pipe.Exec(ctx) // each answer has its own error
		for i, answer := range answers {
			from := start + i*b.size
			if err := answer.Err(); err != nil {
				return err
			}
			if err := b.hear(from, min(from+b.size, end), answer); err != nil {
				return err
			}
		}
	}
	return nil
}
