package doctor

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errOver is what a question ends in whose turn did not come in time.
var errOver = errors.New("the time for all checks was over; ask for one site alone: ghostcm doctor SITE")

// answer is the answer to a question that several checks share. It is asked
// when the first of them needs it, and only then.
type answer[T any] func() (T, error)

// once makes an answer of a question, which gets its own bound and waits for its
// turn among all the others.
func once[T any](ctx context.Context, turns chan struct{}, question func(context.Context) (T, error)) answer[T] {
	return sync.OnceValues(func() (T, error) { return ask(ctx, turns, questionWithin, question) })
}

func ask[T any](
	ctx context.Context, turns chan struct{}, within time.Duration, question func(context.Context) (T, error),
) (none T, err error) {
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	case <-ctx.Done():
		return none, errOver
	}
	asking, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return question(asking)
}

// after is an answer that is asked for only once another question was answered
// well; else it is that question's error.
func after[A, B any](first answer[A], then answer[B]) answer[B] {
	return func() (none B, err error) {
		if _, err := first(); err != nil {
			return none, err
		}
		return then()
	}
}
