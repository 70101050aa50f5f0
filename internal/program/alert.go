package program

import (
	"context"
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/alert"
	"github.com/ghostcm/ghostcm/internal/egress"
)

// newAlerts makes what a whole succession of programs has in common: it asks the
// newest for its settings.
func (p *Program) newAlerts() *alert.Alerts {
	succession := p.succession
	return alert.New(alert.Options{
		Board: p.Store, Lookout: &alert.Watcher{Store: p.Store, Queue: p.Queue, Now: time.Now},
		Settings: func() alert.Settings { return succession.current().alertSettings() },
		Log:      p.opt.Log, Metrics: p.Metrics, Now: time.Now, NewID: func() string { return rand.Text()[:16] },
	})
}

// receiver reaches the receivers of alerts and heartbeats, as the configuration
// allows it. Their URLs are secrets, so nobody is followed elsewhere.
func (p *Program) receiver() *http.Client {
	client := egress.Client(p.opt.Config.OutboundPolicy(), egress.Options{Timeout: receiverTimeout, Connections: 1})
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

// receiverTimeout is more than package alert waits for an answer.
const receiverTimeout = 10 * time.Second

func (p *Program) alertSettings() alert.Settings {
	c := p.opt.Config.Alerts
	return alert.Settings{
		Target: alert.Target{URL: c.WebhookURL.Reveal(), Secret: c.WebhookSecret.Reveal(), HTTP: p.outside},
		Sites:  p.siteNames(), SilenceAfter: c.SilenceAfter,
	}
}

// keepAlerts carries alerts on until stop is called, and what is left then; stop
// waits for that.
func (p *Program) keepAlerts(ctx context.Context) (stop func()) {
	return keep(context.WithoutCancel(ctx), p.alerts.Run) // jobs die until the last has drained
}

// keepHeartbeat pings the monitor while jobs are looked for, until stop is called.
func (p *Program) keepHeartbeat(ctx context.Context) (stop func()) {
	return keep(ctx, alert.NewHeartbeat(alert.HeartbeatOptions{
		Claims: p.Store, Moved: p.Working(), Log: p.opt.Log, Metrics: p.Metrics, Now: time.Now,
		Target: func() alert.Target {
			return alert.Target{URL: p.opt.Config.Alerts.HeartbeatURL.Reveal(), HTTP: p.outside}
		},
	}).Run)
}

// keep runs something until stop is called, which waits.
func keep(ctx context.Context, run func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { run(ctx) })
	return func() { cancel(); running.Wait() }
}

func alertNames() (names []string) {
	for _, kind := range alert.Kinds() {
		names = append(names, string(kind))
	}
	return names
}
