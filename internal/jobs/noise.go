package jobs

import (
	"log/slog"
	"sync"
	"time"
)

// noise keeps repeated records from flooding the log: of each event and kind it
// lets one through per interval, with the number held back since the last.
type noise struct {
	log   *slog.Logger
	every time.Duration
	now   func() time.Time

	mu   sync.Mutex
	last map[string]heard
}

type heard struct {
	at         time.Time
	suppressed int
}

const (
	noiseInterval = 10 * time.Second
	noiseKinds    = 100 // more kinds than any component has; beyond, they share one
)

func newNoise(log *slog.Logger, now func() time.Time) *noise {
	return &noise{log: log, every: noiseInterval, now: now, last: map[string]heard{}}
}

func (n *noise) warn(event string, err error) {
	n.record(event, event, slog.String("error", reasonOf(err)))
}

// record logs the event unless one of the same kind was logged just before.
func (n *noise) record(event, kind string, attrs ...any) {
	suppressed, ok := n.allow(kind)
	if !ok {
		return
	}
	if suppressed > 0 {
		attrs = append(attrs, slog.Int("suppressed", suppressed))
	}
	n.log.Warn(event, attrs...)
}

func (n *noise) allow(kind string) (suppressed int, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h, known := n.last[kind]
	if !known && len(n.last) >= noiseKinds {
		kind = ""
		h, known = n.last[kind]
	}
	if known && n.now().Sub(h.at) < n.every {
		h.suppressed++
		n.last[kind] = h
		return 0, false
	}
	n.last[kind] = heard{at: n.now()}
	return h.suppressed, true
}
