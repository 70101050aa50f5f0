package redisserver

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestAMissingBinaryIsAnErrorThatSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	for goos, want := range map[string]string{
		"linux": "apt-get install redis-server", "darwin": "brew install redis", "freebsd": "your system's equivalent",
	} {
		if got := advice(goos); !strings.Contains(got, want) {
			t.Errorf("advice(%s) = %q, want %q in it", goos, got, want)
		}
	}
	_, err := Start(t.Context(), Options{Dir: t.TempDir(), Binary: "/nonexistent/redis-server"})
	if err == nil || errors.Is(err, ErrInUse) {
		t.Errorf("Start with a wrong binary = %v", err)
	}
}

func TestACrashReportReachesNeitherLogNorError(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	o := &output{log: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	o.Write([]byte("bad directive 'x'\n7:M 22 Nov 2026 10:00:00.000 * Ready to accept"))
	o.Write([]byte(" connections\n"))
	o.ready()
	o.Write([]byte("argv[1]: 'jo@example.com'\n" + strings.Repeat("x", 10*maxLine)))
	if got, want := o.last(), "bad directive 'x'; Ready to accept connections"; got != want {
		t.Errorf("last = %q, want %q", got, want)
	}
	if s := logged.String(); strings.Contains(s, "example.com") || !strings.Contains(s, "Ready to accept") {
		t.Errorf("logged %q", s)
	}
	if len(o.partial) > maxLine {
		t.Errorf("keeps %d bytes of an endless line", len(o.partial))
	}
}
