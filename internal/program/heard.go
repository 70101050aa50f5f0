package program

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

// How often news of webhooks is kept at most, and how long that may take.
const (
	keepHeardEvery  = 5 * time.Second
	keepHeardWithin = 2 * time.Second
)

// hearing gathers when each site's webhooks came, and keeps it in Redis, so that
// silence and refusals are known to every process: at once after a silence, since
// who sets a site up asks right after the first webhook, and every few seconds
// while many come. No webhook waits for that.
type hearing struct {
	keep func(context.Context, map[string]store.Heard) error
	log  *slog.Logger
	came chan struct{} // holds one while there is news

	mu   sync.Mutex
	news map[string]store.Heard
}

func newHearing(keep func(context.Context, map[string]store.Heard) error, log *slog.Logger) *hearing {
	return &hearing{keep: keep, log: log, came: make(chan struct{}, 1)}
}

// note takes one answered webhook down.
func (h *hearing) note(o webhook.Outcome) {
	refused := strings.HasPrefix(o.Result, "signature_") ||
		o.Result == string(webhook.InvalidPayload) || o.Result == string(webhook.UnknownEvent)
	if o.Site == "" || !refused && o.Result != "accepted" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.news == nil {
		h.news = map[string]store.Heard{}
	}
	heard := h.news[o.Site]
	switch {
	case refused:
		heard.RefusedAt, heard.Refusal = o.At, o.Result
	case o.Contradicted:
		heard.At, heard.ContradictedAt = o.At, o.At
	default:
		heard.At = o.At
	}
	h.news[o.Site] = heard
	select {
	case h.came <- struct{}{}:
	default:
	}
}

// keepHeard runs the hearing until ctx ends, or until stop is called, which waits.
func (p *Program) keepHeard(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { p.heard.run(ctx) })
	return func() { cancel(); running.Wait() }
}

// run keeps what is noted until ctx ends, and what was noted last.
func (h *hearing) run(ctx context.Context) {
	defer func() { h.flush(context.WithoutCancel(ctx)) }()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.came:
		}
		h.flush(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(keepHeardEvery):
		}
	}
}

// flush keeps the news; what Redis does not take is dropped, because newer news
// will come.
func (h *hearing) flush(ctx context.Context) {
	h.mu.Lock()
	news := h.news
	h.news = nil
	h.mu.Unlock()
	if len(news) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, keepHeardWithin)
	defer cancel()
	if err := h.keep(ctx, news); err != nil {
		h.log.DebugContext(ctx, "heard.not_kept", "reason", redisReason(err))
	}
}
