package entitlement

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
)

// catalogueFor is how long what a Ghost says of itself is believed. That it is wrong
// shows when a write is read back.
const catalogueFor = time.Minute

// catalogue remembers which tiers a Ghost has, and how it deals with them.
type catalogue struct {
	mu    sync.Mutex
	known house
	at    time.Time
}

// house is how a Ghost deals with tiers.
type house struct {
	tiers  []ghost.Tier
	stripe bool // connected; unknown counts as connected, and the read-back tells
	sqlite bool // takes away every tier with an end, each night
}

// of returns what is known of the Ghost, asked anew if it is old, or if fresh.
func (c *catalogue) of(ctx context.Context, g *ghost.Client, now time.Time, fresh bool) (house, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := now.Sub(c.at); !fresh && !c.at.IsZero() && age >= 0 && age < catalogueFor {
		return c.known, nil
	}
	tiers, err := g.Tiers(ctx)
	if err != nil {
		return house{}, err
	}
	settings, err := g.Settings(ctx)
	if err != nil {
		return house{}, err
	}
	h := house{tiers: tiers, stripe: !settings.Stripe.Known || settings.Stripe.Value}
	config, err := g.Config(ctx)
	if err != nil && !isOdd(err) {
		return house{}, err
	}
	h.sqlite = config.Database == "sqlite3"
	c.known, c.at = h, now
	return h, nil
}

// isOdd says whether a Ghost answered something else than was asked: its database
// is good to know, and not worth to fail for.
func isOdd(err error) bool {
	failure, is := errors.AsType[*ghost.Error](err)
	return is && failure.Kind() != ghost.Transient && failure.Kind() != ghost.RateLimited
}

func (c *catalogue) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = time.Time{}
}

// tier finds a tier by its slug.
func (h house) tier(slug string) (ghost.Tier, bool) {
	for _, t := range h.tiers {
		if t.Slug == slug {
			return t, true
		}
	}
	return ghost.Tier{}, false
}

// slug is a tier's, "" of one that is no more.
func (h house) slug(tierID string) string {
	for _, t := range h.tiers {
		if t.ID == tierID {
			return t.Slug
		}
	}
	return ""
}
