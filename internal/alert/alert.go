package alert

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/metrics"
)

// Board is what all processes share of alerts; store.Store is one. SwapAlert is
// false if another process was first.
type Board interface {
	Alerts(ctx context.Context) (map[string]string, error)
	SwapAlert(ctx context.Context, name, was, becomes string) (bool, error)
}

// Lookout sees what lasts; Watcher is one.
type Lookout interface {
	Look(ctx context.Context, sites []string, silenceAfter time.Duration) ([]Condition, error)
}

// Settings is what a reload may change.
type Settings struct {
	Target       Target
	Sites        []string
	SilenceAfter time.Duration // 0: for ever
}

// Options is what Alerts are made of. All but Metrics are required.
type Options struct {
	Board    Board
	Lookout  Lookout
	Settings func() Settings // asked each time
	Log      *slog.Logger
	Metrics  *metrics.Metrics
	Now      func() time.Time
	NewID    func() string
}

// Alerts is one process' part in telling a person. Reports never wait; Run carries
// them on.
type Alerts struct {
	Options
	turn  chan struct{} // held by the one Run that works
	wake  chan struct{}
	noise limiter

	mu   sync.Mutex
	news map[string]record // what happened and is not on the board yet

	// Of the Run that works: until when it sends nothing, because the receiver failed.
	hold    time.Time
	holding time.Duration
}

// newsAtMost bounds what waits for a Redis that is away: more kinds and sites than
// anybody has.
const newsAtMost = 1000

// New makes alerts; it touches nothing outside.
func New(o Options) *Alerts {
	return &Alerts{Options: o, turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), news: map[string]record{}}
}

// DeadLetter reports a job of a site that failed for good. The code is one of our
// own, or "".
func (a *Alerts) DeadLetter(site, code string) {
	detail := ""
	if code != "" {
		detail = "the last with " + code
	}
	a.happened(DeadLetters, site, detail)
}

// UnmappedPurchase reports a genuine purchase of a product that no tier is set for.
// The product is the provider's id of it.
func (a *Alerts) UnmappedPurchase(site, provider, product string) {
	a.happened(UnmappedPurchase, site, "product "+productID(product)+" of "+provider)
}

// NeedsAttention reports a purchase whose access only a person can put right. The
// code is one of our own.
func (a *Alerts) NeedsAttention(site, code string) {
	a.happened(NeedsAttention, site, "the last: "+code)
}

// RefusedPayment reports a delivery that is not genuine by the settings there are,
// which may be what is wrong. The code is one of our own.
func (a *Alerts) RefusedPayment(site, provider, code string) {
	a.happened(Refused, site, "the last of "+provider+" with "+code)
}

// productID lets nothing through but an id: buyers can write into some fields.
func productID(id string) string {
	if id == "" || len(id) > 64 {
		return "(unreadable)"
	}
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.' && r != ':' {
			return "(unreadable)"
		}
	}
	return id
}

func (a *Alerts) happened(k Kind, site, detail string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := k.name(site)
	if _, known := a.news[name]; !known && len(a.news) >= newsAtMost {
		return
	}
	a.news[name] = a.news[name].happened(1, a.Now(), detail)
	select {
	case a.wake <- struct{}{}:
	default: // it is awake
	}
}
