package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/program"
)

// stage is everything that a performance needs, running.
type stage struct {
	opt      Options
	rhythm   rhythm
	readers  int
	out      *printer
	reporter *reporter
	random   *rand.Rand
	cast     *cast

	redis        *memory
	list         *cmtest.Server
	publications []*publication
	mistyped     []typo // addresses that wait to be put right
	config       *config.Config
	program      *program.Program
	listener     net.Listener
	synced       atomic.Int64 // members so far
	dir          string       // for what the program keeps on disk
}

// build sets up a stage; close takes it down, also one that was built by half.
func build(ctx context.Context, o Options) (*stage, error) {
	s := &stage{
		opt: o, rhythm: cmp.Or(o.rhythm, calm()), readers: cmp.Or(o.readers, 500),
		out: newPrinter(o.Out, o.Terminal, o.Color), random: newRandom(),
	}
	s.reporter = newReporter(s.out)
	s.cast = &cast{random: s.random, began: time.Now()}
	s.redis = newMemory()
	for _, step := range []func() error{s.redis.start, s.startSimulators, s.startProgram, func() error { return s.listen(ctx) }} {
		if err := step(); err != nil {
			return nil, errors.Join(fmt.Errorf("start the demo: %w", err), s.close())
		}
	}
	return s, nil
}

func (s *stage) close() error {
	var errs []error
	if s.listener != nil {
		_ = s.listener.Close() // the server has, unless it never ran
	}
	for _, p := range s.publications {
		errs = append(errs, p.ghost.Close())
	}
	if s.program != nil {
		errs = append(errs, s.program.Close())
	}
	if s.list != nil {
		errs = append(errs, s.list.Close())
	}
	s.redis.close()
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// The delays make the simulators as slow as a quick service on a good day, so
// that bursts meet jobs that are still running.
const (
	ghostDelay = 3 * time.Millisecond
	listDelay  = 15 * time.Millisecond
)

func (s *stage) startSimulators() error {
	s.list = cmtest.New(cmtest.Options{Delay: listDelay})
	if err := s.list.Start(); err != nil {
		return err
	}
	for i, name := range []string{"mainblog", "weekly"} {
		p := newPublication(s, name, uint64(i))
		s.publications = append(s.publications, p)
		if err := p.ghost.Start(); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) startProgram() error {
	var err error
	if s.dir, err = os.MkdirTemp("", "ghostcm-demo-"); err != nil {
		return err
	}
	// Its warnings are about the simulators' http addresses; the demo says itself
	// that everything is simulated.
	if s.config, err = config.Load(config.Options{Environ: s.environ(), Dir: s.dir}); err != nil {
		return err
	}
	s.program, err = program.Open(program.Options{
		Config: s.config, Log: slog.New(&listener{reporter: s.reporter, also: s.opt.Log}),
		Drain: 3 * time.Second, Build: s.opt.Build,
	})
	return err
}

// concurrency is how many jobs run at once. While both sites are busy each has a
// third of it; what is above that is put off by a second.
const concurrency = 36

// password opens the dashboard, which nobody else on the network reaches.
const password = "show me the demo"

// environ is the configuration as an operator would write it into .env.
func (s *stage) environ() []string {
	retries := "1s,2s,5s,10s,20s,30s,1m,1m,2m,5m"
	if s.opt.Once {
		retries = "1s,1s,1s,2s,2s,2s,3s,3s,3s,5s"
	}
	env := []string{
		"CM_API_KEY=" + cmtest.DefaultKey, "CM_API_URL=" + s.list.URL(), "CM_RATE_LIMIT=300", "CM_RATE_BURST=300",
		"DASHBOARD_PASSWORD=" + password, "REDIS_URL=" + s.redis.url(), "STATE_DIR=" + s.dir, "ALLOW_INSECURE_URLS=true",
		"RECONCILE_INTERVAL=0", "RETRY_SCHEDULE=" + retries, "WORKER_CONCURRENCY=" + strconv.Itoa(concurrency),
	}
	for i, p := range s.publications {
		env = append(env, p.environ(fmt.Sprintf("SITE%d_", i+1))...)
	}
	return env
}

// listen takes the port that was asked for, or else the usual one if it is free.
func (s *stage) listen(ctx context.Context) error {
	port := cmp.Or(s.opt.Port, 3000)
	var (
		sockets net.ListenConfig
		err     error
	)
	s.listener, err = sockets.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil && s.opt.Port == 0 {
		s.listener, err = sockets.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	return err
}

func (s *stage) url() string { return "http://" + s.listener.Addr().String() }

// introduce says what runs where.
func (s *stage) introduce() {
	s.out.title("ghostcm demo: everything here is simulated, on this machine only, and gone at the end")
	s.out.fact("dashboard", s.url()+"/dashboard   password: "+password)
	s.out.fact("webhooks", s.url()+"/webhook/ghost/{site_id}")
	s.out.fact("health", s.url()+"/health")
	s.out.fact("metrics", s.url()+"/metrics")
	for _, p := range s.publications {
		s.out.fact("Ghost of "+p.name, p.ghost.URL())
	}
	s.out.fact("Campaign Monitor", s.list.URL())
	s.out.fact("try", "curl "+s.url()+"/health")
	s.out.fact("", fmt.Sprintf("curl -u %s:x '%s/lists/%s/active.json?pagesize=3'",
		cmtest.DefaultKey, s.list.URL(), s.publications[0].listID))
	s.out.blank()
}
