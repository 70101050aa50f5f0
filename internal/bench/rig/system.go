package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/bench/load"
	"github.com/ghostcm/ghostcm/internal/bench/seed"
)

// System is what takes webhooks, and may work on them.
type System struct {
	Server  *Process
	Workers []*Process
	address string
	sites   int
	Ready   time.Duration // from its start to its first good answer
}

// Targets are the webhooks of the system's sites.
func (s *System) Targets() []load.Target {
	targets := make([]load.Target, s.sites)
	for i := range targets {
		targets[i] = load.Target{Address: s.address, Path: "/webhook/ghost/" + siteName(i), Secret: Secret}
	}
	return targets
}

func siteName(i int) string { return fmt.Sprintf("site%d", i+1) }

// Environ is the environment in which ghostcm knows the world's sites. The limits
// on Campaign Monitor's requests are out of the way; all else is as it comes.
func (w *World) Environ(more ...string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "STATE_DIR=" + w.file("state"), "REDIS_URL=unix://" + w.socket,
		"CM_API_KEY=" + Key, "CM_API_URL=" + w.Upstream.URL(), "CM_RATE_LIMIT=10000", "CM_RATE_BURST=10000",
		"ALLOW_INSECURE_URLS=true", "RECONCILE_INTERVAL=0",
	}
	for i, site := range w.Sites {
		prefix := fmt.Sprintf("SITE%d_", i+1)
		env = append(env, prefix+"NAME="+siteName(i), prefix+"GHOST_WEBHOOK_SECRET="+Secret, prefix+"CM_LIST_ID="+site.ListID)
		if site.Ghost != "" {
			env = append(env, prefix+"GHOST_URL="+site.Ghost, prefix+"GHOST_ADMIN_API_KEY="+site.AdminKey)
		}
	}
	return append(env, more...)
}

// Ghostcm starts `serve` and so many `worker` processes.
func (w *World) Ghostcm(ctx context.Context, workers int, env ...string) (*System, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &System{address: "127.0.0.1:" + port, sites: len(w.Sites)}
	began := time.Now()
	c := command{args: []string{w.Binary, "serve", "--port", port}, env: w.Environ(env...), dir: w.dir, log: w.file("serve.log")}
	s.Server, err = w.start(c)
	if err != nil {
		return nil, err
	}
	if err := s.Server.ready(ctx, s.address); err != nil {
		return nil, err
	}
	s.Ready = time.Since(began)
	for i := range workers {
		c := command{args: []string{w.Binary, "worker"}, env: w.Environ(env...), dir: w.dir, log: w.file(fmt.Sprintf("worker%d.log", i))}
		p, err := w.start(c)
		if err != nil {
			return nil, err
		}
		s.Workers = append(s.Workers, p)
	}
	return s, nil
}

// Limit starts the bare reference program.
func (w *World) Limit(ctx context.Context, consumers int) (*System, error) {
	return w.reference(ctx, "limit", consumers)
}

// Untuned starts the job library as it comes.
func (w *World) Untuned(ctx context.Context, consumers int) (*System, error) {
	return w.reference(ctx, "untuned", consumers)
}

func (w *World) reference(ctx context.Context, role string, consumers int) (*System, error) {
	began := time.Now()
	p, address, err := announced(command{log: w.file(role + ".log"), args: []string{w.Self, "-role", role, "-redis", w.socket,
		"-consumers", fmt.Sprint(consumers), "-list", w.listURL()}})
	if err != nil {
		return nil, err
	}
	w.running = append(w.running, p)
	if err := p.ready(ctx, address); err != nil {
		return nil, err
	}
	return &System{Server: p, address: address, sites: 1, Ready: time.Since(began)}, nil
}

func (w *World) listURL() string { return w.Upstream.URL() + "/subscribers/" + w.Sites[0].ListID }

// Seed starts the seed's stack; the worker only if it is asked for.
func (w *World) Seed(ctx context.Context, worker bool) (*System, error) {
	if err := seed.Unpack(w.dir); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	o := seed.Options{Redis: "unix://" + w.socket, Secret: Secret, List: w.listURL(), Key: Key}
	s := &System{address: "127.0.0.1:" + port, sites: 1}
	began := time.Now()
	s.Server, err = w.start(command{args: seed.Server(port), env: o.Environ(), dir: w.dir, log: w.file("uvicorn.log")})
	if err != nil {
		return nil, err
	}
	if err := s.Server.ready(ctx, s.address); err != nil {
		return nil, err
	}
	s.Ready = time.Since(began)
	if worker {
		p, err := w.start(command{args: seed.Worker(o.Redis), env: o.Environ(), dir: w.dir, log: w.file("rq.log")})
		if err != nil {
			return nil, err
		}
		s.Workers = append(s.Workers, p)
	}
	return s, nil
}

// SeedSync runs the seed's full sync of n members and returns its seconds.
func (w *World) SeedSync(ctx context.Context, n int) (seconds float64, err error) {
	if err := seed.Unpack(w.dir); err != nil {
		return 0, err
	}
	args := seed.Sync(fmt.Sprint(n))
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env, cmd.Dir = seed.Options{List: w.listURL(), Key: Key}.Environ(), w.dir
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("the seed's sync: %w", err)
	}
	_, err = fmt.Sscan(strings.TrimSpace(string(out)), &seconds)
	return seconds, err
}

// start launches a program that ends with the world.
func (w *World) start(c command) (*Process, error) {
	p, err := launch(c)
	if err == nil {
		w.running = append(w.running, p)
	}
	return p, err
}

// Warm sends one event for each site, and waits until they are on the lists: what
// a system does but once is done.
func (w *World) Warm(ctx context.Context, s *System) error {
	if err := w.Upstream.Mark(ctx); err != nil {
		return err
	}
	_, err := w.Load(ctx, load.Spec{Targets: s.Targets(), Connections: 1, Events: s.sites, Run: "warm"})
	if err == nil {
		_, err = w.Upstream.Wait(ctx, s.sites, 2*time.Minute)
	}
	if err != nil {
		return err
	}
	return w.Upstream.Mark(ctx)
}
