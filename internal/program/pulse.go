package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// Pulse says whether a running program still does what it is for, for a watchdog
// that restarts one that hangs: nil if it has moved since the last call, else
// what stands still. It takes until ctx ends at most. That Redis is away is no
// standstill: a restart would not bring it back.
type Pulse func(ctx context.Context) error

// Serving is the pulse of Serve: the server answers /livez on the address that it
// listens on, and the way of a webhook to Redis comes to an end, good or bad.
func (p *Program) Serving(on net.Addr) Pulse {
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, on.Network(), reachable(on))
		},
	}}
	return func(ctx context.Context) error {
		if err := livez(ctx, &client); err != nil {
			return fmt.Errorf("/livez is not answered: %w", err)
		}
		return comesBack(ctx, p.prompt.Writable)
	}
}

func livez(ctx context.Context, client *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://ghostcm/livez", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// reachable is where to call a listener: one on all addresses has none.
func reachable(on net.Addr) string {
	tcp, ok := on.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return on.String()
	}
	local := *tcp
	local.IP = net.IPv6loopback
	if tcp.IP.To4() != nil {
		local.IP = net.IPv4(127, 0, 0, 1)
	}
	return local.String()
}

var (
	errStuck = errors.New("the way to Redis does not come to an end")
	errIdle  = errors.New("no worker has come round to look for a job")
)

// comesBack is not interested in the answer. A question that hangs for ever is
// left behind: the process is about to be ended for it.
func comesBack(ctx context.Context, ask func(context.Context) error) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		asking, cancel := context.WithTimeout(ctx, watchPatience)
		defer cancel()
		_ = ask(asking)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errStuck
	}
}

// Working is the pulse of Work: a worker has come round to look for a job, or to
// try Redis again, since the last call. That takes no longer than a job does.
func (p *Program) Working() Pulse {
	seen := p.turns.Load()
	return func(context.Context) error {
		now := p.turns.Load()
		if now == seen {
			return errIdle
		}
		seen = now
		return nil
	}
}

// Pulses is the pulse of a program that does several things.
func Pulses(all ...Pulse) Pulse {
	return func(ctx context.Context) error {
		for _, pulse := range all {
			if err := pulse(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}
