package program

import (
	"context"
	"net"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/server"
)

// WorkSeen works as Work does, and answers /metrics, /livez, /readyz and /health
// on ln meanwhile, but no webhook. It closes ln.
func (p *Program) WorkSeen(ctx context.Context, ln net.Listener) error {
	seen, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, failed := errgroup.WithContext(ctx)
	group.Go(func() error { return p.expose(seen, ln) })
	group.Go(func() error {
		defer stop()
		return p.Work(failed)
	})
	return group.Wait()
}

func (p *Program) expose(ctx context.Context, ln net.Listener) error {
	return p.answer(ctx, ln, (*Program).window)
}

// window is what every process answers: how it is, but no webhook.
func (p *Program) window() server.Options {
	c := p.opt.Config.Server
	return server.Options{
		Metrics: p.Metrics.Handler(), MetricsToken: c.MetricsToken.Reveal(), Vitals: vitals{p}, Sites: p.siteNames(),
		TrustedProxies: c.TrustedProxies, Log: p.opt.Log,
	}
}
