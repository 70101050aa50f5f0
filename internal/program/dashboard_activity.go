package program

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/dashboard"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// lookThrough is how many entries of a site a page of activity looks through.
const lookThrough = 2000

func hashOf(email string) string {
	if email == "" {
		return ""
	}
	return member.AddressHash(email)
}

func queryOf(q dashboard.ActivityQuery) ActivityQuery {
	out := ActivityQuery{Outcomes: OutcomesOf(q.Outcome), Limit: q.Limit}
	if q.Site != "" {
		out.Sites = []string{q.Site}
	}
	if q.Event != "" {
		out.Events = []string{q.Event}
	}
	if q.Whose != "" {
		out.Whose = []string{strings.ToLower(q.Whose)}
	}
	return out
}

// Matches says whether a query would choose an entry.
func (c *cockpit) Matches(q dashboard.ActivityQuery, a store.Activity) bool {
	return (q.Site == "" || q.Site == a.Site) && queryOf(q).matches(a)
}

// Activity is the newest of what matches. Each site is looked through a little:
// a page is there for people who wait for it.
func (c *cockpit) Activity(ctx context.Context, q dashboard.ActivityQuery) (page dashboard.ActivityPage, err error) {
	p, wanted := c.current(), queryOf(q)
	sites := p.siteNames()
	if len(wanted.Sites) > 0 {
		sites = wanted.Sites
	}
	var reached time.Time // before it, not all sites were looked at
	for _, site := range sites {
		found, until, err := p.lookThrough(ctx, site, wanted, q.Before)
		if err != nil {
			return page, err
		}
		page.Entries = append(page.Entries, found...)
		if until.After(reached) {
			reached = until
		}
	}
	store.SortActivity(page.Entries)
	slices.Reverse(page.Entries)
	page.Older = reached
	if !reached.IsZero() { // what is older comes with the next page
		page.Entries = slices.DeleteFunc(page.Entries, func(a store.Activity) bool { return written(a).Before(reached) })
	}
	if len(page.Entries) > q.Limit {
		page.Older = written(page.Entries[q.Limit-1])
		page.Entries = slices.DeleteFunc(page.Entries, func(a store.Activity) bool { return written(a).Before(page.Older) })
	}
	return page, nil
}

// lookThrough finds a site's entries that match, the newest first. Until is how
// far back it came, and zero if that is everything.
func (p *Program) lookThrough(
	ctx context.Context, site string, q ActivityQuery, before time.Time,
) (found []store.Activity, until time.Time, err error) {
	upTo := ""
	if !before.IsZero() {
		upTo = strconv.FormatInt(before.UnixMilli()-1, 10)
	}
	seen := 0
	for a, err := range p.Store.Activities(ctx, site, upTo, q.Since) {
		if err != nil {
			return nil, until, err
		}
		if q.matches(a) {
			found = append(found, a)
		}
		if seen++; len(found) == q.Limit || seen == lookThrough {
			return found, written(a), nil
		}
	}
	return found, time.Time{}, nil
}

// written is when an entry was written, by its id.
func written(a store.Activity) time.Time {
	millis, _, _ := strings.Cut(a.ID, "-")
	n, _ := strconv.ParseInt(millis, 10, 64)
	return time.UnixMilli(n)
}

// Follow is what is written from after on, again from its millisecond: ids of
// different sites may be alike.
func (c *cockpit) Follow(ctx context.Context, after string) iter.Seq2[store.Activity, error] {
	return func(yield func(store.Activity, error) bool) {
		p := c.current()
		ends, err := p.ends(ctx, after)
		for err != nil {
			if !yield(store.Activity{}, err) {
				return
			}
			if pause(ctx, listenWait); ctx.Err() != nil {
				return
			}
			ends, err = p.ends(ctx, after)
		}
		p.Follow(ctx, ActivityQuery{}, ends)(yield)
	}
}

func (p *Program) ends(ctx context.Context, after string) (store.Ends, error) {
	millis, _, _ := strings.Cut(after, "-")
	n, err := strconv.ParseUint(millis, 10, 63)
	if err != nil || n == 0 {
		return p.Store.ActivityEnds(ctx, p.siteNames())
	}
	ends := store.Ends{}
	for _, site := range p.siteNames() {
		ends[site] = strconv.FormatUint(n-1, 10) + "-18446744073709551615"
	}
	return ends, nil
}
