package jobs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"
)

// CaptureStdout sends what gocraft/work prints to standard output, which it
// offers no other hook for, to log as "jobs.library" records, at most one per
// kind of message in 10 s. Other output passes through unchanged, a line at a
// time. It replaces os.Stdout, so it belongs at the start of a process that
// runs workers, before any goroutine prints; restore undoes it and returns when
// everything printed so far has been handled.
func CaptureStdout(log *slog.Logger) (restore func() error, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("capturing standard output: %w", err)
	}
	stdout := os.Stdout
	os.Stdout = w
	done := make(chan error, 1)
	go func() { done <- relay(r, stdout, newNoise(log, time.Now)) }()
	return func() error {
		os.Stdout = stdout
		return errors.Join(w.Close(), <-done, r.Close())
	}, nil
}

// relay reads until the end. It never stops early: a full pipe would block
// every worker that has something to print.
func relay(from io.Reader, to io.Writer, log *noise) error {
	var first error
	for lines := bufio.NewReader(from); ; {
		line, err := lines.ReadString('\n')
		if key, message, ok := libraryError(line); ok {
			log.record("jobs.library", key, slog.String("at", key), slog.String("error", reasonOf(errors.New(message))))
		} else if _, err := io.WriteString(to, line); err != nil && first == nil {
			first = fmt.Errorf("passing on standard output: %w", err)
		}
		if errors.Is(err, io.EOF) {
			return first
		}
		if err != nil {
			return errors.Join(first, err)
		}
	}
}

// libraryError reads the library's "ERROR: where - what".
func libraryError(line string) (key, message string, ok bool) {
	rest, ok := strings.CutPrefix(line, "ERROR: ")
	if !ok {
		return "", "", false
	}
	return strings.Cut(strings.TrimSpace(rest), " - ")
}
