package program

import (
	"context"
	"net"
	"sync"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/server"
)

// succession leads one process from a program to the next, which has another
// configuration and all the rest in common: connections, counters, the listener.
type succession struct {
	mu        sync.Mutex
	newest    *Program
	followers map[*follower]bool
}

type follower struct{ take func(next *Program) }

// follow calls take with the newest program now, and with each later one until
// leave is called. take must not wait.
func (s *succession) follow(take func(next *Program)) (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &follower{take}
	s.followers[f] = true
	take(s.newest)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.followers, f)
	}
}

func (s *succession) current() *Program {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest
}

// answer serves on ln what the door of the newest program answers.
func (p *Program) answer(ctx context.Context, ln net.Listener, door func(*Program) server.Options) error {
	s := server.New(server.Options{Log: p.opt.Log, Timeouts: server.Timeouts{Drain: p.opt.Drain}})
	defer p.succession.follow(func(next *Program) { s.Replace(door(next)) })()
	return s.Serve(ctx, ln)
}

// Reload lets a program that serves or works go on with another configuration.
// Requests and jobs that have begun end as they began; all later ones go by cfg,
// and none is refused or interrupted. What is bound to what is open already
// stays as it was: kept names those of its settings that cfg has otherwise, which
// need a restart. An error means that cfg cannot be used; nothing has changed.
func (p *Program) Reload(cfg *config.Config) (kept []string, err error) {
	s := p.succession
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg, kept = keepOpen(s.newest.opt.Config, cfg)
	next, err := s.newest.with(cfg)
	if err != nil {
		return nil, err
	}
	s.newest = next
	for f := range s.followers {
		f.take(next)
	}
	return kept, nil
}

// with is the same program with another configuration. Its queues are its own:
// they wake the workers of the program that made them.
func (p *Program) with(cfg *config.Config) (*Program, error) {
	next := *p
	next.opt.Config = cfg
	next.prompts, next.Queue = jobs.NewQueue(p.front), jobs.NewQueue(p.back)
	next.outside = next.receiver()
	if err := next.clients(); err != nil {
		return nil, err
	}
	next.nameSeries()
	return &next, nil
}

// keepOpen is cfg with the settings of before where they are bound to the
// listener, the connections to Redis, or the files that are open.
func keepOpen(before, cfg *config.Config) (next *config.Config, kept []string) {
	changed := *cfg
	for _, s := range []struct {
		name string
		same bool
	}{
		{"HOST", before.Server.Host == cfg.Server.Host},
		{"PORT", before.Server.Port == cfg.Server.Port},
		{"REDIS_URL", before.Redis.URL == cfg.Redis.URL},
		{"REDIS_TLS_CA", before.Redis.TLSCA == cfg.Redis.TLSCA},
		{"REDIS_TLS_CERT", before.Redis.TLSCert == cfg.Redis.TLSCert},
		{"REDIS_TLS_KEY", before.Redis.TLSKey == cfg.Redis.TLSKey},
		{"STATE_DIR", before.StateDir == cfg.StateDir},
		{"LOG_FORMAT", before.Log.Format == cfg.Log.Format},
	} {
		if !s.same {
			kept = append(kept, s.name)
		}
	}
	changed.Server.Host, changed.Server.Port = before.Server.Host, before.Server.Port
	changed.Redis, changed.StateDir, changed.Log.Format = before.Redis, before.StateDir, before.Log.Format
	return &changed, kept
}
