package jobs

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	redigo "github.com/gomodule/redigo/redis"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

var errInjected = errors.New("injected: connection broken")

// faulty breaks one commit in ten before it is sent and one in ten after Redis
// did it, and loses one answer in twenty of those that hand out a job.
type faulty struct {
	redigo.Conn
	broken bool
	sent   []command // whose answers are to come
}

type command struct {
	name string
	args []any
}

func (c command) isCommit() bool {
	return strings.HasPrefix(c.name, "EVAL") && len(c.args) > 2 && strings.HasSuffix(text(c.args[2]), ":inprogress")
}

func (f *faulty) Err() error {
	if f.broken {
		return errInjected
	}
	return f.Conn.Err()
}

func (f *faulty) Do(cmd string, args ...any) (any, error) {
	if cmd == "" && f.broken {
		return nil, nil
	}
	if err := f.Send(cmd, args...); err != nil {
		return nil, err
	}
	if err := f.Flush(); err != nil {
		return nil, err
	}
	return f.Receive()
}

func (f *faulty) Send(cmd string, args ...any) error {
	c := command{cmd, args}
	f.broken = f.broken || c.isCommit() && rand.IntN(100) < 10
	if f.broken {
		return errInjected
	}
	if cmd == "" {
		return nil
	}
	f.sent = append(f.sent, c)
	return f.Conn.Send(cmd, args...)
}

func (f *faulty) Flush() error {
	if f.broken {
		return errInjected
	}
	return f.Conn.Flush()
}

func (f *faulty) Receive() (any, error) {
	if f.broken {
		return nil, errInjected
	}
	if len(f.sent) == 0 {
		return nil, nil
	}
	answered := f.sent[0]
	f.sent = f.sent[1:]
	v, err := f.Conn.Receive()
	dice := rand.IntN(100)
	if answered.isCommit() && dice < 10 || isFetch(answered.name, answered.args) && v != nil && dice >= 95 {
		f.broken = true
		return nil, errInjected
	}
	return v, err
}

func TestNoOutcomeIsLostWhenConnectionsBreak(t *testing.T) {
	t.Parallel()
	const n = 1000
	b, tally := setup(t), newTally()
	real := dialer(b.client)
	stop := b.start(RunnerOptions{
		Kinds: []Kind{kind(tally.failOnce, time.Millisecond, time.Millisecond)}, Queue: b.queue,
		sweepEvery: 100 * time.Millisecond, poll: 100 * time.Millisecond,
		dial: func(ctx context.Context) (redigo.Conn, error) {
			c, err := real(ctx)
			return &faulty{Conn: c}, err
		},
	})
	for range n {
		b.enqueue(Spec{Kind: "sync"})
	}
	tally.waitFor(t, n)
	eventually(t, "every job is settled", patience, func() bool {
		s := b.stats()
		return s.Depth+s.Retrying+s.Running == 0
	})
	if err := stop(); err != nil {
		t.Error(err)
	}
	b.nothingLeft()
	if s := b.stats(); s.Dead != 0 {
		t.Errorf("%d jobs died of broken connections", s.Dead)
	}
	// A lost answer costs no run (the handler never saw the job) and a repeated
	// commit none either; so only a slow machine makes extra runs.
	if tally.twice() > n/50 {
		t.Errorf("%d of %d jobs were done twice", tally.twice(), n)
	}
	if b.logs.count("jobs.swept") == 0 {
		t.Error("nothing was swept: the faults did not bite")
	}
}

func TestNothingAcknowledgedIsLostWhenRedisIsKilled(t *testing.T) {
	t.Parallel()
	b, tally := setup(t, redistest.AOF()), newTally()
	stop := b.start(RunnerOptions{
		Kinds: []Kind{kind(tally.failOnce, time.Millisecond, time.Millisecond)}, Queue: b.queue,
		sweepEvery: 100 * time.Millisecond, poll: 100 * time.Millisecond,
	})
	acknowledged := 0
	for range 3 {
		for range 200 {
			b.enqueue(Spec{Kind: "sync"})
			acknowledged++
		}
		b.server.Kill()
		b.server.Restart()
	}
	tally.waitFor(t, acknowledged)
	eventually(t, "every job is settled", patience, func() bool {
		s := b.stats()
		return s.Depth+s.Retrying+s.Running == 0
	})
	if err := stop(); err != nil {
		t.Error(err)
	}
	b.nothingLeft()
}

func TestAFrozenRedisStrandsNothing(t *testing.T) {
	t.Parallel()
	b, tally := setup(t), newTally()
	b.start(RunnerOptions{
		Kinds: []Kind{kind(tally.failOnce, time.Millisecond, time.Millisecond)}, Queue: b.queue,
		sweepEvery: 100 * time.Millisecond,
	})
	for range 200 {
		b.enqueue(Spec{Kind: "sync"})
	}
	b.server.Freeze()
	outage, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := b.client.Ping(outage).Err(); err == nil {
		t.Fatal("Redis answers: it is not frozen")
	}
	b.server.Thaw()
	tally.waitFor(t, 200)
	eventually(t, "every job is settled", patience, func() bool {
		s := b.stats()
		return s.Depth+s.Retrying+s.Running == 0
	})
	b.nothingLeft()
}

// tally counts how often each job was begun and done.
type tally struct {
	mu          sync.Mutex
	begun, done map[string]int
}

func newTally() *tally { return &tally{begun: map[string]int{}, done: map[string]int{}} }

func (y *tally) failOnce(_ context.Context, j Job) error {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.begun[j.ID]++
	if j.Attempt == 1 {
		return errors.New("the first attempt fails")
	}
	y.done[j.ID]++
	return nil
}

func (y *tally) waitFor(t *testing.T, jobs int) {
	t.Helper()
	eventually(t, "every job is done", 2*patience, func() bool {
		y.mu.Lock()
		defer y.mu.Unlock()
		return len(y.done) == jobs
	})
}

func (y *tally) twice() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	n := 0
	for _, times := range y.done {
		if times > 1 {
			n++
		}
	}
	return n
}
