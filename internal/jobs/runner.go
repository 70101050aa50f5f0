package jobs

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gocraft/work"
	redigo "github.com/gomodule/redigo/redis"
)

// Runner runs jobs. Any number of runners, in any number of processes, share
// one queue.
type Runner struct {
	opt    RunnerOptions
	kinds  map[string]Kind
	keeper *keeper
	noise  *noise
	ran    atomic.Bool

	// handlers outlives Run's context by the drain; the library calls handlers
	// without a context of its own.
	handlers       context.Context //nolint:containedctx // see above
	cancelHandlers context.CancelFunc
	abandon        chan struct{} // closed when handlers are waited for no longer
}

var (
	errRanBefore  = errors.New("jobs: a runner runs once")
	errNotStopped = errors.New("jobs: workers did not stop in time; their jobs will run again elsewhere")
)

// NewRunner checks the options; it touches nothing outside.
func NewRunner(o RunnerOptions) (*Runner, error) {
	kinds, err := o.kinds()
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	r := &Runner{
		opt: o, kinds: kinds,
		keeper:  newKeeper(o.Concurrency, o.poll),
		noise:   newNoise(o.Log, o.Now),
		abandon: make(chan struct{}),
	}
	r.keeper.turned = o.Turned
	r.handlers, r.cancelHandlers = context.WithCancel(context.Background())
	if o.Queue != nil {
		o.Queue.onWake(r.Wake)
	}
	return r, nil
}

// Wake lets an idle worker look for a job now.
func (r *Runner) Wake() { r.keeper.wake() }

// Run runs jobs until ctx ends, and then drains: it starts nothing more and
// waits for what runs, for DrainTimeout at most and a few seconds to write down
// the rest. While Redis is away it waits for it. A runner runs once. An error
// means that jobs were left in progress; other runners will take them.
func (r *Runner) Run(ctx context.Context) error {
	if r.ran.Swap(true) {
		return errRanBefore
	}
	defer r.cancelHandlers()
	bare := context.WithoutCancel(ctx)
	dialling, stopDialling := context.WithCancel(bare)
	defer stopDialling()
	pool := r.redisPool(dialling)
	defer pool.Close() //nolint:errcheck // never fails
	workers := r.workers(pool)
	started := make(chan struct{})
	go func() { // waits for Redis
		defer close(started)
		workers.Start()
	}()

	keeping, stopKeeping := context.WithCancel(bare)
	var services sync.WaitGroup
	for _, service := range []func(context.Context){r.listen, r.keepSwept, r.keepReaped, r.keepTrimmed} {
		services.Go(func() { service(keeping) })
	}
	<-ctx.Done()
	err := r.drain(func() { <-started; workers.Stop() }, stopDialling)
	stopKeeping()
	services.Wait()
	r.lastSweep(bare)
	return err
}

// workers sets the library up: one job name, one handler, and never so many
// failures that the library itself would give a job up.
func (r *Runner) workers(pool *redigo.Pool) *work.WorkerPool {
	workers := work.NewWorkerPool(struct{}{}, uint(r.opt.Concurrency), Namespace, pool)
	return workers.JobWithOptions(jobName, work.JobOptions{MaxFails: maxFails, Backoff: backoff}, r.handle)
}

// spareConns serve the library's heartbeat, requeuers and observers.
const spareConns = 8

func (r *Runner) redisPool(ctx context.Context) *redigo.Pool {
	wrap := func(c redigo.Conn) redigo.Conn {
		return &conn{Conn: c, keeper: r.keeper, log: r.noise, now: r.opt.Now}
	}
	failed := func(err error) { r.noise.warn("jobs.redis_unreachable", err) }
	return r.keeper.redisPool(ctx, r.opt.Concurrency+spareConns, r.opt.dial, wrap, failed)
}

// Bounds of the drain beyond DrainTimeout.
const (
	maxCancelled = 2 * time.Second // between cancelling handlers and abandoning them
	closingTime  = 3 * time.Second // to write down what was abandoned
)

func (r *Runner) drain(stop, stopDialling func()) error {
	r.keeper.close()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	cancelled := min(r.opt.DrainTimeout/4, maxCancelled)
	steps := []struct {
		wait time.Duration
		then func()
	}{
		{r.opt.DrainTimeout - cancelled, r.cancelHandlers},
		{cancelled, func() { close(r.abandon) }},
		{closingTime, stopDialling},
		{time.Second, func() {}},
	}
	for _, step := range steps {
		select {
		case <-stopped:
			return nil
		case <-time.After(step.wait):
			step.then()
		}
	}
	return errNotStopped
}

// listen wakes workers for jobs that other processes queued.
func (r *Runner) listen(ctx context.Context) {
	sub := r.opt.Client.Subscribe(ctx, wakeChannel)
	defer sub.Close() //nolint:errcheck // the connection is gone either way
	for wakes := sub.Channel(); ; {
		select {
		case _, open := <-wakes:
			if !open {
				return
			}
			r.Wake()
		case <-ctx.Done():
			return
		}
	}
}

// maxFails is never reached by failing: see Runner.apply.
const maxFails = math.MaxInt32

// logged is the attributes of a job in the log.
func logged(j Job) slog.Attr {
	return slog.Group("", slog.String("job_id", j.ID), slog.String("kind", j.Kind), slog.String("site", j.Site),
		slog.Int("attempt", j.Attempt))
}
