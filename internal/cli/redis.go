package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/redisserver"
	"github.com/ghostcm/ghostcm/internal/store"
)

const (
	// embeddedStart bounds the loading of an embedded Redis' data.
	embeddedStart = 2 * time.Minute
	// answerWithin is how long a command waits for Redis before it says so.
	answerWithin = 5 * time.Second
	// defaultRedis is REDIS_URL where nobody set it.
	defaultRedis = "redis://localhost:6379"
)

// embeddedDir is where serve --embedded-redis keeps its Redis.
func embeddedDir(cfg *config.Config) string { return filepath.Join(cfg.StateDir, "redis") }

// look opens the program for a command that only looks at what is in Redis, or
// changes it there. It logs nothing but what the command returns.
func (a *app) look(ctx context.Context) (*program.Program, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	store.RedirectLog(quiet)
	opened, err := program.Open(program.Options{
		Config: cfg, Log: quiet, RedisURL: a.livingEmbedded(ctx, cfg), Build: a.build(), ProviderURLs: a.providerURLs,
	})
	if err != nil {
		return nil, unusable(err)
	}
	return opened, nil
}

// livingEmbedded is the URL of the Redis that a serve --embedded-redis runs on
// the same state directory right now; "" if there is none, or if REDIS_URL
// names another.
func (a *app) livingEmbedded(ctx context.Context, cfg *config.Config) string {
	if cfg.Redis.URL.Reveal() != defaultRedis {
		return ""
	}
	url, err := redisserver.URL(embeddedDir(cfg))
	if err != nil {
		return ""
	}
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "unix", strings.TrimPrefix(url, "unix://"))
	if err != nil {
		return "" // its socket may be left of one that was killed
	}
	_ = conn.Close()
	return url
}

// unanswered says which setting to look at when Redis is at fault.
func unanswered(ctx context.Context, err error) error {
	switch {
	case err == nil || errors.Is(ctx.Err(), context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("Redis does not answer in time; REDIS_URL says where it is") //nolint:staticcheck // ST1005: a name
	}
	return fmt.Errorf("Redis does not answer; REDIS_URL says where it is: %w", err) //nolint:staticcheck // ST1005: a name
}
