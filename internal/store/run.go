package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Run is the lock of a site's full sync: one at a time, over all processes. While
// it is held, the members that workers save are noted as touched.
type Run struct {
	site, token string
	ttl         time.Duration
	store       *Store
}

// ErrRunLost says that a run's lock ended before the run: another may have
// begun, so this one must stop.
var ErrRunLost = errors.New("the lock of the run ended before it: another run may have begun")

// ErrRunHeld says that another run holds the site's lock.
type ErrRunHeld struct {
	Who   string
	Since time.Time
}

func (e *ErrRunHeld) Error() string {
	return fmt.Sprintf("another run holds the site since %s: %s", e.Since.UTC().Format(time.RFC3339), e.Who)
}

// untouched stands in the set of touched members from the start, since Redis
// knows no empty set and workers note nothing where there is none.
const untouched = "."

// openRun takes the lock and starts a new set of touched members.
//
//	KEYS run, touched   ARGV token, who, ttl, now, first of touched
//	returns who holds the lock, and since when; nothing if it is ours now
var openRun = redis.NewScript(`
if redis.call('exists', KEYS[1]) == 1 then return redis.call('hmget', KEYS[1], 'who', 'since') end
redis.call('hset', KEYS[1], 'token', ARGV[1], 'who', ARGV[2], 'since', ARGV[4])
redis.call('pexpire', KEYS[1], ARGV[3])
redis.call('unlink', KEYS[2])
redis.call('sadd', KEYS[2], ARGV[5])
redis.call('pexpire', KEYS[2], ARGV[3])
return {}`)

// OpenRun takes the site's run lock for ttl, from when on the members that workers
// save are touched. Who is shown to whoever finds the lock held: a host and a
// process, say. It returns *ErrRunHeld if another holds it.
func (s *Store) OpenRun(ctx context.Context, site string, ttl time.Duration, who string) (*Run, error) {
	r := &Run{site: site, token: rand.Text(), ttl: ttl, store: s}
	held, err := openRun.Run(ctx, s.redis, r.keys(), r.token, who, ttl.Milliseconds(), s.nowMillis(), untouched).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("opening a run: %w", err)
	}
	if len(held) == 2 {
		return nil, &ErrRunHeld{Who: held[0], Since: time.UnixMilli(number(held[1]))}
	}
	return r, nil
}

func (r *Run) keys() []string {
	return []string{runKey(r.site), touchedKey(r.site), checkpointKey(r.site)}
}

// renewRun makes the lock last its whole time again.
//
//	KEYS run, touched   ARGV token, ttl
var renewRun = redis.NewScript(`
if redis.call('hget', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('pexpire', KEYS[1], ARGV[2])
redis.call('pexpire', KEYS[2], ARGV[2])
return 1`)

// Renew makes the lock last for its ttl from now. The holder calls it several
// times in each. ErrRunLost: the run must stop.
func (r *Run) Renew(ctx context.Context) error {
	return r.hold(ctx, renewRun, r.ttl.Milliseconds())
}

// Checkpoint is how far a run has come.
type Checkpoint struct {
	RunID   string          `json:"run"`
	Cursor  string          `json:"cursor"`
	Options string          `json:"options"` // a fingerprint of what the run does
	Began   time.Time       `json:"began"`
	Counts  json.RawMessage `json:"counts,omitempty"`
}

// checkpointFor is how long the checkpoint of a run that was not finished is
// kept: what it knows of both sides is old by then.
const checkpointFor = 24 * time.Hour

// checkpoint keeps a checkpoint while the lock holds, and renews the lock.
//
//	KEYS run, touched, checkpoint   ARGV token, ttl, checkpoint, its ttl
var checkpoint = redis.NewScript(`
if redis.call('hget', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('pexpire', KEYS[1], ARGV[2])
redis.call('pexpire', KEYS[2], ARGV[2])
redis.call('set', KEYS[3], ARGV[3], 'PX', ARGV[4])
return 1`)

// Checkpoint keeps how far the run has come, for a day, and renews its lock.
// ErrRunLost: nothing was kept, and the run must stop.
func (r *Run) Checkpoint(ctx context.Context, c Checkpoint) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("keeping a checkpoint: %w", err)
	}
	return r.hold(ctx, checkpoint, r.ttl.Milliseconds(), raw, checkpointFor.Milliseconds())
}

// Resume returns the checkpoint of the run before, if that was not finished.
func (r *Run) Resume(ctx context.Context) (Checkpoint, bool, error) {
	raw, err := r.store.redis.Get(ctx, checkpointKey(r.site)).Bytes()
	if errors.Is(err, redis.Nil) {
		return Checkpoint{}, false, nil
	}
	var c Checkpoint
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		return Checkpoint{}, false, fmt.Errorf("reading a checkpoint: %w", err)
	}
	return c, true, nil
}

// endRun gives the lock back.
//
//	KEYS run, touched, checkpoint   ARGV token, 1 to drop the checkpoint too
var endRun = redis.NewScript(`
if redis.call('hget', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('unlink', KEYS[1], KEYS[2])
if ARGV[2] == '1' then redis.call('unlink', KEYS[3]) end
return 1`)

// Finish ends a run that is through: its checkpoint goes with its lock.
// ErrRunLost: nothing was dropped, and the run may not be whole.
func (r *Run) Finish(ctx context.Context) error { return r.hold(ctx, endRun, "1") }

// Close gives the lock back and leaves the checkpoint to the next run. A lock
// that was lost is none to give back.
func (r *Run) Close(ctx context.Context) error {
	if err := r.hold(ctx, endRun, "0"); !errors.Is(err, ErrRunLost) {
		return err
	}
	return nil
}

// hold runs a script that does nothing once the lock is lost.
func (r *Run) hold(ctx context.Context, script *redis.Script, args ...any) error {
	held, err := script.Run(ctx, r.store.redis, r.keys(), append([]any{r.token}, args...)...).Int()
	if err != nil {
		return fmt.Errorf("holding a run: %w", err)
	}
	if held == 0 {
		return ErrRunLost
	}
	return nil
}
