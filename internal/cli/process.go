package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

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
	cfg   *config.Config // as it was at the start
	log   *slog.Logger
	level *slog.LevelVar // of the log
	// hangups are caught from the beginning: until then, SIGHUP ends the process.
	hangups chan os.Signal
}

// duty is what a process does with the program that it has opened, until ctx
// ends, and how it is seen to do so.
type duty struct {
	work   func(ctx context.Context, opened *program.Program) error
	pulse  func(opened *program.Program) program.Pulse
	status string // for the service manager
}

// begin reads the configuration, starts the log, and tells in it what works but
// should be known. Nothing has been connected to.
func (a *app) begin() (*process, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	p := &process{app: a, cfg: cfg, level: &slog.LevelVar{}, hangups: make(chan os.Signal, 1)}
	signal.Notify(p.hangups, syscall.SIGHUP)
	p.level.Set(cfg.Log.Level)
	p.log = a.logger(cfg.Log.Format, p.level)
	store.RedirectLog(p.log)
	logWarnings(p.log, cfg)
	return p, nil
}

// run opens the program and lets it do its duty until ctx ends, which is no
// failure. An empty redisURL is the configured one.
func (p *process) run(ctx context.Context, redisURL string, d duty) error {
	if ctx.Err() != nil {
		return nil
	}
	opened, err := program.Open(program.Options{
		Config: p.cfg, Log: p.log, RedisURL: redisURL, Build: p.build(), ProviderURLs: p.providerURLs,
	})
	if err != nil {
		return unusable(err)
	}
	defer opened.Close() //nolint:errcheck // the process ends
	p.log.Info("ghostcm.started", "version", p.version().Version, "sites", len(p.cfg.Sites))
	ctx, attended := p.attend(ctx, opened, d)
	err = d.work(ctx, opened)
	attended()
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
