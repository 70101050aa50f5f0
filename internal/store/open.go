package store

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Options say where Redis is and how long to wait for it.
type Options struct {
	// URL is REDIS_URL; see parseURL for its forms. Required.
	URL string
	// TLSCA, TLSCert and TLSKey are paths of PEM files: the only authority to
	// trust, and a client certificate with its key. Empty means the system's
	// authorities, and no client certificate. They need a TLS URL.
	TLSCA, TLSCert, TLSKey string
	// Timeouts are the webhook path's where they are zero.
	Timeouts Timeouts
	// PoolSize is how many connections are kept at most; 0 is ten per processor.
	PoolSize int
}

// Timeouts bound the waiting for Redis. What the URL's query says
// (?read_timeout=2s) wins over them.
type Timeouts struct {
	// Dial is for one attempt to connect; 0 is 300 ms. There is one attempt.
	Dial time.Duration
	// Answer is for one command; 0 is 400 ms.
	Answer time.Duration
	// Slot is for a free connection when all are in use; 0 is 100 ms.
	Slot time.Duration
}

// WorkerTimeouts are for whoever can wait: workers, commands, schedules.
func WorkerTimeouts() Timeouts {
	return Timeouts{Dial: 3 * time.Second, Answer: 10 * time.Second, Slot: 10 * time.Second}
}

// Open makes a client. It does not connect: serve has to start, and spool, while
// Redis is away. Contexts' deadlines are kept, and no command is sent twice: one
// whose answer was lost may have run, and only its caller knows what that means.
// Errors say what is wrong with the URL or the files, and never quote the URL.
func Open(opts Options) (*redis.Client, error) {
	where, err := parseURL(opts.URL)
	if err != nil {
		return nil, err
	}
	if err := where.secure(opts); err != nil {
		return nil, err
	}
	where.wait(opts)
	var client *redis.Client
	if where.sentinel != nil {
		client = redis.NewFailoverClient(where.sentinel)
	} else {
		client = redis.NewClient(where.single)
	}
	client.AddHook(candid{})
	return client, nil
}

// wait sets how connections behave, the same for both kinds.
func (a *address) wait(opts Options) {
	t := opts.Timeouts
	dial := cmp.Or(t.Dial, 300*time.Millisecond)
	answer := cmp.Or(t.Answer, 400*time.Millisecond)
	slot := cmp.Or(t.Slot, 100*time.Millisecond)
	if o := a.single; o != nil {
		o.DialTimeout = cmp.Or(o.DialTimeout, dial)
		o.ReadTimeout, o.WriteTimeout = cmp.Or(o.ReadTimeout, answer), cmp.Or(o.WriteTimeout, answer)
		o.PoolTimeout, o.PoolSize = cmp.Or(o.PoolTimeout, slot), cmp.Or(o.PoolSize, opts.PoolSize)
		o.Protocol, o.MaxRetries, o.DialerRetries = 2, -1, 1
		o.ContextTimeoutEnabled, o.DisableIdentity = true, true
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	}
	if o := a.sentinel; o != nil {
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = dial, answer, answer
		o.PoolTimeout, o.PoolSize = slot, opts.PoolSize
		o.Protocol, o.MaxRetries, o.DialerRetries = 2, -1, 1
		o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	}
}

// RedirectLog sends what the Redis library would print on stderr to log, at
// debug: it repeats what errors already say, at a rate that nobody bounds. It
// holds for the whole process, so the shell calls it, once.
func RedirectLog(log *slog.Logger) {
	redis.SetLogger(libraryLog{log})
}

type libraryLog struct{ log *slog.Logger }

// Printf implements the library's logger.
func (l libraryLog) Printf(ctx context.Context, format string, args ...any) {
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.LogAttrs(ctx, slog.LevelDebug, "redis.library", slog.String("message", fmt.Sprintf(format, args...)))
	}
}
