package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
)

// states are all that a list can be asked for, the active first: who leaves while
// the pages are read comes twice, and the later state counts; who comes back is
// missed, and an import finds out.
func states() []string {
	return []string{
		campaignmonitor.StateActive, campaignmonitor.StateUnconfirmed, campaignmonitor.StateUnsubscribed,
		campaignmonitor.StateBounced, campaignmonitor.StateDeleted,
	}
}

// readList reads the whole list.
func (r *run) readList(ctx context.Context) (*listing, error) {
	list, err := newListing(r.Dir)
	if err != nil {
		return nil, err
	}
	keys, known := columnsOf(r.layout), 0
	for _, state := range states() {
		if err := r.readState(ctx, list, keys, state, &known); err != nil {
			_ = list.Close()
			return nil, fmt.Errorf("reading the list: %w", err)
		}
	}
	if err := list.seal(); err != nil {
		_ = list.Close()
		return nil, err
	}
	r.counted(func(report *Report) { report.Subscribers, report.Active = len(list.rows), list.active })
	return list, nil
}

func (r *run) readState(ctx context.Context, list *listing, keys columns, state string, known *int) error {
	for page := 1; ; page++ {
		var p campaignmonitor.Page
		err := r.call(ctx, func(ctx context.Context) (err error) {
			p, err = r.req.Site.List.SubscribersPage(ctx, r.req.Site.ListID, state, campaignmonitor.Query{}, page)
			return err
		})
		if err != nil {
			return err
		}
		for _, s := range p.Subscribers {
			if err := list.add(keys.row(s)); err != nil {
				return err
			}
		}
		if page == 1 {
			*known += p.Total
		}
		r.progress(Progress{Phase: Listing, Done: len(list.rows), Total: *known})
		if len(p.Subscribers) == 0 || page >= p.Pages {
			return nil
		}
	}
}

// clock returns how a list's dates are turned into real time: nil where no date
// counts, because no opt-in in Ghost does.
func (r *run) clock(ctx context.Context) (func(date string) time.Time, error) {
	if r.req.Site.Policy.Resubscribe != member.ResubscribeGhostOptIns {
		return nil, nil
	}
	var present string
	err := r.call(ctx, func(ctx context.Context) (err error) {
		present, err = r.req.Site.List.SystemDate(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("asking Campaign Monitor for its time: %w", err)
	}
	now := r.Now()
	return func(date string) time.Time { return campaignmonitor.SameClock(present, date, now) }, nil
}
