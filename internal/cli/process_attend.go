package cli

import (
	"context"
	"os/signal"
	"sync"

	"github.com/ghostcm/ghostcm/internal/program"
)

// attend does what there is to do beside the work: it keeps the service manager
// informed, and heeds SIGHUP. The work ends with the context that it returns;
// attended is called when the work has ended, and waits.
func (p *process) attend(ctx context.Context, opened *program.Program, d duty) (working context.Context, attended func()) {
	working, end := context.WithCancel(ctx)
	m := p.findManager()
	var attendants sync.WaitGroup
	attendants.Go(func() { m.attend(working, d.pulse(opened), d.status) })
	attendants.Go(func() { p.heedHangups(working, end, func() { m.reloading(func() { p.reload(opened) }) }) })
	return working, func() {
		end()
		attendants.Wait()
		signal.Stop(p.hangups)
	}
}

// heedHangups reloads on SIGHUP. The one that comes when the terminal of the
// process is closed means what it always did: that it shall end.
func (p *process) heedHangups(ctx context.Context, end, reload func()) {
	for {
		select {
		case <-p.hangups:
		case <-ctx.Done():
			return
		}
		if p.answersOnTerminal && !isTerminal(p.stdin) {
			p.log.Info("ghostcm.terminal_closed")
			end()
			return
		}
		reload()
	}
}
