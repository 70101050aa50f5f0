package intake_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/intake"
	"github.com/ghostcm/ghostcm/internal/spool"
)

var (
	errAway   = errors.New("connection refused")
	errBroken = errors.New("WRONGTYPE")
)

// upstream is a Redis that can be away, hang, be replaced, and refuse one delivery
// for good.
type upstream struct {
	mu      sync.Mutex
	away    error
	hangs   bool
	name    string
	took    []string
	refuses string
	breaks  bool   // connections of deliveries, not those that ask
	breakOn string // the same of one delivery
	passes  func() // called once, when the next delivery has been taken
	asked   int    // by deliveries
}

func (u *upstream) set(change func(*upstream)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	change(u)
}

func (u *upstream) state() (away error, hangs bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.away, u.hangs
}

func (u *upstream) ask(ctx context.Context) (string, error) {
	away, hangs := u.state()
	if hangs {
		<-ctx.Done()
		return "", ctx.Err()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.name, away
}

func (u *upstream) take(ctx context.Context, what string) error {
	away, hangs := u.state()
	u.set(func(u *upstream) { u.asked++ })
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	if away != nil {
		return away
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if what == u.refuses {
		return errBroken
	}
	if u.breaks || u.breakOn == what {
		return errAway
	}
	u.took = append(u.took, what)
	if passes := u.passes; passes != nil {
		u.passes = nil
		u.mu.Unlock()
		defer u.mu.Lock()
		passes()
	}
	return nil
}

func (u *upstream) list() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.took)
}

type rig struct {
	ahead atomic.Int64 // of the clock, in nanoseconds
	*intake.Intake
	t       *testing.T
	redis   *upstream
	dir     string
	drained chan int
	log     *strings.Builder
	stop    func()
}

// setup runs an intake over dir, until the test ends or stop is called.
func setup(t *testing.T, dir string, redis *upstream) *rig {
	t.Helper()
	r := &rig{t: t, redis: redis, dir: dir, drained: make(chan int, 100), log: &strings.Builder{}}
	way := func(ctx context.Context, data json.RawMessage) error {
		var what string
		if err := json.Unmarshal(data, &what); err != nil {
			return err
		}
		return redis.take(ctx, what)
	}
	r.Intake = intake.New(intake.Options{
		Ways: map[string]intake.Way{"test": way}, Ask: redis.ask, Now: r.now, Patience: 50 * time.Millisecond,
		Refuses: func(err error) bool { return errors.Is(err, errBroken) },
		Drained: func(_ context.Context, n int) { r.drained <- n },
		Log:     slog.New(slog.NewJSONHandler(r.log, nil)),
	})
	disk, err := spool.Open(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r.Spill(disk)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	r.stop = sync.OnceFunc(func() { cancel(); running.Wait(); _ = disk.Close() })
	t.Cleanup(r.stop)
	return r
}

func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

func (r *rig) take(what string) (spooled bool) {
	r.t.Helper()
	spooled, err := r.Take(r.t.Context(), intake.Delivery{
		Kind: "test", At: time.Now(), Data: what,
		Direct: func(ctx context.Context) error { return r.redis.take(ctx, what) },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return spooled
}

func (r *rig) eventually(what string, holds func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("never: %s; Redis has %q", what, r.redis.list())
		}
	}
}

func TestWhatRedisTakesNeverTouchesTheDisk(t *testing.T) {
	t.Parallel()
	r := setup(t, t.TempDir(), &upstream{name: "1"})
	if r.take("a") || r.Waiting().Records != 0 {
		t.Error("it went to disk")
	}
	if got := r.redis.list(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("Redis has %q", got)
	}
}

func TestWhatRedisDoesNotTakeWaitsOnDiskAndGoesInByItselfInOrder(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*upstream){
		"away":  func(u *upstream) { u.away = errAway },
		"hangs": func(u *upstream) { u.hangs = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := &upstream{name: "1"}
			redis.set(fault)
			r := setup(t, t.TempDir(), redis)
			for _, what := range []string{"a", "b", "c"} {
				if !r.take(what) {
					t.Error("it passes for taken by Redis")
				}
			}
			if n := r.Waiting().Records; n != 3 {
				t.Errorf("%d wait", n)
			}
			redis.set(func(u *upstream) { u.away, u.hangs = nil, false })
			r.eventually("all is in Redis", func() bool { return slices.Equal(redis.list(), []string{"a", "b", "c"}) })
			if n := <-r.drained; n != 3 {
				t.Errorf("told of %d", n)
			}
			r.eventually("Redis is asked again", func() bool { return !r.take("later") })
		})
	}
}

func TestNoDeliveryWaitsForARedisThatIsKnownToBeAway(t *testing.T) {
	t.Parallel()
	redis := &upstream{name: "1", hangs: true}
	r := setup(t, t.TempDir(), redis)
	asked := func() int { redis.mu.Lock(); defer redis.mu.Unlock(); return redis.asked }
	r.take("first")
	r.eventually("the circuit is open", func() bool {
		before := asked()
		r.take("another")
		return asked() == before
	})
}

func TestTheNextProcessHandsInWhatACrashedOneLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := setup(t, dir, &upstream{away: errAway})
	first.take("a")
	first.take("b")
	first.stop()
	second := setup(t, dir, &upstream{name: "1"})
	second.eventually("all is in Redis", func() bool { return slices.Equal(second.redis.list(), []string{"a", "b"}) })
}

// A Redis that was killed, or a replica that took over, may lack what was
// acknowledged within its last second.
func TestAnotherRedisIsHandedTheLastSecondsAgain(t *testing.T) {
	t.Parallel()
	redis := &upstream{name: "1"}
	r := setup(t, t.TempDir(), redis)
	r.take("a")
	r.take("b")
	r.eventually("Redis was looked at", func() bool { return r.Seen() == "1" })
	redis.set(func(u *upstream) { u.name, u.took = "2", nil })
	r.eventually("the new one has them", func() bool { return slices.Equal(redis.list(), []string{"a", "b"}) })
}

// A master that was frozen comes back, takes what waited on disk, and is demoted
// before its replicas have that, or what it took last before.
func TestWhatAMasterTookAroundAnOutageIsHandedToTheNextOne(t *testing.T) {
	t.Parallel()
	redis := &upstream{name: "1"}
	r := setup(t, t.TempDir(), redis)
	r.take("a")
	redis.set(func(u *upstream) { u.away = errAway })
	r.take("b")
	r.ahead.Store(int64(10 * time.Second)) // as long as it is away
	redis.set(func(u *upstream) { u.away = nil })
	r.eventually("the disk is empty", func() bool { return r.Waiting().Records == 0 })
	redis.set(func(u *upstream) { u.name, u.took = "2", nil })
	r.eventually("the new one has them", func() bool { return slices.Equal(redis.list(), []string{"a", "b"}) })
}

func TestADeliveryThatAWellRedisRefusesHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	redis := &upstream{name: "1", away: errAway, refuses: "poison"}
	dir := t.TempDir()
	r := setup(t, dir, redis)
	for _, what := range []string{"a", "poison", "c"} {
		r.take(what)
	}
	redis.set(func(u *upstream) { u.away = nil })
	r.eventually("the others are in Redis", func() bool { return slices.Equal(redis.list(), []string{"a", "c"}) })
	r.eventually("it is set aside", func() bool {
		seen, err := spool.Look(dir)
		return err == nil && len(seen.Aside) == 1 && seen.Segments == 0
	})
}

func TestWithoutADiskNothingIsAcknowledgedThatRedisDidNotTake(t *testing.T) {
	t.Parallel()
	i := intake.New(intake.Options{
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Ask: func(context.Context) (string, error) { return "", errAway },
	})
	_, err := i.Take(t.Context(), intake.Delivery{Kind: "test", Data: 1, Direct: func(context.Context) error { return errAway }})
	if !errors.Is(err, errAway) || i.Ready() {
		t.Errorf("%v, ready %v", err, i.Ready())
	}
}

// What anybody may have sent is not to fill the disk; but once it is acknowledged, it
// is as safe as all.
func TestWhatNeverWaitsOnDiskIsRefusedWhileRedisIsAwayAndElseRemembered(t *testing.T) {
	t.Parallel()
	redis := &upstream{name: "1"}
	r := setup(t, t.TempDir(), redis)
	fleeting := intake.Delivery{
		Kind: "test", At: time.Now(), Direct: func(ctx context.Context) error { return redis.take(ctx, "a") },
	}
	if _, err := r.Take(t.Context(), fleeting); err != nil {
		t.Fatal(err)
	}
	r.eventually("Redis was looked at", func() bool { return r.Seen() == "1" })
	redis.set(func(u *upstream) { u.name, u.took = "2", nil })
	r.eventually("the new one has it", func() bool { return slices.Equal(redis.list(), []string{"a"}) })
	redis.set(func(u *upstream) { u.away = errAway })
	if spooled, err := r.Take(t.Context(), fleeting); err == nil || spooled || r.Waiting().Records != 0 {
		t.Errorf("spooled %t, %v, %d wait", spooled, err, r.Waiting().Records)
	}
}

func TestARedisThatDoesNotSayWhichItIsTakesDeliveriesAllTheSame(t *testing.T) {
	t.Parallel()
	r := setup(t, t.TempDir(), &upstream{name: ""})
	r.eventually("deliveries go to Redis", func() bool { return !r.take("a") && !r.take("b") })
	if n := r.Waiting().Records; n != 0 {
		t.Errorf("%d wait on disk", n)
	}
}

func TestADeliveryThatAnotherRedisRefusesDoesNotKeepTheCircuitOpen(t *testing.T) {
	t.Parallel()
	redis := &upstream{name: "1"}
	r := setup(t, t.TempDir(), redis)
	r.take("a")
	r.take("b")
	r.eventually("Redis was looked at", func() bool { return r.Seen() == "1" })
	redis.set(func(u *upstream) { u.name, u.took, u.refuses = "2", nil, "a" })
	r.eventually("the new one has the other", func() bool { return slices.Equal(redis.list(), []string{"b"}) })
	r.eventually("and is asked", func() bool { return !r.take("c") })
}

// The client of deliveries may take a second longer than the one that asks to find a
// new master.
func TestWhatAConnectionFailsForIsNeitherSetAsideNorForgotten(t *testing.T) {
	t.Parallel()
	redis := &upstream{name: "1"}
	r := setup(t, t.TempDir(), redis)
	r.take("a")
	r.eventually("Redis was looked at", func() bool { return r.Seen() == "1" })
	redis.set(func(u *upstream) { u.away = errAway })
	r.take("b")
	redis.set(func(u *upstream) { u.name, u.took, u.away, u.breaks, u.asked = "2", nil, nil, true, 0 })
	r.eventually("it was tried again and again", func() bool { redis.mu.Lock(); defer redis.mu.Unlock(); return redis.asked > 2*3 })
	redis.set(func(u *upstream) { u.breaks = false })
	r.eventually("the new one has all", func() bool { return slices.Equal(redis.list(), []string{"a", "b"}) })
	if seen, err := spool.Look(r.dir); err != nil || len(seen.Aside) != 0 {
		t.Errorf("%+v, %v", seen, err)
	}
}

// tried waits until deliveries were tried so often more.
func (r *rig) tried(times int) {
	r.t.Helper()
	before := r.redis.tries()
	r.eventually("deliveries were tried", func() bool { return r.redis.tries() >= before+times })
}

func (u *upstream) tries() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked
}

// What breaks a connection each time holds the others up for a minute, not for ever.
func TestADeliveryThatBreaksEveryConnectionIsSetAsideInTheEnd(t *testing.T) {
	t.Parallel()
	redis := &upstream{name: "1", away: errAway, breakOn: "a"}
	r := setup(t, t.TempDir(), redis)
	r.take("a")
	r.take("b")
	redis.set(func(u *upstream) { u.away = nil })
	r.tried(2)
	r.ahead.Store(int64(2 * time.Minute))
	r.eventually("another is taken", func() bool { return !r.take("c") })
	r.eventually("it is set aside, and alone", func() bool {
		seen, err := spool.Look(r.dir)
		return err == nil && len(seen.Aside) == 1 && seen.Segments == 0 && slices.Contains(redis.list(), "b")
	})
	r.backFromAside()
	redis.set(func(u *upstream) { u.breakOn = "" })
	r.ahead.Add(int64(2 * time.Minute))
	r.eventually("renamed, it is handed in again", func() bool { return slices.Contains(redis.list(), "a") })
}

// backFromAside is what doctor tells people to do.
func (r *rig) backFromAside() {
	r.t.Helper()
	seen, err := spool.Look(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, name := range seen.Aside {
		path := filepath.Join(r.dir, name)
		if err := os.Rename(path, strings.TrimSuffix(path, ".aside")+".spool"); err != nil {
			r.t.Fatal(err)
		}
	}
}

// A right that is missing stands in the way of every delivery, and not of the question
// which Redis it is.
func TestWhatRedisTakesOfNobodyIsKept(t *testing.T) {
	t.Parallel()
	redis := &upstream{name: "1", away: errAway}
	r := setup(t, t.TempDir(), redis)
	all := []string{"a", "b", "c"}
	for _, what := range all {
		r.take(what)
	}
	redis.set(func(u *upstream) { u.away, u.breaks = nil, true })
	for range 3 {
		r.tried(2)
		r.ahead.Add(int64(2 * time.Minute))
	}
	r.tried(2)
	redis.set(func(u *upstream) { u.breaks = false })
	r.eventually("all have arrived", func() bool { return slices.Equal(redis.list(), all) })
	if seen, err := spool.Look(r.dir); err != nil || len(seen.Aside) != 0 {
		t.Errorf("%+v, %v", seen, err)
	}
}

// What one delivery did is no reproach to another, later.
func TestAnOldFaultIsForgotten(t *testing.T) {
	t.Parallel()
	redis := &upstream{name: "1", away: errAway, breakOn: "slow"}
	r := setup(t, t.TempDir(), redis)
	r.take("slow")
	redis.set(func(u *upstream) { u.away = nil })
	r.tried(2)
	redis.set(func(u *upstream) { u.breakOn = "" })
	r.eventually("it has arrived", func() bool { return slices.Contains(redis.list(), "slow") })
	r.ahead.Store(int64(2 * time.Hour))
	r.eventually("another is taken", func() bool { return !r.take("good") })
	redis.set(func(u *upstream) { u.breaks = true })
	r.take("acknowledged")
	r.tried(2)
	redis.set(func(u *upstream) { u.breaks = false })
	r.eventually("it has arrived, too", func() bool { return slices.Contains(redis.list(), "acknowledged") })
}

// The Redis before took it and the next one is met before that is known here.
func TestADeliveryThatWasUnderWayWhenAnotherRedisCameIsHandedToThatOne(t *testing.T) {
	t.Parallel()
	redis := &upstream{name: "1"}
	r := setup(t, t.TempDir(), redis)
	r.eventually("Redis was looked at", func() bool { return r.Seen() == "1" })
	redis.set(func(u *upstream) {
		u.passes = func() {
			redis.set(func(u *upstream) { u.name, u.took = "2", nil })
			r.eventually("the new one was met", func() bool { return r.Seen() == "2" })
		}
	})
	r.take("a")
	if got := redis.list(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("the new one has %q", got)
	}
}
