// Package program is ghostcm as a value: it connects the flows with the systems
// that a configuration names, so that the commands, the demo and the tests all
// run the same thing. It holds no business rule.
package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/server"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// Options is what a Program is made from. Config and Log are required.
type Options struct {
	Config *config.Config
	Log    *slog.Logger
	// RedisURL replaces the configured one, for an embedded Redis.
	RedisURL string
	// Drain is how long stopping may take for requests, and again for jobs; zero
	// is 20 s.
	Drain time.Duration
	Build Build
}

// Build says which build this is, for metrics.
type Build struct{ Version, Commit, Go string }

// Program is one process of ghostcm. Opening it connects to nothing.
type Program struct {
	Store   *store.Store
	Queue   *jobs.Queue
	Metrics *metrics.Metrics

	opt     Options
	sites   []worker.Site
	front   redisClient // for webhooks: fails fast
	back    redisClient // for workers and commands: waits
	prompt  *store.Store
	prompts *jobs.Queue
}

// A webhook in a burst may wait for a connection to Redis nearly as long as Ghost
// waits for the answer (2 s). Redis itself has 400 ms to answer, so that one that
// hangs holds nobody longer.
const (
	burstWait    = 1200 * time.Millisecond
	acceptWithin = 1500 * time.Millisecond
)

// Open makes a program. Errors are about the configuration.
func Open(o Options) (*Program, error) {
	if o.Drain == 0 {
		o.Drain = 20 * time.Second
	}
	p := &Program{opt: o}
	var err error
	if p.front, err = p.redis(store.Timeouts{Slot: burstWait}); err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	if p.back, err = p.redis(store.WorkerTimeouts()); err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	p.prompt, p.prompts = store.New(p.front, time.Now), jobs.NewQueue(p.front)
	p.Store, p.Queue = store.New(p.back, time.Now), jobs.NewQueue(p.back)
	p.Metrics = p.metrics()
	if p.sites, err = p.workerSites(); err != nil {
		return nil, err
	}
	return p, nil
}

// Close gives up the connections to Redis.
func (p *Program) Close() error { return errors.Join(p.front.Close(), p.back.Close()) }

// Serve answers on ln until ctx ends, and drains. It closes ln.
func (p *Program) Serve(ctx context.Context, ln net.Listener) error {
	c := p.opt.Config
	limiter := server.NewLimiter(c.Server.WebhookRateLimit, c.Server.TrustedProxies, time.Now)
	ghosts := webhook.NewGhost(webhook.GhostOptions{
		Sites: p.webhookSites(), Inbox: worker.Inbox{Store: p.prompt, Queue: p.prompts}, Limiter: limiter,
		Log: p.opt.Log, Observe: p.observeWebhook, Tolerance: c.Server.SignatureTolerance, AcceptTimeout: acceptWithin,
	})
	s := server.New(server.Options{
		Webhooks: handlers{"ghost": ghosts}, Metrics: p.Metrics.Handler(), MetricsToken: c.Server.MetricsToken.Reveal(),
		Vitals: vitals{p}, Sites: p.siteNames(), Log: p.opt.Log, Timeouts: server.Timeouts{Drain: p.opt.Drain},
		TrustedProxies: c.Server.TrustedProxies,
	})
	defer p.watchRedis(ctx)()
	return s.Serve(ctx, ln)
}

// Work does jobs until ctx ends, and drains.
func (p *Program) Work(ctx context.Context) error {
	p.opt.Log.Info("worker.started", "concurrency", p.opt.Config.Worker.Concurrency, "sites", p.siteNames())
	defer p.opt.Log.Info("worker.stopped")
	return p.doJobs(ctx)
}

// doJobs takes jobs from the queue, of all sites and kinds, and nothing else.
func (p *Program) doJobs(ctx context.Context) error {
	c := p.opt.Config
	w := worker.New(worker.Options{
		Store: p.Store, Queue: p.Queue, Sites: p.sites, Retries: c.Worker.Retries, Concurrency: c.Worker.Concurrency,
		KeepDead: c.Retention.DeadLetters, Log: p.opt.Log, Metrics: p.Metrics, Now: time.Now,
	})
	runner, err := jobs.NewRunner(jobs.RunnerOptions{
		Client: p.back, Queue: p.prompts, Kinds: []jobs.Kind{w.Kind()}, Log: p.opt.Log, Concurrency: w.Workers(),
		DrainTimeout: p.opt.Drain, DeadRetention: c.Retention.DeadLetters, DeadLimit: deadLimit, Observe: p.observeJob,
	})
	if err != nil {
		return err
	}
	sweeping, stop := context.WithCancel(ctx)
	var services errgroup.Group
	services.Go(func() error { w.Sweep(sweeping); return nil })
	err = runner.Run(ctx)
	stop()
	return errors.Join(err, services.Wait())
}

// deadLimit bounds the dead letters by number, so that Redis cannot fill up.
const deadLimit = 200_000

// Both serves and works in one process. The worker stops after the server, so
// that what was accepted last is still taken up.
func (p *Program) Both(ctx context.Context, ln net.Listener) error {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, failed := errgroup.WithContext(ctx)
	group.Go(func() error { return p.Work(working) })
	group.Go(func() error {
		defer stop()
		return p.Serve(failed, ln)
	})
	return group.Wait()
}

func (p *Program) metrics() *metrics.Metrics {
	m := metrics.New(metrics.NewRegistry())
	b := p.opt.Build
	m.Build(b.Version, b.Commit, b.Go)
	m.Sites(p.siteNames())
	m.Jobs([]string{worker.KindMember}, outcomeNames())
	m.Watch(time.Second, p.queueState)
	return m
}

func outcomeNames() []string {
	var names []string
	for _, o := range jobs.Outcomes() {
		names = append(names, string(o))
	}
	return names
}

func (p *Program) observeJob(r jobs.Result) { p.Metrics.Job(r.Kind, string(r.Outcome), r.Duration) }

func (p *Program) observeWebhook(o webhook.Outcome) {
	p.Metrics.Webhook(metrics.Webhook{Site: o.Site, Event: o.Event, Result: o.Result, Took: o.Took, Bytes: o.Bytes, At: o.At})
}
