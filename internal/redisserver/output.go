package redisserver

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"strings"
	"sync"
)

// routine matches "123:M 22 Nov 2026 10:00:00.000 * Ready…". A crash report's raw
// lines lack that form; they hold commands with members' data, and are dropped.
var routine = regexp.MustCompile(`^\d+:[A-Z] .*? ([.\-*#]) (.*)$`)

// maxLine bounds what is kept of a line, in bytes.
const maxLine = 2048

// output takes what the server prints: routine lines go to the log at debug, the
// last few lines are kept to explain a start that failed.
type output struct {
	log *slog.Logger

	mu      sync.Mutex
	partial []byte
	tail    []string
	loaded  bool
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.partial = append(o.partial, p...)
	for {
		line, rest, found := bytes.Cut(o.partial, []byte("\n"))
		if !found {
			break
		}
		o.partial = rest
		o.line(strings.TrimSpace(string(line[:min(len(line), maxLine)])))
	}
	if len(o.partial) > maxLine {
		o.partial = o.partial[:maxLine]
	}
	return len(p), nil
}

func (o *output) line(line string) {
	m := routine.FindStringSubmatch(line)
	if m != nil {
		o.log.LogAttrs(context.Background(), slog.LevelDebug, "redis.output", slog.String("line", m[2]))
		line = m[2]
	}
	// Before it has loaded, no client has said anything: a raw line is a
	// complaint about the configuration, which is what explains a failure.
	if line == "" || (m == nil && o.loaded) {
		return
	}
	o.tail = append(o.tail, line)
	if len(o.tail) > 4 {
		o.tail = o.tail[1:]
	}
}

// ready says that clients may have been served, so raw lines are not kept any more.
func (o *output) ready() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.loaded = true
}

// last is the last few lines, for an error.
func (o *output) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.tail, "; ")
}
