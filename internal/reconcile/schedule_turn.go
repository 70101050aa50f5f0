package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/store"
)

// catchUp is one turn of a site.
type catchUp struct {
	*Schedule
	site  ScheduledSite
	turn  store.Turn
	began time.Time

	full  bool
	found map[string]int // by kind: CatchUpKinds
	held  int            // removals that were not made because they are too many
}

// What a turn counts beside the kinds of changes.
const (
	foundGone = "gone"          // members who are no longer in Ghost, marked for a worker
	foundHeld = "removals_held" // members who would be too many to be removed
)

// CatchUpKinds lists what a turn may count, for metrics that start their series
// at zero.
func CatchUpKinds() []string {
	kinds := []string{string(Fail), foundGone, foundHeld}
	for _, k := range Kinds() {
		if k.Changes() {
			kinds = append(kinds, string(k))
		}
	}
	return kinds
}

// The upstreams, as the gates of sites name them.
const (
	upstreamGhost = "ghost"
	upstreamList  = "campaignmonitor"
)

// whole does the turn. The census is taken first and remembered last: what
// changes meanwhile, and what a turn that dies had not handed over, shows as
// changed to the next.
func (c *catchUp) whole(ctx context.Context) error {
	now, err := c.takeCensus(ctx)
	if err != nil {
		return fmt.Errorf("taking the census: %w", err)
	}
	before, known, err := c.Store.LoadCensus(ctx, c.site.Name)
	if err != nil {
		return err
	}
	var added, changed, gone []string
	if known {
		added, changed, gone = before.Diff(now)
	}
	c.full = c.turn.Full || !c.turn.Later && (!known || many(len(added)+len(changed), now.Len()))
	if c.full {
		err = c.walkAll(ctx)
	} else {
		err = c.walkSome(ctx, append(added, changed...), gone)
	}
	if err != nil {
		return err
	}
	if c.held == 0 {
		gone = nil
	}
	return c.Store.SaveCensus(ctx, c.site.Name, now.Keep(before, gone))
}

// many says whether so many have changed that walking through all costs no more.
func many(changed, all int) bool { return changed > 1000 && changed > all/2 }

// walkAll is a full sync that nobody watches.
func (c *catchUp) walkAll(ctx context.Context) error {
	left, err := c.Store.VanishedLeft(ctx, c.site.Name)
	if err != nil {
		return err
	}
	req := Request{Site: c.site.Site, Scheduled: true, OptOuts: c.site.OptOuts, MaxRemovals: atMost(left)}
	report, err := c.Engine.Run(ctx, req)
	c.count(report)
	if err == nil {
		err = c.reached(ctx, upstreamList)
	}
	return err
}

// atMost is a bound of exactly so many, also of none.
func atMost(n int) Bound {
	if n == 0 {
		return Bound{Count: -1}
	}
	return Bound{Count: n}
}

// walkSome reads those in full who came or changed, and hands over who went.
func (c *catchUp) walkSome(ctx context.Context, changed, gone []string) error {
	if len(changed) > 0 {
		req := Request{Site: c.site.Site, Scheduled: true}
		report, err := c.RunMembers(ctx, req, c.site.Ghost.MembersByID(ctx, changed))
		c.count(report)
		if err != nil {
			return err
		}
		if err := c.reached(ctx, upstreamList); err != nil {
			return err
		}
	}
	if err := c.letGo(ctx, gone); err != nil {
		return err
	}
	return c.bringOptOuts(ctx)
}

func (c *catchUp) count(r Report) {
	for kind, n := range r.Counts {
		if n > 0 && (kind.Changes() || kind == Fail) {
			c.found[string(kind)] += n
		}
	}
	if r.Held > 0 {
		c.held += r.Held
		c.found[foundHeld] += r.Held
	}
}

// reached opens the site's gate if it was closed because of an upstream that has
// answered: where no job waits, nobody else would find out.
func (c *catchUp) reached(ctx context.Context, upstream string) error {
	was, err := c.Store.Gate(ctx, c.site.Name)
	if err != nil {
		return err
	}
	opened, err := c.Store.Succeed(ctx, c.site.Name, upstream)
	if err != nil || !opened {
		return err
	}
	c.Log.InfoContext(ctx, "site.resumed", "site", c.site.Name, "upstream", upstream)
	return c.Store.AskFullWalkAfter(ctx, c.site.Name, was)
}

// takeCensus counts Ghost's members. One whose record cannot be read is there
// all the same.
func (c *catchUp) takeCensus(ctx context.Context) (member.Census, error) {
	var all member.CensusBuilder
	for row, err := range c.site.Ghost.Census(ctx) {
		if err != nil && row.ID == "" {
			if isOfOne(err) {
				continue
			}
			return member.Census{}, err
		}
		if err := all.Add(row.ID, fmt.Sprint(row.Digest)); err != nil {
			return member.Census{}, err
		}
	}
	return all.Census(), c.reached(ctx, upstreamGhost)
}

// leave notes how the turn ended, for people, metrics and whoever has the next.
func (c *catchUp) leave(ctx context.Context, err error) {
	o := store.Outcome{Who: c.who, OK: err == nil, Full: c.full, Found: c.found, Next: c.Every}
	result := metrics.CaughtUp
	switch {
	case isLocked(err):
		result, o.Cut, o.Reason, o.Next = metrics.CatchUpBusy, true, err.Error(), min(c.Every, busyRetry)
	case errors.Is(err, context.Canceled):
		result, o.Cut, o.Reason, o.Next = metrics.CatchUpFailed, true, "the process was told to stop", time.Second
	case err != nil:
		result, o.Reason = metrics.CatchUpFailed, err.Error()
	case c.held > 0:
		o.Reason = fmt.Sprintf("%d removals are held: too many for today; check SITEN_GHOST_URL, then ghostcm sync --prune", c.held)
	}
	c.Metrics.CatchUp(c.site.Name, result, c.found)
	c.record(ctx, result, o)
	if _, err := c.Store.FinishCatchUp(ctx, c.site.Name, o); err != nil { // the turn ends by itself
		c.Log.WarnContext(ctx, "catchup.unfinished", "site", c.site.Name, "reason", err.Error())
	}
}

func (c *catchUp) record(ctx context.Context, result string, o store.Outcome) {
	attrs := []any{"site", c.site.Name, "full", c.full, "result", result, "took_ms", c.Now().Sub(c.began).Milliseconds()}
	if c.turn.Why != "" {
		attrs = append(attrs, "why", c.turn.Why)
	}
	for kind, n := range maps.All(c.found) {
		attrs = append(attrs, "found_"+kind, n)
	}
	if o.Reason != "" {
		attrs = append(attrs, "reason", o.Reason)
	}
	switch {
	case c.held > 0:
		c.Log.ErrorContext(ctx, "catchup.removals_held", append(attrs, "count", c.held)...)
	case result == metrics.CatchUpFailed:
		c.Log.WarnContext(ctx, "catchup.failed", attrs...)
	default:
		c.Log.InfoContext(ctx, "catchup.done", attrs...)
	}
}

func isLocked(err error) bool {
	_, is := errors.AsType[*ErrLocked](err)
	return is
}
