package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// together runs one script for many callers at once: what is asked while a call is
// on its way goes with the next one, in a single write and a single read. Alone, a
// caller waits for nobody; under load a webhook costs a fraction of a round trip.
// Each call has its own answer, and none is sent twice.
//
// The library's own way to do so, AutoPipeline, is experimental, and lets nobody go
// whose time is up.
type together struct {
	client redis.UniversalClient
	script *redis.Script

	mu      sync.Mutex
	waiting []*call
	busy    bool // somebody sends
}

// call is one run of the script.
type call struct {
	ctx    context.Context
	keys   []string
	args   []any
	answer *redis.Cmd
	done   chan struct{} // closed once there is an answer
}

// mostTogether bounds how long a batch holds Redis: about three milliseconds.
const mostTogether = 64

// run is like Script.Run. It returns when ctx ends, whether or not the call was sent.
func (t *together) run(ctx context.Context, keys []string, args []any) *redis.Cmd {
	c := &call{ctx: ctx, keys: keys, args: args, done: make(chan struct{})}
	t.mu.Lock()
	if t.busy {
		t.waiting = append(t.waiting, c)
		t.mu.Unlock()
		select {
		case <-c.done:
			return c.answer
		case <-ctx.Done():
			return failed(ctx)
		}
	}
	t.busy = true
	t.mu.Unlock()
	defer func() {
		if t.next() {
			go t.rest()
		}
	}()
	t.send([]*call{c})
	return c.answer
}

// rest sends until nobody waits.
func (t *together) rest() {
	for more := true; more; more = t.next() {
		t.send(t.take())
	}
}

// next says whether anybody waits, and otherwise lets the next caller send.
func (t *together) next() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy = len(t.waiting) > 0
	return t.busy
}

// take takes those who wait, without those who have gone.
func (t *together) take() []*call {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.waiting), mostTogether)
	batch := make([]*call, 0, n)
	for _, c := range t.waiting[:n] {
		if c.ctx.Err() == nil {
			batch = append(batch, c)
		}
	}
	t.waiting = slices.Delete(t.waiting, 0, n)
	return batch
}

// send runs a batch, for as long as any of its callers waits. A Redis that does not
// know the script is told it.
func (t *together) send(batch []*call) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := patience(batch)
	defer cancel()
	t.pipe(ctx, batch, t.script.EvalSha)
	var unknown []*call
	for _, c := range batch {
		if redis.HasErrorPrefix(c.answer.Err(), "NOSCRIPT") {
			unknown = append(unknown, c)
		}
	}
	if len(unknown) > 0 {
		t.pipe(ctx, unknown, t.script.Eval)
	}
	for _, c := range batch {
		close(c.done)
	}
}

// patience is that of the most patient caller.
func patience(batch []*call) (context.Context, context.CancelFunc) {
	ctx := context.WithoutCancel(batch[0].ctx)
	var last time.Time
	for _, c := range batch {
		deadline, bounded := c.ctx.Deadline()
		if !bounded {
			return ctx, func() {}
		}
		if deadline.After(last) {
			last = deadline
		}
	}
	return context.WithDeadline(ctx, last)
}

type evaluation func(context.Context, redis.Scripter, []string, ...any) *redis.Cmd

// pipe makes the calls in one round trip.
func (t *together) pipe(ctx context.Context, batch []*call, evaluate evaluation) {
	if len(batch) == 1 {
		batch[0].answer = evaluate(ctx, t.client, batch[0].keys, batch[0].args...)
		return
	}
	pipe := t.client.Pipeline()
	for _, c := range batch {
		c.answer = evaluate(ctx, pipe, c.keys, c.args...)
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
}

// failed is the answer to a call that was given up.
func failed(ctx context.Context) *redis.Cmd {
	answer := redis.NewCmd(ctx)
	answer.SetErr(ctx.Err())
	return answer
}
