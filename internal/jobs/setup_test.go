package jobs

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// bundle is a Redis of the test's own, and what is needed to look at it.
type bundle struct {
	t      *testing.T
	server *redistest.Server
	client *redis.Client
	queue  *Queue
	logs   *logBuffer
	runner *Runner // the one started last
}

func setup(t *testing.T, opts ...redistest.Option) *bundle {
	t.Helper()
	server := redistest.New(t, opts...)
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket(), Protocol: 2})
	t.Cleanup(func() { _ = client.Close() })
	return &bundle{t: t, server: server, client: client, queue: NewQueue(client), logs: &logBuffer{}}
}

// start runs a runner until the test ends or stop is called; stop returns Run's error.
func (b *bundle) start(o RunnerOptions) (stop func() error) {
	b.t.Helper()
	if o.Client == nil {
		o.Client = b.client
	}
	o.Log = slog.New(slog.NewJSONHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r, err := NewRunner(o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.runner = r
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	b.t.Cleanup(func() { _ = stop() })
	return stop
}

func (b *bundle) enqueue(s Spec) string {
	b.t.Helper()
	id, err := b.queue.Enqueue(b.t.Context(), s)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b *bundle) stats() Stats {
	b.t.Helper()
	s, err := b.queue.Stats(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *bundle) dead(f DeadFilter) []DeadLetter {
	b.t.Helper()
	var all []DeadLetter
	for l, err := range b.queue.Dead(b.t.Context(), f) {
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// nothingLeft checks that no job is anywhere but among the dead, and that the
// library's counters are back to zero.
func (b *bundle) nothingLeft() {
	b.t.Helper()
	s := b.stats()
	if s.Depth != 0 || s.Running != 0 || s.Retrying != 0 {
		b.t.Errorf("left over: %+v", s)
	}
	for pool, n := range b.client.HGetAll(b.t.Context(), lockInfoKey).Val() {
		if n != "0" {
			b.t.Errorf("pool %s still counts %s jobs", pool, n)
		}
	}
	if lists := b.client.Keys(b.t.Context(), "*inprogress").Val(); len(lists) > 0 {
		b.t.Errorf("in progress: %v", lists)
	}
}

const patience = 30 * time.Second

// eventually waits for a condition, and fails the test if it does not come.
func eventually(t *testing.T, what string, within time.Duration, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); !condition(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// runs records what handlers saw.
type runs struct {
	mu  sync.Mutex
	all []run
}

type run struct {
	Job
	At time.Time
}

// add returns how many runs of the job there were, this one included.
func (r *runs) add(j Job) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, run{j, time.Now()})
	n := 0
	for _, x := range r.all {
		if x.ID == j.ID {
			n++
		}
	}
	return n
}

func (r *runs) list() []run {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]run(nil), r.all...)
}

func (r *runs) count() int { return len(r.list()) }

// logBuffer keeps what was logged.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) count(event string) int {
	return strings.Count(l.text(), `"msg":"`+event+`"`)
}

func kind(handle func(context.Context, Job) error, schedule ...time.Duration) Kind {
	return Kind{Name: "sync", Schedule: schedule, Handle: handle}
}
