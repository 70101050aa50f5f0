package program_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/program"
)

func TestAnEmbeddedRedisNeedsNoneOfTheReplacedOnesSettings(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(config.Options{Dir: t.TempDir(), Environ: []string{"STATE_DIR=/nowhere",
		"CM_API_KEY=x", "SITE1_NAME=blog", "SITE1_GHOST_WEBHOOK_SECRET=" + secret, "SITE1_CM_LIST_ID=0123456789abcdef0123456789abcdef",
	}})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Redis.TLSCA = "/nowhere/ca.pem"
	open := func(url string) error {
		p, err := program.Open(program.Options{Config: cfg, Log: slog.New(slog.DiscardHandler), RedisURL: url})
		if err == nil {
			err = p.Close()
		}
		return err
	}
	if err := open("unix:///nowhere/redis.sock"); err != nil {
		t.Errorf("the embedded Redis: %v", err)
	}
	if err := open(""); err == nil || !strings.HasPrefix(err.Error(), "REDIS_URL: ") {
		t.Errorf("the configured Redis, whose certificate is missing: %v", err)
	}
}
