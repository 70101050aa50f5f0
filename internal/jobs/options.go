package jobs

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"
)

// RunnerOptions is what a Runner is made of. Client and Kinds are required.
type RunnerOptions struct {
	Client redis.UniversalClient // stays the caller's to close, after Run returned
	// Queue, if set, is this process' queue: its Wake reaches the runner
	// without a detour over Redis.
	Queue *Queue
	Kinds []Kind
	Log   *slog.Logger // nil: nothing is logged
	// Concurrency is how many jobs run at once; zero is 10.
	Concurrency int
	// DrainTimeout bounds how long Run waits for running jobs when it is asked
	// to end; zero is 20 s. In the last quarter of it, 2 s at most, the handlers'
	// contexts are cancelled; after it the handlers are abandoned.
	DrainTimeout time.Duration
	// DeadRetention and DeadLimit bound the dead letters by age and number;
	// zero is no limit. They are applied at start and then hourly.
	DeadRetention time.Duration
	DeadLimit     int
	// Observe, if set, is told of every run that ended. It must not block.
	Observe func(Result)
	// Turned, if set, is called whenever a worker comes round to look for its next
	// job, or to try Redis again while that is away: at least once a second in an
	// idle process, and after each job in a busy one. It must not block.
	Turned func()
	// Jitter returns a number in [0,1) that spreads the retries; nil is random.
	Jitter func() float64
	Now    func() time.Time // nil is time.Now

	// Intervals: how often parked workers look without being woken (1 s), own
	// jobs are accounted for (1 s), heartbeats are looked at (2 s), after which
	// time without one a pool is dead (12 s), and how long a handler may ignore
	// its cancelled context (5 s).
	poll, sweepEvery, reapEvery, deadAfter, grace time.Duration
	dial                                          dialFunc // nil: as Client is configured
}

const (
	defaultConcurrency  = 10
	defaultTimeout      = time.Minute
	defaultDrainTimeout = 20 * time.Second
	trimEvery           = time.Hour
)

func (o RunnerOptions) withDefaults() RunnerOptions {
	o.Log = or(o.Log, slog.New(slog.DiscardHandler))
	o.Concurrency = or(o.Concurrency, defaultConcurrency)
	o.DrainTimeout = or(o.DrainTimeout, defaultDrainTimeout)
	o.poll = or(o.poll, time.Second)
	o.sweepEvery = or(o.sweepEvery, time.Second)
	o.reapEvery = or(o.reapEvery, 2*time.Second)
	o.deadAfter = or(o.deadAfter, 12*time.Second)
	o.grace = or(o.grace, 5*time.Second)
	if o.Observe == nil {
		o.Observe = func(Result) {}
	}
	if o.Turned == nil {
		o.Turned = func() {}
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.dial == nil {
		o.dial = dialer(o.Client)
	}
	return o
}

func or[T comparable](v, ifZero T) T {
	var zero T
	if v == zero {
		return ifZero
	}
	return v
}

var (
	errNoClient = errors.New("jobs: a runner needs a Redis client")
	errNoKinds  = errors.New("jobs: a runner needs at least one kind of job")
)

func (o RunnerOptions) kinds() (map[string]Kind, error) {
	if o.Client == nil {
		return nil, errNoClient
	}
	if len(o.Kinds) == 0 {
		return nil, errNoKinds
	}
	kinds := make(map[string]Kind, len(o.Kinds))
	for _, k := range o.Kinds {
		if _, twice := kinds[k.Name]; twice || k.Name == "" || k.Handle == nil {
			return nil, fmt.Errorf("jobs: kind %q has no name, no handler, or is there twice", k.Name)
		}
		k.Timeout = or(k.Timeout, defaultTimeout)
		kinds[k.Name] = k
	}
	return kinds, nil
}
