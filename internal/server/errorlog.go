package server

import (
	"context"
	"log"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// libraryWarnings is how often the library's complaints about this process are
// logged: it repeats that files have run out up to 200 times a second.
const libraryWarnings = 10 * time.Second

// errorLog takes the lines that net/http has no other place for. Most are about
// a client, and strangers can cause them at will: those are for debugging.
func errorLog(to *slog.Logger, now func() time.Time) *log.Logger {
	return log.New(&libraryLines{log: to, now: now, warnings: rate.NewLimiter(rate.Every(libraryWarnings), 1)}, "", 0)
}

type libraryLines struct {
	log      *slog.Logger
	now      func() time.Time
	warnings *rate.Limiter
}

// Write gets one line at a time.
func (l *libraryLines) Write(p []byte) (int, error) {
	level := slog.LevelDebug
	line := strings.TrimSpace(string(p))
	if isOurs(line) && l.warnings.AllowN(l.now(), 1) {
		level = slog.LevelWarn
	}
	l.log.LogAttrs(context.Background(), level, "http.library", slog.String("message", line))
	return len(p), nil
}

// isOurs is whether a line is about this process: it cannot accept connections,
// or a handler answers wrongly.
func isOurs(line string) bool {
	for _, start := range []string{"http: Accept error", "http: superfluous ", "http: response.", "http: WriteHeader "} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}
