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
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/alert"
	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/dashboard"
	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/intake"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/reconcile"
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
	// ProviderURLs replace the addresses of payment providers, for tests.
	ProviderURLs map[string]string
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
	shops   []entitlement.Site // those that sell access
	asking  *asking
	front   redisClient // for webhooks: fails fast
	back    redisClient // for workers and commands: waits
	prompt  *store.Store
	prompts *jobs.Queue

	alerts     *alert.Alerts
	outside    *http.Client // of those whom alerts go to
	heard      *hearing
	tasks      *tasks
	pages      *pages
	intake     *intake.Intake
	succession *succession
	turns      *atomic.Uint64 // how often a worker came round, over the whole succession
}

// A webhook is answered within 500 ms whatever Redis does: what Redis does not take
// in time waits on disk.
const (
	burstWait    = 300 * time.Millisecond
	acceptWithin = 450 * time.Millisecond
)

// Open makes a program. Errors are about the configuration.
func Open(o Options) (*Program, error) {
	if o.Drain == 0 {
		o.Drain = 20 * time.Second
	}
	p := &Program{opt: o, turns: &atomic.Uint64{}}
	p.succession = &succession{newest: p, followers: map[*follower]bool{}}
	var err error
	if p.front, err = p.redis(store.Timeouts{Slot: burstWait}); err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	if p.back, err = p.redis(store.WorkerTimeouts()); err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	p.prompt, p.prompts = store.New(p.front, time.Now), jobs.NewQueue(p.front)
	p.Store, p.Queue = store.New(p.back, time.Now), jobs.NewQueue(p.back)
	p.heard = newHearing(p.Store.Hear, o.Log)
	p.intake = p.newIntake()
	p.Metrics = p.metrics()
	p.Metrics.Spool(func() (int, time.Duration) { return spooled(p.intake.Waiting(), time.Now()) })
	p.alerts, p.outside = p.newAlerts(), p.receiver()
	p.tasks = &tasks{}
	p.pages = &pages{make: p.newDashboard, made: make(chan struct{})}
	p.nameSeries()
	if err = p.clients(); err != nil {
		return nil, err
	}
	return p, nil
}

// Close gives up the connections to Redis.
func (p *Program) Close() error { return errors.Join(p.front.Close(), p.back.Close()) }

// Serve answers on ln until ctx ends, and drains. It closes ln.
func (p *Program) Serve(ctx context.Context, ln net.Listener) error {
	defer p.watchRedis(ctx)()
	defer p.keepHeard(ctx)()
	defer p.keepAlerts(ctx)()
	defer p.keepDashboard(ctx)()
	defer p.keepJournals(ctx)()
	defer p.keepIntake(ctx)()
	return p.answer(ctx, ln, (*Program).door)
}

// door is what Serve answers.
func (p *Program) door() server.Options {
	c := p.opt.Config.Server
	limiter := server.NewLimiter(c.WebhookRateLimit, c.TrustedProxies, time.Now)
	ghosts := webhook.NewGhost(webhook.GhostOptions{
		Sites: p.webhookSites(), Inbox: memberDoor{p.intake, worker.Inbox{Store: p.prompt, Queue: p.prompts}}, Limiter: limiter,
		Log: p.opt.Log, Observe: p.observeWebhook, Tolerance: c.SignatureTolerance, AcceptTimeout: acceptWithin,
	})
	o := p.window()
	o.Webhooks = handlers{"ghost": ghosts, "campaignmonitor": p.listHooks(limiter), "payment": p.tills(limiter)}
	if c.DashboardPassword.IsSet() {
		o.Dashboard = p.pages.get()
	}
	o.Favicon = dashboard.Favicon()
	return o
}

// work is what Work does by one configuration.
func (p *Program) work(ctx context.Context) error {
	p.opt.Log.Info("worker.started", "concurrency", p.opt.Config.Worker.Concurrency, "sites", p.siteNames())
	defer p.opt.Log.Info("worker.stopped")
	defer p.keepSchedule(ctx)()
	defer p.keepHeartbeat(ctx)()
	defer p.keepJournals(ctx)()
	defer p.keepBackfill(ctx)()
	return p.doJobs(ctx)
}

// doJobs takes jobs from the queue, of all sites and kinds, and nothing else.
func (p *Program) doJobs(ctx context.Context) error {
	c := p.opt.Config
	w := worker.New(worker.Options{
		Store: p.Store, Queue: p.Queue, Sites: p.sites, Retries: c.Worker.Retries, Concurrency: c.Worker.Concurrency,
		KeepDead: c.Retention.DeadLetters, KeepActivity: c.Retention.Activity, Log: p.opt.Log, Metrics: p.Metrics, Now: time.Now,
		Told: p.lookAtPurchases,
	})
	sales := p.entitlements()
	runner, err := jobs.NewRunner(jobs.RunnerOptions{
		Client: p.back, Queue: p.prompts, Kinds: slices.Concat(w.Kinds(), sales.Kinds()), Log: p.opt.Log,
		Concurrency:  w.Workers() + p.paymentWorkers(),
		DrainTimeout: p.opt.Drain, DeadRetention: c.Retention.DeadLetters, DeadLimit: deadLimit, Observe: p.observeJob,
		Turned: func() { p.turns.Add(1) },
	})
	if err != nil {
		return err
	}
	defer p.keepAlerts(ctx)()
	sweeping, stop := context.WithCancel(ctx)
	var services errgroup.Group
	services.Go(func() error { w.Sweep(sweeping); return nil })
	services.Go(func() error { w.Record(sweeping); return nil })
	services.Go(func() error { sales.Sweep(sweeping); return nil })
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
	m.Watch(time.Second, func(ctx context.Context) (metrics.Queue, error) { return p.succession.current().queueState(ctx) })
	return m
}

// nameSeries makes the series of what is configured.
func (p *Program) nameSeries() {
	p.Metrics.Sites(p.siteNames())
	p.Metrics.Jobs(slices.Concat(worker.Kinds(), entitlement.Kinds()), outcomeNames())
	p.namePayments()
	p.Metrics.CatchUps(reconcile.CatchUpKinds())
	p.Metrics.Alerts(alertNames())
}

func outcomeNames() []string {
	var names []string
	for _, o := range jobs.Outcomes() {
		names = append(names, string(o))
	}
	return names
}

func (p *Program) observeJob(r jobs.Result) {
	p.Metrics.Job(r.Kind, string(r.Outcome), r.Duration)
	if r.Outcome == jobs.Died {
		p.alerts.DeadLetter(r.Site, r.Code)
	}
}

func (p *Program) observeWebhook(o webhook.Outcome) {
	p.heard.note(o)
	p.Metrics.Webhook(metrics.Webhook{Site: o.Site, Event: o.Event, Result: o.Result, Took: o.Took, Bytes: o.Bytes, At: o.At})
}
