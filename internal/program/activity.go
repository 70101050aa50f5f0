package program

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// ActivityQuery chooses entries of the activity; all that is set has to match.
type ActivityQuery struct {
	Sites    []string // none is all that are configured
	Since    time.Time
	Whose    []string // ids of members and hashes of addresses, one of which has to match
	Events   []string // one of which has to match
	Outcomes []string // one of which has to match
	Limit    int      // the newest so many; 0 is all
}

func (q ActivityQuery) matches(a store.Activity) bool {
	of := func(wanted []string, have ...string) bool {
		return len(wanted) == 0 || slices.ContainsFunc(have, func(h string) bool { return h != "" && slices.Contains(wanted, h) })
	}
	return of(q.Whose, a.MemberID, a.EmailHash) && of(q.Events, a.Event) && of(q.Outcomes, a.Outcome) && !a.At.Before(q.Since)
}

// Activity reads the activity that there is: what matches, the oldest first, and
// where it ends, for Follow.
func (p *Program) Activity(ctx context.Context, q ActivityQuery) ([]store.Activity, store.Ends, error) {
	sites := q.Sites
	if len(sites) == 0 {
		sites = p.siteNames()
	}
	ends, err := p.Store.ActivityEnds(ctx, sites)
	if err != nil {
		return nil, nil, err
	}
	var found []store.Activity
	for _, site := range sites {
		ofSite, err := p.activityOf(ctx, site, ends[site], q)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, ofSite...)
	}
	store.SortActivity(found)
	if q.Limit > 0 && len(found) > q.Limit {
		found = found[len(found)-q.Limit:]
	}
	return found, ends, nil
}

func (p *Program) activityOf(ctx context.Context, site, end string, q ActivityQuery) (found []store.Activity, err error) {
	if end == noActivity {
		return nil, nil
	}
	for a, err := range p.Store.Activities(ctx, site, end, q.Since) {
		if err != nil {
			return nil, err
		}
		if !q.matches(a) {
			continue
		}
		if found = append(found, a); len(found) == q.Limit {
			break
		}
	}
	return found, nil
}

// noActivity is where the activity of a site ends that has none.
const noActivity = "0-0"

// How long Follow waits for Redis to tell, so that it notices the end of its
// context, and after a failure.
const (
	listenFor  = 500 * time.Millisecond
	listenWait = time.Second
)

// Follow yields the entries that come after the ends and match, as they are
// written, until ctx ends. Where Redis does not answer it yields that, once, and
// goes on from the same place as soon as it does: no entry is left out or told
// twice.
func (p *Program) Follow(ctx context.Context, q ActivityQuery, ends store.Ends) iter.Seq2[store.Activity, error] {
	return func(yield func(store.Activity, error) bool) {
		down := false
		for ctx.Err() == nil {
			news, err := p.Store.NextActivity(ctx, ends, listenFor)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil && !down && !yield(store.Activity{}, err):
				return
			case err != nil:
				pause(ctx, listenWait)
			}
			down = err != nil
			for _, a := range news {
				if q.matches(a) && !yield(a, nil) {
					return
				}
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
