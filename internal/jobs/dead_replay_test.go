package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

func (b *bundle) underway(run string) int {
	b.t.Helper()
	n, err := b.queue.Underway(b.t.Context(), run)
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// A replay that met its own letters again would go round for ever.
func TestAReplayKnowsWhatDiedOfIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.die(4, 4, time.Now())
	b.start(RunnerOptions{Queue: b.queue, Kinds: []Kind{
		kind(func(context.Context, Job) error { return Permanent(errors.New("still gone")) }),
		{Name: "grant", Handle: func(context.Context, Job) error { return nil }},
	}})
	replayed := 0
	for l, err := range b.queue.Dead(t.Context(), DeadFilter{Except: "run1"}) {
		if err != nil || l.Run != "" {
			t.Fatalf("%+v, %v", l, err)
		}
		if ok, err := b.queue.Replay(t.Context(), l, Revival{Run: "run1"}); !ok || err != nil {
			t.Fatalf("%t, %v", ok, err)
		}
		replayed++
		eventually(t, "it is settled", patience, func() bool { return b.underway("run1") == 0 })
	}
	died := b.dead(DeadFilter{})
	if replayed != 4 || len(died) != 2 || died[0].Run != "run1" || died[0].Reason != "still gone" {
		t.Errorf("replayed %d; dead are %+v", replayed, died)
	}
	if others := b.dead(DeadFilter{Except: "run2"}); len(others) != 2 {
		t.Errorf("another replay would meet %d of them", len(others))
	}
	if h := died[0].History; len(h) != 1 || h[0].Reason != "still gone" {
		t.Errorf("history: %+v", h)
	}
}

func TestWhatAReplayStartedIsUnderwayWhereverItIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.die(3, 3, time.Unix(1700000000, 0))
	for l, err := range b.queue.Dead(t.Context(), DeadFilter{Kind: "sync"}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.queue.Replay(t.Context(), l, Revival{Run: "run"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.underway("run"); n != 2 || b.underway("other") != 0 {
		t.Fatalf("%d underway in the queue", n)
	}
	let := make(chan struct{})
	var waits atomic.Bool
	b.start(RunnerOptions{Queue: b.queue, Kinds: []Kind{kind(func(_ context.Context, j Job) error {
		if j.ID == "id00000" && !waits.Swap(true) {
			return Snooze(time.Hour)
		}
		<-let
		return nil
	})}})
	eventually(t, "one waits, one runs", patience, func() bool { s := b.stats(); return s.Retrying == 1 && s.Running == 1 })
	if n := b.underway("run"); n != 2 {
		t.Errorf("%d underway, of which one waits and one runs", n)
	}
	close(let)
	eventually(t, "one is left", patience, func() bool { return b.underway("run") == 1 })
}

func TestALetterThatIsKeptIsReplayedUnderAnotherID(t *testing.T) {
	t.Parallel()
	b, seen := setup(t), &runs{}
	b.die(1, 1, time.Unix(1700000000, 0))
	l := b.dead(DeadFilter{})[0]
	for range 2 {
		if ok, err := b.queue.Replay(t.Context(), l, Revival{Keep: true}); !ok || err != nil {
			t.Fatalf("%t, %v", ok, err)
		}
	}
	b.start(RunnerOptions{Queue: b.queue, Kinds: []Kind{kind(func(_ context.Context, j Job) error { seen.add(j); return nil })}})
	eventually(t, "both ran", patience, func() bool { return seen.count() == 2 })
	all := seen.list()
	if all[0].ID == l.ID || all[0].ID == all[1].ID || all[0].Key != "m0" {
		t.Errorf("ran as %+v", all)
	}
	if b.stats().Dead != 1 {
		t.Error("the letter was not kept")
	}
	if ok, _ := b.queue.Drop(t.Context(), l); !ok {
		t.Error("the letter was gone")
	}
	if ok, err := b.queue.Replay(t.Context(), l, Revival{Keep: true}); ok || err != nil {
		t.Errorf("a letter that is gone was replayed: %t, %v", ok, err)
	}
}

// Whoever replays may be killed at any moment, and the connection may break
// before a command is sent or before its answer is read. The letter is then
// either still there or its job is queued, never both, never neither.
func TestAReplayThatIsCutOffNeitherLosesNorDoubles(t *testing.T) {
	t.Parallel()
	const letters = 400
	b := setup(t)
	b.die(letters, 50, time.Unix(1700000000, 0))
	line := &cutLine{socket: b.server.Socket()}
	client := redis.NewClient(&redis.Options{Protocol: 2, MaxRetries: -1, Dialer: line.dial})
	defer client.Close()
	cutting, failed := NewQueue(client), 0
	for round := 0; b.stats().Dead > 0; round++ {
		if round == 100 {
			t.Fatalf("%d letters are never replayed", b.stats().Dead)
		}
		for l, err := range b.queue.Dead(t.Context(), DeadFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if _, err := cutting.Replay(t.Context(), l, Revival{}); err != nil {
				failed++ // whether it was replayed, nobody knows
			}
		}
		b.accountedFor(letters)
	}
	if failed < letters/4 || line.deaf.Load() == 0 || line.mute.Load() == 0 {
		t.Errorf("the faults did not bite: %d failures, %d unsent, %d unheard", failed, line.mute.Load(), line.deaf.Load())
	}
}

// cutLine breaks one command in five before it is sent, and one in five after
// Redis did it.
type cutLine struct {
	socket     string
	mute, deaf atomic.Int64
}

func (c *cutLine) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", c.socket)
	return &cutConn{Conn: conn, line: c}, err
}

type cutConn struct {
	net.Conn
	line *cutLine
	deaf bool
}

func (c *cutConn) Write(p []byte) (int, error) {
	if bytes.Contains(bytes.ToLower(p), []byte("evalsha")) {
		switch dice := rand.IntN(5); dice {
		case 0:
			c.line.mute.Add(1)
			return 0, errInjected
		case 1:
			c.deaf = true
		}
	}
	return c.Conn.Write(p)
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p) // Redis has done it
	if c.deaf && err == nil {
		c.line.deaf.Add(1)
		return 0, errInjected
	}
	return n, err
}

// accountedFor checks that each of n letters is either dead or queued, once.
func (b *bundle) accountedFor(n int) {
	b.t.Helper()
	if s := b.stats(); s.Dead+s.Depth != n {
		b.t.Fatalf("%d dead and %d queued, of %d", s.Dead, s.Depth, n)
	}
	seen := map[string]int{}
	for _, raw := range b.client.LRange(b.t.Context(), queueKey, 0, -1).Val() {
		e, err := decode(raw)
		if err != nil {
			b.t.Fatal(err)
		}
		seen[e.ID]++
	}
	for _, l := range b.dead(DeadFilter{}) {
		seen[l.ID]++
	}
	if len(seen) != n {
		b.t.Fatalf("%d letters of %d are left", len(seen), n)
	}
}

func TestALetterThatManyReplayIsReplayedOnce(t *testing.T) {
	t.Parallel()
	const letters, people = 200, 8
	b := setup(t)
	b.die(letters, 50, time.Unix(1700000000, 0))
	var won atomic.Int64
	var group sync.WaitGroup
	for range people {
		group.Go(func() {
			for l, err := range b.queue.Dead(t.Context(), DeadFilter{}) {
				if err != nil {
					t.Error(err)
					return
				}
				ok, err := b.queue.Replay(t.Context(), l, Revival{})
				if err != nil {
					t.Error(err)
				}
				if ok {
					won.Add(1)
				}
			}
		})
	}
	group.Wait()
	if won.Load() != letters {
		t.Errorf("%d replays of %d letters", won.Load(), letters)
	}
	b.accountedFor(letters)
}

func TestWhatRedisAcknowledgedOfAReplayOutlivesItsDeath(t *testing.T) {
	t.Parallel()
	const letters = 300
	b := setup(t, redistest.AOF())
	b.die(letters, 50, time.Unix(1700000000, 0))
	n := 0
	for l, err := range b.queue.Dead(t.Context(), DeadFilter{}) {
		if err != nil {
			break
		}
		if _, err := b.queue.Replay(t.Context(), l, Revival{}); err != nil {
			break
		}
		if n++; n == letters/2 {
			b.server.Kill()
		}
	}
	b.server.Restart()
	b.accountedFor(letters)
	if s := b.stats(); s.Depth < letters/2 {
		t.Errorf("%d acknowledged, %d queued", n, s.Depth)
	}
}

// Dead letters may be more than fit in memory: they are read page by page. Not
// beside other tests: they have the same heap.
func TestAHundredThousandDeadLettersAreNeverHeldAtOnce(t *testing.T) { //nolint:paralleltest // see above
	const letters, bound = 100_000, 32 << 20
	b := setup(t)
	b.dieLong(letters)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n, most := 0, uint64(0)
	for l, err := range b.queue.Dead(t.Context(), DeadFilter{}) {
		if err != nil || len(l.History) != 10 {
			t.Fatalf("%v, %d attempts", err, len(l.History))
		}
		if n++; n%20_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
		}
	}
	if n != letters {
		t.Errorf("read %d of %d", n, letters)
	}
	if most > bound {
		t.Errorf("held %d MiB; all of them are about %d MiB", most>>20, letters*2000>>20)
	}
}

// dieLong is many letters with a long history each, some 2 KB of it.
func (b *bundle) dieLong(n int) {
	b.t.Helper()
	args := map[string]string{argKind: "sync", argSite: "news"}
	for range 10 {
		remember(args, Attempt{At: time.Unix(1700000000, 0), Code: "cm:500", Reason: fmt.Sprintf("%0150d", 1)})
	}
	first := (&entry{Name: jobName, ID: "id000000", EnqueuedAt: 1, Args: args}).encode()
	for start := 0; start < n; start += 1000 {
		pipe := b.client.Pipeline()
		for i := start; i < min(start+1000, n); i++ {
			raw := strings.Replace(first, "id000000", fmt.Sprintf("id%06d", i), 1)
			pipe.ZAdd(b.t.Context(), deadKey, redis.Z{Score: float64(1700000000 + i/700), Member: raw})
		}
		if _, err := pipe.Exec(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
}
