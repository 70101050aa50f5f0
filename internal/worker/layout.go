package worker

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
)

// layoutFor is how long a list's fields and settings are believed: operators
// change them by hand, and Campaign Monitor drops unknown fields in silence.
const layoutFor = 10 * time.Minute

// unconfirmed is the code of a subscriber who has yet to confirm.
const unconfirmed = 208

// allClientLists is the UnsubscribeSetting by which an unsubscribe from one list
// is one from all lists of the client.
const allClientLists = "AllClientLists"

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
	layout := member.Layout{ListID: a.site.ListID, Columns: map[member.Fact]member.Column{}}
	list, err := a.site.List.List(ctx, a.site.ListID)
	if err != nil {
		return layout, err
	}
	layout.RemoveByDelete = list.UnsubscribeSetting == allClientLists
	fields, err := a.site.List.Fields(ctx, a.site.ListID)
	if err != nil {
		return layout, err
	}
	byName := map[string]campaignmonitor.CustomField{}
	for _, f := range fields {
		byName[campaignmonitor.NormalizeKey(f.Key)] = f
	}
	var missing []string
	for _, fact := range slices.Sorted(maps.Keys(a.site.Fields)) {
		f, exists := byName[campaignmonitor.NormalizeKey(a.site.Fields[fact])]
		switch {
		case exists && (f.DataType == "Text" || f.DataType == "Date"):
			layout.Columns[fact] = member.Column{Key: f.Key, Date: f.DataType == "Date"}
		case exists || !optional(fact):
			missing = append(missing, a.site.Fields[fact])
		}
	}
	if len(missing) > 0 {
		a.Log.WarnContext(ctx, "list.fields_missing", "site", a.site.Name, "fields", missing,
			"next", "create them on the list as Text or Date; until then they are not written")
	}
	return layout, nil
}

// optional facts are written where the list has a field for them.
func optional(fact member.Fact) bool {
	return fact == member.FactTiers || fact == member.FactNewsletters
}

func optedOut(err error) member.Result {
	var refusal *campaignmonitor.Error
	errors.As(err, &refusal)
	if refusal.Code == unconfirmed {
		return member.Result{Answer: member.Unconfirmed}
	}
	return member.Result{Answer: member.OptedOut, Code: strconv.Itoa(refusal.Code)}
}
