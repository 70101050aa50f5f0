package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
)

// overviewView is the first page.
type overviewView struct {
	Overview
	Now      time.Time
	Cards    []siteCard
	Needs    []need
	Failures []jobs.DeadLetter // the latest
	Busy     int               // jobs that workers run at most
	Spool    Spool
}

// need is something that waits for a person, with what to do.
type need struct {
	Tone       string
	Text, Todo string
	Link, More string
}

// latestFailures are shown on the overview.
const latestFailures = 5

// overviewFor is how long one look at everything is good for all who watch.
const overviewFor = 900 * time.Millisecond

// overviewView looks, unless somebody else just did.
func (d *Dashboard) overviewView(ctx context.Context) (overviewView, error) {
	d.seen.Lock()
	defer d.seen.Unlock()
	if !d.seen.view.Now.IsZero() && d.Now().Sub(d.seen.view.Now) < overviewFor {
		return d.seen.view, nil
	}
	view, err := d.look(ctx)
	if err == nil {
		d.seen.view = view
	}
	return view, err
}

// seenOverview is the last look.
type seenOverview struct {
	sync.Mutex
	view overviewView
}

func (d *Dashboard) look(ctx context.Context) (overviewView, error) {
	o, err := d.Sight.Overview(ctx)
	if err != nil {
		return overviewView{}, err
	}
	view := overviewView{Overview: o, Now: d.Now(), Spool: d.Spool()}
	for _, w := range o.Workers {
		view.Busy += w.Concurrency
	}
	for _, s := range o.Sites {
		view.Cards = append(view.Cards, cardOf(s, view.Now))
	}
	if o.Queue.Dead > 0 {
		page, err := d.Letters.Letters(ctx, LetterQuery{Limit: latestFailures})
		if err != nil {
			return view, err
		}
		view.Failures = page.Letters
	}
	view.Needs = append(spoolNeeds(view.Spool), needsOf(o, view.Now)...)
	return view, nil
}

func (d *Dashboard) overview(ctx context.Context, v visit) error {
	view, err := d.overviewView(ctx)
	if err != nil {
		return err
	}
	d.render(v, http.StatusOK, "overview", "Overview", of(overviewPage, view), func(f *frame) {
		f.Stream, f.Note = Base+"/live/overview", noteOf(v.URL.Query())
	})
	return nil
}

// siteCard is a site on the overview.
type siteCard struct {
	Site
	Tone, State string
	Chart       chart
	Ghost, List reach
	Used        int // percent of the pace
	Waits       time.Duration
	CatchUpTone string
	CatchUpText string
}

// pace says how much of what Campaign Monitor may be asked is taken.
func (c siteCard) pace() string {
	told := fmt.Sprintf("%d %% of %v/s", c.Used, c.Pace.PerSecond)
	if c.Waits > 0 {
		told += ", next in " + span(c.Waits)
	}
	if c.Held > 0 {
		told += ", rests " + span(c.Held)
	}
	return told
}

// reach is whether an upstream answers, as far as ghostcm knows from its work.
type reach struct{ Tone, Text string }

// The upstreams, as gates name them.
const (
	upstreamGhost = "ghost"
	upstreamList  = "campaignmonitor"
)

func cardOf(s Site, now time.Time) siteCard {
	c := siteCard{
		Site: s, Tone: "good", State: "open", Chart: chartOf(s.Flow), List: reachOf(s, upstreamList), Ghost: reachOf(s, upstreamGhost),
	}
	switch {
	case s.Gate.Paused:
		c.Tone, c.State = "bad", "paused"
	case s.Gate.Closed():
		c.Tone, c.State = "warn", "breaker open"
	case s.Held > 0:
		c.Tone, c.State = "warn", "asked to rest"
	}
	if s.Pace.PerSecond > 0 && s.Pace.Burst > 0 {
		whole := time.Duration(float64(s.Pace.Burst) / s.Pace.PerSecond * float64(time.Second))
		c.Used = percent(int(s.Ahead), int(whole))
		c.Waits = max(s.Ahead-whole, 0)
	}
	c.CatchUpTone, c.CatchUpText = catchUpOf(s, now)
	return c
}

func reachOf(s Site, upstream string) reach {
	switch {
	case upstream == upstreamGhost && !s.HasGhost:
		return reach{"neutral", "not connected"}
	case s.Gate.Upstream == upstream && s.Gate.Paused:
		return reach{"bad", "refuses ghostcm"}
	case s.Gate.Upstream == upstream:
		return reach{"bad", "does not answer"}
	case s.Gate.Failures[upstream] > 0:
		return reach{"warn", "fails now and then"}
	}
	return reach{"good", "answers"}
}

func catchUpOf(s Site, now time.Time) (tone, text string) {
	c := s.CatchUp
	switch {
	case !s.HasGhost:
		return "neutral", "needs an Admin API key"
	case c.Who != "":
		return "run", "running"
	case c.Last.IsZero() && c.Next.IsZero():
		return "neutral", "none yet"
	case !c.Last.IsZero() && !c.OK:
		return "warn", "failed " + span(now.Sub(c.Last)) + " ago, " + nextOf(c.Next, now)
	case c.Last.IsZero():
		return "neutral", nextOf(c.Next, now)
	}
	return "good", span(now.Sub(c.Last)) + " ago, " + nextOf(c.Next, now)
}

func nextOf(next, now time.Time) string {
	if !next.After(now) {
		return "next: now"
	}
	return "next in " + span(next.Sub(now))
}

// needsOf says what waits for a person, the gravest first.
func needsOf(o Overview, now time.Time) (all []need) {
	if len(o.Workers) == 0 {
		all = append(all, need{
			Tone: "bad", Text: "No worker is running: events are kept, and nothing is done with them.",
			Todo: "Start one with “ghostcm worker”, or serve with “ghostcm serve --worker”.",
		})
	}
	for _, s := range o.Sites {
		all = append(all, siteNeeds(s, now)...)
	}
	if n := o.Queue.Dead; n > 0 {
		all = append(all, need{
			Tone: "warn", Text: plural(n, "event has", "events have") + " failed for good and can be replayed.",
			Todo: "Look why, mend it, and replay.", Link: Base + "/letters", More: "Dead letters",
		})
	}
	return append(all, soldNeeds(o.Sold)...)
}

// spoolNeeds says what waits on disk. Nobody has to do anything about it while it
// is handed in.
func spoolNeeds(s Spool) []need {
	if s.Deliveries == 0 {
		return nil
	}
	return []need{{
		Tone: "warn",
		Text: plural(s.Deliveries, "webhook waits", "webhooks wait") + " on this machine’s disk, the oldest for " + span(s.Oldest) + ".",
		Todo: "They came while Redis did not take them. They are acknowledged and safe, and are handed in as soon as it does.",
	}}
}

// soldNeeds says which purchases wait for somebody.
func soldNeeds(sold []Tally) (all []need) {
	for _, t := range sold {
		if n := t.States[string(payment.StateNeedsAttention)]; n > 0 {
			all = append(all, need{
				Tone: "warn", Text: plural(n, "purchase", "purchases") + " on " + t.Site + " could not be given access.",
				Todo: "Each says what is in the way, and what to do.",
				Link: PurchaseQuery{Site: t.Site, State: string(payment.StateNeedsAttention)}.url(Base + "/payments"), More: "Payments",
			})
		}
		if n := t.States[string(payment.StateUnmapped)]; n > 0 {
			all = append(all, need{
				Tone: "warn", Text: plural(n, "purchase", "purchases") + " on " + t.Site + " give nothing: their products have no tier.",
				Todo: "Add the products to SITEN_TIERS of the site.", Link: Base + "/payments#gaps", More: "Payments",
			})
		}
	}
	return all
}

func siteNeeds(s Site, now time.Time) (all []need) {
	since := span(now.Sub(s.Gate.Since))
	switch {
	case s.Gate.Paused:
		all = append(all, need{
			Tone: "bad", Text: s.Name + " has been paused for " + since + ": " + s.Gate.Reason,
			Todo: "Mend what it names. ghostcm tries again every minute, and goes on by itself.", Link: Base + "/health", More: "Health",
		})
	case s.Gate.Closed():
		name := map[string]string{upstreamGhost: "Ghost", upstreamList: "Campaign Monitor"}[s.Gate.Upstream]
		all = append(all, need{
			Tone: "warn", Text: s.Name + " has waited for " + name + " for " + since + ": " + s.Gate.Reason,
			Todo: "Nothing is lost. It goes on by itself when " + name + " answers again.",
		})
	}
	if s.CatchUp.Reason != "" && !s.CatchUp.Last.IsZero() {
		all = append(all, need{Tone: "warn", Text: "Catching up " + s.Name + ": " + s.CatchUp.Reason, Link: Base + "/syncs", More: "Syncs"})
	}
	if s.Heard.RefusedAt.After(s.Heard.At) {
		since := span(now.Sub(s.Heard.RefusedAt))
		all = append(all, need{
			Tone: "warn",
			Text: "The last webhook for " + s.Name + " was refused " + since + " ago: " + words(s.Heard.Refusal) + ".",
			Todo: "Compare the secret in Ghost with GHOST_WEBHOOK_SECRET of the site.", Link: Base + "/health", More: "Health",
		})
	}
	return all
}

// ping says that Redis answers, for a page that waits for it.
func (d *Dashboard) ping(_ context.Context, v visit) error {
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *Dashboard) nothing(context.Context, visit) error { return errNotFound }
