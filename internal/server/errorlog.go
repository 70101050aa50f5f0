package server

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// libraryWarnings is how often the library's complaints about this process are
// logged: it repeats that files have run out up to 200 times a second.
const libraryWarnings = 10 * time.Second

// libraryLines takes the lines that net/http has no other place for. Most are
// about a client, and strangers can cause them at will: those are for debugging.
type libraryLines struct {
	slog.Handler
	now      func() time.Time
	warnings *rate.Limiter
}

func newLibraryLines(to slog.Handler, now func() time.Time) *libraryLines {
	return &libraryLines{Handler: to, now: now, warnings: rate.NewLimiter(rate.Every(libraryWarnings), 1)}
}

// Handle gets one line at a time.
func (l *libraryLines) Handle(ctx context.Context, line slog.Record) error {
	level := slog.LevelDebug
	if isOurs(line.Message) && l.warnings.AllowN(l.now(), 1) {
		level = slog.LevelWarn
	}
	if !l.Enabled(ctx, level) {
		return nil
	}
	record := slog.NewRecord(line.Time, level, "http.library", 0)
	record.AddAttrs(slog.String("message", line.Message))
	return l.Handler.Handle(ctx, record)
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
