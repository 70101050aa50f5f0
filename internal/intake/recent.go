package intake

import (
	"slices"
	"sync"
	"time"
)

// Redis writes to its disk once a second, and a replica may lag by as much: what
// it took longer ago than settled, and still stands, is safe.
const settled = 5 * time.Second

// maxRecent bounds the memory: five seconds at two thousand a second.
const maxRecent = 10_000

// recent is what Redis took and may still forget.
type recent struct {
	mu  sync.Mutex
	all []Delivery // in the order of their acceptance, roughly
}

func (r *recent) keep(d Delivery) {
	d.Data = nil // Direct is all that it needs
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) >= maxRecent {
		r.all = slices.Delete(r.all, 0, maxRecent/10)
	}
	r.all = append(r.all, d)
}

// settle forgets what is safe, with a Redis that has stood without a break since
// then: a master that comes back from an outage may be about to lose its place.
func (r *recent) settle(now, since time.Time) {
	if now.Sub(since) <= settled {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = slices.DeleteFunc(r.all, func(d Delivery) bool { return now.Sub(d.At) > settled })
	if len(r.all) == 0 {
		r.all = nil // gives back what a burst took
	}
}

func (r *recent) list() []Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}
