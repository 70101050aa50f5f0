package cli

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/ghostcm/ghostcm/internal/program"
)

// manager is the service manager that has started the process, as systemd does
// for a unit of Type=notify. Without one, nobody listens, and nothing is said.
type manager struct {
	log *slog.Logger
	say func(state string) (heard bool, err error)
	// watchdog is after how long a silence it restarts the process; 0 is never.
	watchdog time.Duration
	// startEvery is how often a process that starts is looked at.
	startEvery time.Duration
}

const (
	startEvery = 50 * time.Millisecond
	// startPatience is for one look; a webhook waits less for Redis.
	startPatience = 5 * time.Second
)

func (p *process) findManager() manager {
	watchdog, err := daemon.SdWatchdogEnabled(true)
	if err != nil {
		p.log.Warn("systemd.watchdog_unknown", "error", err.Error())
	}
	return manager{
		log: p.log, watchdog: watchdog, startEvery: startEvery,
		say: func(state string) (bool, error) { return daemon.SdNotify(false, state) },
	}
}

// attend reports for duty once the pulse is felt, feeds the watchdog whenever it
// is felt again, and says when the end begins.
func (m manager) attend(ctx context.Context, pulse program.Pulse, status string) {
	if !m.tell("STATUS=starting") {
		return
	}
	if m.started(ctx, pulse) {
		m.tell(daemon.SdNotifyReady, "STATUS="+status)
		m.feed(ctx, pulse)
	}
	m.tell(daemon.SdNotifyStopping, "STATUS=ending what has begun")
}

// started waits until the pulse is felt for the first time; false if ctx ends first.
func (m manager) started(ctx context.Context, pulse program.Pulse) bool {
	ticker := time.NewTicker(m.startEvery)
	defer ticker.Stop()
	for {
		if feel(ctx, pulse, startPatience) == nil {
			return true
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
}

// feed never feeds by the clock alone: a process that hangs shall be restarted.
// It looks three times as often as it has to, so that one bad look is forgiven.
func (m manager) feed(ctx context.Context, pulse program.Pulse) {
	if m.watchdog == 0 {
		<-ctx.Done()
		return
	}
	each := m.watchdog / 3
	ticker := time.NewTicker(each)
	defer ticker.Stop()
	for {
		err := feel(ctx, pulse, each)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			m.log.Error("watchdog.no_pulse", "reason", err.Error())
		default:
			m.tell(daemon.SdNotifyWatchdog)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func feel(ctx context.Context, pulse program.Pulse, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return pulse(ctx)
}

// reloading says that a reload is under way, and when it is over, however it ended.
func (m manager) reloading(reload func()) {
	m.tell(daemon.SdNotifyReloading, daemon.SdNotifyMonotonicUsec())
	defer m.tell(daemon.SdNotifyReady)
	reload()
}

// tell says whether somebody listens.
func (m manager) tell(lines ...string) bool {
	heard, err := m.say(strings.Join(lines, "\n"))
	if err != nil {
		m.log.Warn("systemd.unheard", "error", err.Error())
	}
	return heard || err != nil
}
