package alert

import (
	"context"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Condition is whether something lasts now.
type Condition struct {
	Kind   Kind
	Site   string // "" for all sites
	Lasts  bool
	Since  time.Time // zero if only now is known
	Detail string
}

func (c Condition) since(now time.Time) time.Time {
	if c.Since.IsZero() || c.Since.After(now) {
		return now
	}
	return c.Since
}

const (
	// oldestJob is how long a job may wait for a worker; docs/deploy/alerts.yml says the same.
	oldestJob = 5 * time.Minute
	// alone is how long there may be no worker while something waits.
	alone = 2 * time.Minute
	// listenEvery is how often webhooks are missed.
	listenEvery = time.Minute
	// removalsHeld is what a catch-up calls removals that were too many for a day.
	removalsHeld = "removals_held"
)

// Watcher sees in Redis what lasts. It is for one goroutine.
type Watcher struct {
	Store *store.Store
	Queue *jobs.Queue
	Now   func() time.Time

	listened time.Time
	lonely   time.Time // since when no worker is seen
}

// Look says what lasts and what does not; what it says nothing of is as it was.
func (w *Watcher) Look(ctx context.Context, sites []string, silenceAfter time.Duration) ([]Condition, error) {
	seen, err := w.gates(ctx, sites)
	if err != nil {
		return nil, err
	}
	held, err := w.held(ctx, sites)
	if err != nil {
		return nil, err
	}
	stuck, err := w.stuck(ctx)
	if err != nil {
		return nil, err
	}
	silent, err := w.silent(ctx, sites, silenceAfter)
	return append(append(append(seen, held...), stuck), silent...), err
}

// gates sees paused sites and open breakers. While a site is paused nothing is
// known of its breaker.
func (w *Watcher) gates(ctx context.Context, sites []string) (seen []Condition, err error) {
	gates, err := w.Store.Gates(ctx, sites)
	if err != nil {
		return nil, err
	}
	for i, site := range sites {
		g := gates[i]
		detail := g.Upstream + ": " + g.Reason
		seen = append(seen, Condition{Kind: Paused, Site: site, Lasts: g.Paused, Since: g.Since, Detail: detail})
		if !g.Paused {
			seen = append(seen, Condition{Kind: Breaker, Site: site, Lasts: g.Closed(), Since: g.Since, Detail: detail})
		}
	}
	return seen, nil
}

// held sees removals that the last catch-up did not make. One that failed before
// it knew says nothing.
func (w *Watcher) held(ctx context.Context, sites []string) (seen []Condition, err error) {
	all, err := w.Store.CatchUps(ctx, sites)
	if err != nil {
		return nil, err
	}
	for i, site := range sites {
		n := all[i].Found[removalsHeld]
		if n == 0 && !all[i].OK {
			continue
		}
		seen = append(seen, Condition{
			Kind: RemovalsCapped, Site: site, Lasts: n > 0, Since: all[i].Last,
			Detail: fmt.Sprintf("%d are too many for one day", n),
		})
	}
	return seen, nil
}

// stuck sees jobs that no worker takes.
func (w *Watcher) stuck(ctx context.Context) (Condition, error) {
	c := Condition{Kind: QueueStuck}
	stats, err := w.Queue.Stats(ctx)
	if err != nil {
		return c, err
	}
	backlog, err := w.Store.Backlog(ctx)
	if err != nil {
		return c, err
	}
	now := w.Now()
	if stats.Workers > 0 {
		w.lonely = time.Time{}
	} else if w.lonely.IsZero() {
		w.lonely = now
	}
	switch {
	case !w.lonely.IsZero() && now.Sub(w.lonely) >= alone && stats.Depth+backlog.Members > 0:
		c.Lasts, c.Detail = true, fmt.Sprintf("no worker lives, and %d members wait", max(stats.Depth, backlog.Members))
	case stats.Oldest > oldestJob:
		c.Lasts, c.Since = true, now.Add(-stats.Oldest)
		c.Detail = fmt.Sprintf("the oldest of %d jobs waits for %d minutes", stats.Depth, int(stats.Oldest.Minutes()))
	}
	return c, nil
}

// silent sees sites whose webhooks stay away.
func (w *Watcher) silent(ctx context.Context, sites []string, after time.Duration) (seen []Condition, err error) {
	if after <= 0 || w.Now().Sub(w.listened) < listenEvery {
		return nil, nil
	}
	for _, site := range sites {
		since, silent, err := w.Store.Silent(ctx, site, after)
		if err != nil {
			return nil, err
		}
		c := Condition{Kind: Silence, Site: site, Lasts: silent, Since: since}
		if silent {
			c.Detail = "the last one at " + clock(since.UTC())
		}
		seen = append(seen, c)
	}
	w.listened = w.Now()
	return seen, nil
}
