package worker

import (
	"context"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
)

// layoutFor is how long a list's fields and settings are believed: operators
// change them by hand, and Campaign Monitor drops unknown fields in silence.
const layoutFor = 10 * time.Minute

type layoutCache struct {
	mu     sync.Mutex
	layout member.Layout
	until  time.Time
}

// layout returns where the site's list keeps facts, asking at most every ten
// minutes, one job at a time.
func (a *attempt) layout(ctx context.Context) (member.Layout, error) {
	cache := &a.site.layout
	cache.mu.Lock()
	defer cache.mu.Unlock()
	if a.Now().Before(cache.until) {
		return cache.layout, nil
	}
	layout, err := a.askLayout(ctx)
	if err != nil {
		return member.Layout{}, a.listFailed(ctx, err)
	}
	cache.layout, cache.until = layout, a.Now().Add(layoutFor)
	return layout, a.succeeded(ctx, upstreamList)
}

func (a *attempt) askLayout(ctx context.Context) (member.Layout, error) {
	shape, err := a.site.List.Shape(ctx, a.site.ListID, a.site.Fields)
	if err != nil {
		return member.Layout{}, err
	}
	if len(shape.Missing) > 0 {
		a.Log.WarnContext(ctx, "list.fields_missing", "site", a.site.Name, "fields", shape.Missing,
			"next", "create them on the list as Text or Date; until then they are not written")
	}
	return shape.Layout, nil
}
