package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/redisserver"
	"github.com/ghostcm/ghostcm/internal/store"
)

// process is what a command that stays is made from: what it was told to do,
// and where it says what it does.
type process struct {
	*app
	cfg *config.Config
	log *slog.Logger
}

// begin reads the configuration, starts the log, and tells in it what works but
// should be known. Nothing has been connected to.
func (a *app) begin() (*process, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	log := a.logger(cfg.Log)
	store.RedirectLog(log)
	logWarnings(log, cfg)
	return &process{app: a, cfg: cfg, log: log}, nil
}

// run opens the program and lets it work until ctx ends, which is no failure.
// An empty redisURL is the configured one.
func (p *process) run(ctx context.Context, redisURL string, work func(*program.Program) error) error {
	if ctx.Err() != nil {
		return nil
	}
	opened, err := program.Open(program.Options{Config: p.cfg, Log: p.log, RedisURL: redisURL, Build: p.build()})
	if err != nil {
		return unusable(err)
	}
	defer opened.Close() //nolint:errcheck // the process ends
	p.log.Info("ghostcm.started", "version", p.version().Version, "sites", len(p.cfg.Sites))
	err = work(opened)
	p.log.Info("ghostcm.stopped")
	return err
}

// quietly sends what the job library prints to the log: stdout is for results.
// It comes before anything that prints has begun.
func quietly(log *slog.Logger, work func() error) (err error) {
	restore, err := jobs.CaptureStdout(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	return work()
}

// unusable is a configuration that came through its checks, but opens no program.
func unusable(err error) error {
	return exitWith(codeUsage, fmt.Errorf("the configuration cannot be used: %w", err))
}

func (a *app) build() program.Build {
	b := a.version()
	return program.Build{Version: b.Version, Commit: b.Commit, Go: b.Go}
}

// embedded runs a redis-server in the state directory around work, which gets
// its URL. The server is stopped last, so that it keeps what work wrote last.
func (p *process) embedded(ctx context.Context, work func(redisURL string) error) (err error) {
	starting, cancel := context.WithTimeout(ctx, embeddedStart)
	defer cancel()
	server, err := redisserver.Start(starting, redisserver.Options{Dir: embeddedDir(p.cfg), Log: p.log})
	if ctx.Err() != nil && err != nil {
		return nil // asked to end meanwhile
	}
	if err != nil {
		return fmt.Errorf("--embedded-redis: %w", err)
	}
	defer func() {
		// The server bounds its own stopping; ctx has ended by now.
		if stopErr := server.Stop(context.WithoutCancel(ctx)); err == nil {
			err = stopErr
		}
	}()
	p.log.Info("redis.embedded", "url", server.URL())
	return work(server.URL())
}
