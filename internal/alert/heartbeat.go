package alert

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/ghostcm/ghostcm/internal/metrics"
)

// A process feels its own pulse this often, and the fleet pings once in beatEvery.
const (
	feelEvery = 10 * time.Second
	beatEvery = time.Minute
)

// Claims lets one process of the fleet do something in an interval; store.Store
// is one. That it answers is half of what a heartbeat says.
type Claims interface {
	ClaimHeartbeat(ctx context.Context, every time.Duration) (bool, error)
}

// HeartbeatOptions is what a Heartbeat is made of. All but Metrics are required.
type HeartbeatOptions struct {
	Claims Claims
	// Moved is nil if this process has done something since the last call.
	Moved   func(ctx context.Context) error
	Target  func() Target // asked each time
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Now     func() time.Time
}

// Heartbeat pings a monitor while work is done. A monitor that hears nothing for
// some minutes raises the alarm that no process of ours could: that none is left.
type Heartbeat struct {
	HeartbeatOptions
	noise limiter
}

// NewHeartbeat makes a heartbeat; it touches nothing outside.
func NewHeartbeat(o HeartbeatOptions) *Heartbeat { return &Heartbeat{HeartbeatOptions: o} }

// Run beats until ctx ends.
func (h *Heartbeat) Run(ctx context.Context) {
	tick := time.NewTicker(feelEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.beat(ctx)
		}
	}
}

// beat pings if this process moves, Redis answers, and no other process pinged in
// the last minute.
func (h *Heartbeat) beat(ctx context.Context) {
	to := h.Target()
	if to.URL == "" {
		return
	}
	asking, cancel := context.WithTimeout(ctx, redisWithin)
	defer cancel()
	if h.Moved(asking) != nil {
		return
	}
	mine, err := h.Claims.ClaimHeartbeat(asking, beatEvery)
	if err != nil || !mine {
		return
	}
	err = to.send(ctx, http.MethodGet, nil, h.Now)
	switch {
	case ctx.Err() != nil:
	case err == nil:
		h.Metrics.Heartbeat(metrics.AlertSent)
	default:
		h.Metrics.Heartbeat(metrics.AlertFailed)
		if held, ok := h.noise.allow("heartbeat.failed", h.Now()); ok {
			h.Log.WarnContext(ctx, "heartbeat.failed", "reason", "the monitor of HEARTBEAT_URL: "+err.Error(), "suppressed", held)
		}
	}
}
