package alert

import (
	"context"
	"time"
)

const (
	// lookEvery is how often a process looks at the board and at what lasts.
	lookEvery = 5 * time.Second
	// gatherFor is how long the first of several deaths waits for the others.
	gatherFor = time.Second
	// closing is how long what is on its way may take when the process stops.
	closing = 5 * time.Second
	// redisWithin bounds one round's questions to Redis.
	redisWithin = 5 * time.Second
)

// Run carries reports on until ctx ends, and then, for five seconds at most, what
// is left: it stays in Redis for another process what cannot be sent by then. Of
// several Runs in one process one works, and the next takes over when it ends.
func (a *Alerts) Run(ctx context.Context) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return
	}
	longer, cancel := outlive(ctx, closing)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		a.round(longer)
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-a.wake:
			gather(ctx)
		}
	}
	a.round(longer)
}

func gather(ctx context.Context) {
	timer := time.NewTimer(gatherFor)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// outlive ends so much later than ctx.
func outlive(ctx context.Context, by time.Duration) (longer context.Context, cancel context.CancelFunc) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, end) })
	return longer, func() { stop(); end() }
}

// round brings the board up to date, and sends what is due.
func (a *Alerts) round(ctx context.Context) {
	s := a.Settings()
	if s.Target.URL == "" {
		a.drop()
		return
	}
	board, err := a.read(ctx)
	if err == nil {
		err = a.report(ctx, board)
	}
	if err == nil {
		err = a.look(ctx, board, s)
	}
	if err != nil {
		a.complain("alert.unkept", "Redis does not answer; they are kept in this process until it does")
		return
	}
	a.deliver(ctx, board, s)
}

func (a *Alerts) drop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.news)
}

// complain logs a fault now and then, as long as it lasts.
func (a *Alerts) complain(event, reason string) {
	held, ok := a.noise.allow(event, a.Now())
	if !ok {
		return
	}
	attrs := []any{"reason", reason}
	if held > 0 {
		attrs = append(attrs, "suppressed", held)
	}
	a.Log.Warn(event, attrs...)
}
