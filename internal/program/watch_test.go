package program

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// redisSays is an error as the Redis library gives it.
type redisSays string

func (r redisSays) Error() string { return string(r) }

func TestRedisComingAndGoingIsToldOnceEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var answer atomic.Pointer[error]
		w := &watch{
			ask: func(context.Context) error { return *answer.Load() },
			log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: noTime})),
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		answer.Store(new(error))
		go func() { defer close(done); w.run(ctx) }()
		for _, err := range []error{nil, syscall.ECONNREFUSED, redisSays("LOADING Redis is loading"), nil} {
			synctest.Wait()
			answer.Store(&err)
			time.Sleep(4 * watchEvery) // of the bubble's clock
		}
		synctest.Wait()
		stop()
		<-done
		const want = "level=ERROR msg=redis.unreachable reason=\"the connection is refused: nothing listens where REDIS_URL points\"\n" +
			"level=ERROR msg=redis.unreachable reason=\"it loads its data\"\n" +
			"level=INFO msg=redis.reachable\n"
		if log.String() != want {
			t.Errorf("the log is\n%swant\n%s", &log, want)
		}
	})
}

func noTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func TestTheEndOfTheWatchIsNotTheEndOfRedis(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	w := &watch{log: slog.New(slog.NewTextHandler(&log, nil)), ask: func(ctx context.Context) error {
		stop()
		<-ctx.Done()
		return ctx.Err()
	}}
	w.run(ctx)
	if log.Len() > 0 {
		t.Errorf("it logged %s", &log)
	}
}

func TestTheReasonSaysWhatToMendAndNoSecret(t *testing.T) {
	t.Parallel()
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}
	}
	for want, errs := range map[string][]error{
		"refused":             {dial(syscall.ECONNREFUSED)},
		"does not exist":      {dial(syscall.ENOENT)},
		"may not use":         {dial(syscall.EACCES)},
		"has no address":      {&net.DNSError{Err: "no such host", Name: "hunter2"}},
		"not trusted":         {x509.UnknownAuthorityError{}, x509.HostnameError{Host: "h", Certificate: &x509.Certificate{}}},
		"in time":             {context.DeadlineExceeded, os.ErrDeadlineExceeded, dial(syscall.ETIMEDOUT)},
		"breaks":              {io.EOF, dial(syscall.ECONNRESET)},
		"password of":         {redisSays("WRONGPASS invalid username-password pair or user is disabled.")},
		"asks for a password": {redisSays("NOAUTH Authentication required.")},
		"may not do":          {redisSays("NOPERM User x has no permissions to run the 'set' command")},
		"memory":              {redisSays("OOM command not allowed when used memory > 'maxmemory'.")},
		"replica":             {redisSays("READONLY You can't write against a read only replica.")},
		"loads":               {redisSays("LOADING Redis is loading the dataset in memory")},
		"disk":                {redisSays("MISCONF Redis is configured to save RDB snapshots")},
		"too few replicas":    {redisSays("NOREPLICAS Not enough good replicas to write.")},
		"cluster":             {redisSays("MOVED 3999 127.0.0.1:6381"), redisSays("CLUSTERDOWN Hash slot not served")},
		"refuses":             {redisSays("ERR unknown command 'AUTH', with args beginning with: 'hunter2'"), errors.New("hunter2")},
	} {
		for _, err := range errs {
			got := redisReason(fmt.Errorf("redis takes no writes: %w", err))
			if !strings.Contains(got, want) || strings.Contains(got, "hunter2") {
				t.Errorf("of %q: %q, want %q in it", err, got, want)
			}
		}
	}
}
