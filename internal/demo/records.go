package demo

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// listener is where the program's log goes: what is done shows there, as it does
// to operators, and the demo tells it in plain words.
type listener struct {
	reporter *reporter
	also     slog.Handler // nil: nobody else listens
	attrs    []slog.Attr
}

// note is a log record as the reporter reads it.
type note struct {
	event string
	level slog.Level
	at    time.Time
	attrs map[string]slog.Value
}

func (n note) text(key string) string {
	v, ok := n.attrs[key]
	if !ok {
		return ""
	}
	return v.String()
}

func (n note) is(key string) bool {
	v := n.attrs[key]
	return v.Kind() == slog.KindBool && v.Bool()
}

func (n note) list(key string) []string {
	list, _ := n.attrs[key].Any().([]string)
	return list
}

// Enabled implements slog.Handler.
func (l *listener) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || l.also != nil && l.also.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (l *listener) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelInfo {
		l.reporter.hear(l.read(r))
	}
	if l.also != nil && l.also.Enabled(ctx, r.Level) {
		return l.also.Handle(ctx, r)
	}
	return nil
}

func (l *listener) read(r slog.Record) note {
	n := note{event: r.Message, level: r.Level, at: r.Time, attrs: map[string]slog.Value{}}
	for _, a := range l.attrs {
		n.attrs[a.Key] = a.Value
	}
	r.Attrs(func(a slog.Attr) bool {
		n.attrs[a.Key] = a.Value
		return true
	})
	return n
}

// WithAttrs implements slog.Handler.
func (l *listener) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *l
	with.attrs = slices.Concat(l.attrs, attrs)
	if l.also != nil {
		with.also = l.also.WithAttrs(attrs)
	}
	return &with
}

// WithGroup implements slog.Handler. The program's records have no groups.
func (l *listener) WithGroup(name string) slog.Handler {
	with := *l
	if l.also != nil {
		with.also = l.also.WithGroup(name)
	}
	return &with
}
