package server

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Vitals is how ghostcm is at one moment.
type Vitals struct {
	Depth    int           // jobs waiting to be taken
	Oldest   time.Duration // age of the oldest of them; 0 if none
	Retrying int
	Dead     int
	Workers  int // worker processes that live

	Waiting       int           // members in the inbox, whose newest facts are not applied yet
	WaitingOldest time.Duration // how long the oldest of them has been there; 0 if none

	Spool      int  // deliveries on disk, waiting for Redis
	SpoolReady bool // whether the spool can take deliveries

	Paused []string // sites that wait for a person
	Broken []string // sites whose circuit breaker is open
	// Unread is whether Redis takes webhooks, but all the rest that it knows could
	// not be read.
	Unread bool
}

// VitalsSource tells the vitals. An error means that Redis takes no webhooks,
// which is what /readyz asks; what is known without it (the spool) is still
// filled in. It is asked a few times a second at most.
type VitalsSource interface {
	Vitals(context.Context) (Vitals, error)
}

// probeAge is how long an answer is used again: strangers can ask for /health
// as often as they like, Redis is asked four times a second.
const probeAge = 250 * time.Millisecond

// sourceGrace is for a source to end after its context did.
const sourceGrace = 100 * time.Millisecond

var (
	errNoVitals = errors.New("nothing tells the vitals")
	errPanic    = errors.New("asking for the vitals failed by a bug")
	errNoAnswer = errors.New("redis did not answer in time")
)

type reading struct {
	vitals Vitals
	err    error
}

// probe asks a source on behalf of many, one question at a time, and waits no
// longer than its limit even if the source does.
type probe struct {
	source VitalsSource
	limit  time.Duration
	now    func() time.Time
	log    *slog.Logger

	mu      sync.Mutex
	last    reading
	lastAt  time.Time
	running chan struct{} // closed when the question under way is answered; nil if none
}

func newProbe(o Options) *probe {
	return &probe{source: o.Vitals, limit: o.Timeouts.Vitals, now: o.Now, log: o.Log, last: reading{err: errNoAnswer}}
}

func (p *probe) read() (Vitals, error) {
	if p.source == nil {
		return Vitals{}, errNoVitals
	}
	answered, fresh := p.ask()
	if fresh != nil {
		return fresh.vitals, fresh.err
	}
	timer := time.NewTimer(p.limit + sourceGrace)
	defer timer.Stop()
	select {
	case <-answered:
		return p.latest()
	case <-timer.C:
	}
	before, _ := p.latest()
	return Vitals{Spool: before.Spool, SpoolReady: before.SpoolReady}, errNoAnswer
}

func (p *probe) latest() (Vitals, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last.vitals, p.last.err
}

// ask returns a fresh reading, or else when there will be one.
func (p *probe) ask() (answered <-chan struct{}, fresh *reading) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		return p.running, nil
	}
	if !p.lastAt.IsZero() && p.now().Sub(p.lastAt) < probeAge {
		last := p.last
		return nil, &last
	}
	p.running = make(chan struct{})
	go p.observe(p.running)
	return p.running, nil
}

// observe ends when the source does; until then no other question is asked.
func (p *probe) observe(done chan struct{}) {
	defer close(done)
	ctx, cancel := context.WithTimeout(context.Background(), p.limit)
	defer cancel()
	vitals, err := p.question(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.lastAt, p.running = reading{vitals, err}, p.now(), nil
}

// question makes an error of a panic, which on this goroutine would end the
// process.
func (p *probe) question(ctx context.Context) (v Vitals, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			logPanic(p.log, caught)
			v, err = Vitals{}, errPanic
		}
	}()
	return p.source.Vitals(ctx)
}
