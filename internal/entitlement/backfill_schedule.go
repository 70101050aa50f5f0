package entitlement

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/provider"
)

const (
	// backfillEvery is how often each shop's books are read by the schedule.
	backfillEvery = time.Hour
	// overlap is how much before the end of the last reading the next begins: books may
	// show a sale later than they date it.
	overlap = 2 * time.Hour
	// firstReach is how far back the first reading goes: as long as any provider
	// repeats a webhook. More is for an operator to ask for.
	firstReach = 72 * time.Hour
	// askTurn is how often a process asks whether a reading is due.
	askTurn = time.Minute
	// renewEvery is how often a reading shows that it lives.
	renewEvery = 5 * time.Second
	// soon is when a reading is tried again that failed for something that passes.
	soon = 10 * time.Minute
)

// Run reads every shop's books once an hour, one process of all at a time, until ctx
// ends. No shop waits for another.
func (b *Backfill) Run(ctx context.Context) {
	var shops sync.WaitGroup
	for _, shop := range b.Shops {
		shops.Go(func() { b.keep(ctx, shop) })
	}
	shops.Wait()
}

func (b *Backfill) keep(ctx context.Context, shop Shop) {
	who := rand.Text()
	ask := time.NewTicker(askTurn)
	defer ask.Stop()
	for {
		b.turn(ctx, shop, who)
		select {
		case <-ctx.Done():
			return
		case <-ask.C:
		}
	}
}

// turn reads a shop's books if that is due.
func (b *Backfill) turn(ctx context.Context, shop Shop, who string) {
	turn, err := b.Turns.ClaimBackfill(ctx, shop.Site, shop.Provider, backfillEvery, who, false)
	if err != nil || !turn.Ours {
		return // a Redis that is away is told of by everybody else
	}
	since := b.Now().Add(-firstReach)
	if !turn.Through.IsZero() {
		since = turn.Through.Add(-overlap)
	}
	found, err := b.read(ctx, reading{
		Backfill: b, Shop: shop, Look: Look{Site: shop.Site, Provider: shop.Provider, Since: since, Who: who}, known: turn.Through,
	})
	log := b.Log.With("site", shop.Site, "provider", shop.Provider, "read", found.Read, "fresh", found.Fresh)
	switch {
	case ctx.Err() != nil:
	case provider.KindOf(err) == provider.Credentials, provider.KindOf(err) == provider.Config:
		log.ErrorContext(ctx, "backfill.refused", "reason", err.Error())
	case err != nil:
		log.WarnContext(ctx, "backfill.failed", "reason", err.Error())
	case found.Fresh > 0:
		log.InfoContext(ctx, "backfill.found", "since", since)
	default:
		log.DebugContext(ctx, "backfill.done", "since", since)
	}
}

// nextAfter is when to read again after a failure.
func nextAfter(err error) time.Duration {
	failure, is := errors.AsType[*provider.Error](err)
	switch {
	case !is:
		return soon
	case failure.Kind() == provider.Credentials, failure.Kind() == provider.Config, failure.Kind() == provider.InvalidRequest:
		return backfillEvery // a person has to mend it
	}
	return max(soon, failure.RetryAfter)
}
