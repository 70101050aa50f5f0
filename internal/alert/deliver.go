package alert

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/metrics"
)

// A process leaves a receiver alone after it failed, twice as long each time. The
// message itself waits longer, so that others have their turn before it.
const (
	holdFirst = 15 * time.Second
	holdMost  = 10 * time.Minute
	keptFor   = 2 * time.Second // for a word to Redis, when time is over already
)

// deliver sends what is due, one message after the other, until one fails.
func (a *Alerts) deliver(ctx context.Context, b board, s Settings) {
	for _, name := range slices.Sorted(maps.Keys(b)) {
		k, site, ok := parse(name)
		if !ok || b[name] == "" || ctx.Err() != nil || a.Now().Before(a.hold) {
			continue
		}
		r, now := decode(b[name]), a.Now()
		if r.over(k, now, site == "" || slices.Contains(s.Sites, site)) {
			_, _ = a.swap(ctx, b, name, "") // the next round will
			continue
		}
		if r.due(k, now) == "" {
			continue
		}
		r = r.claimed(k, now, a.NewID())
		if won, err := a.swap(ctx, b, name, r.encode()); err != nil || !won {
			continue
		}
		a.sendOne(ctx, b, name, *r.Sending, s.Target)
	}
}

// sendOne delivers a message that this process claimed, and says how it went.
func (a *Alerts) sendOne(ctx context.Context, b board, name string, m message, to Target) {
	k, site, _ := parse(name)
	body, _ := json.Marshal(m.notice(k, site)) // of plain fields: it cannot fail
	err := to.send(ctx, http.MethodPost, body, a.Now)
	keeping, cancel := context.WithTimeout(context.WithoutCancel(ctx), keptFor)
	defer cancel()
	if err != nil {
		a.failed(err)
		a.Metrics.Alert(string(k), metrics.AlertFailed)
		retry := a.Now().Add(2 * a.holding)
		err = a.change(keeping, b, name, func(r record) record { return r.failed(m.ID, retry) })
	} else {
		a.hold, a.holding = time.Time{}, 0
		a.Metrics.Alert(string(k), metrics.AlertSent)
		a.Log.InfoContext(ctx, "alert.sent", "alert", string(k), "status", string(m.Status), "site", site, "count", m.Count, "id", m.ID)
		err = a.change(keeping, b, name, func(r record) record { return r.delivered(m.ID) })
	}
	if err != nil { // another process sends it once more, with the same id
		a.complain("alert.unkept", "Redis does not answer; what was sent may be sent once more")
	}
}

func (a *Alerts) failed(err error) {
	a.holding = min(max(2*a.holding, holdFirst), holdMost)
	a.hold = a.Now().Add(a.holding)
	a.complain("alert.failed", "the receiver of ALERT_WEBHOOK_URL: "+err.Error())
}
