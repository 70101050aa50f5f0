package dashboard

import (
	"context"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// hub hands the activity out to all open pages: whatever their number, it is read
// once, and not at all while nobody watches.
type hub struct {
	from Activities

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // of Run: nil before and after
	ended   chan struct{}   // closed when Run ends
	watches map[*watch]bool
	stop    context.CancelFunc // ends the reading
	reading sync.WaitGroup
}

// watch is one page that is open.
type watch struct {
	news chan store.Activity // closed when the page was too slow, or the process ends
	away chan error          // Redis does not answer
}

// watchRoom is how many entries may wait for a browser.
const watchRoom = 512

// streamOverlap is how far back a stream begins that has nothing to go on from:
// nothing must be missed between a page and its stream, and what comes twice is
// shown once.
const streamOverlap = 10 * time.Second

func newHub(from Activities) *hub {
	return &hub{from: from, watches: map[*watch]bool{}, ended: make(chan struct{})}
}

// run lets pages watch until ctx ends, and returns when nothing is read any more.
func (h *hub) run(ctx context.Context) {
	h.mu.Lock()
	h.ctx, h.ended = ctx, make(chan struct{})
	h.mu.Unlock()
	<-ctx.Done()
	h.mu.Lock()
	h.ctx = nil
	close(h.ended)
	for w := range h.watches {
		h.drop(w)
	}
	h.mu.Unlock()
	h.reading.Wait()
}

// end is closed when streams have to end.
func (h *hub) end() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended
}

// watch begins to hand entries out to a page, from after on if it is the first
// that watches; leave has to be called. It is nil if the process ends.
func (h *hub) watch(after string) (w *watch, leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx == nil {
		return nil, func() {}
	}
	w = &watch{news: make(chan store.Activity, watchRoom), away: make(chan error, 1)}
	h.watches[w] = true
	if len(h.watches) == 1 {
		ctx, stop := context.WithCancel(h.ctx)
		h.stop = stop
		h.reading.Go(func() { h.read(ctx, after) })
	}
	return w, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.drop(w)
	}
}

// drop is called with the lock.
func (h *hub) drop(w *watch) {
	if !h.watches[w] {
		return
	}
	delete(h.watches, w)
	close(w.news)
	if len(h.watches) == 0 {
		h.stop()
	}
}

func (h *hub) read(ctx context.Context, after string) {
	for entry, err := range h.from.Follow(ctx, after) {
		if ctx.Err() != nil {
			return
		}
		h.hand(ctx, entry, err)
	}
}

func (h *hub) hand(ctx context.Context, entry store.Activity, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil {
		return // another reads by now
	}
	for w := range h.watches {
		if err != nil {
			select {
			case w.away <- err:
			default:
			}
			continue
		}
		select {
		case w.news <- entry:
		default:
			h.drop(w) // it comes back, and goes on from where it was
		}
	}
}
