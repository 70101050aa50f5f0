package dashboard

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// activityView is the page of what happens.
type activityView struct {
	ActivityPage
	Query    ActivityQuery
	Sites    []string
	Choices  []string // of outcomes
	Events   []string
	After    string // where the stream goes on
	OlderURL string
	Live     bool // whether it shows the newest
	Narrow   bool
	Now      time.Time
}

const activityRows = 100

// outcomeChoices and eventChoices are offered; others can stand in a query.
func outcomeChoices() []string {
	return []string{"written", "failed", "created", "updated", "unchanged", "retried", "dead", "waiting", "replayed", "dropped"}
}

func eventChoices() []string {
	return []string{
		"member.added", "member.updated", "member.deleted", "optout", "sync", "sync.revert", "dlq.replay", "dlq.drop", "reveal", "site",
		"payment", "payments.retry", "payments.link",
	}
}

func activityQuery(q url.Values) ActivityQuery {
	a := ActivityQuery{Site: q.Get("site"), Outcome: q.Get("outcome"), Event: q.Get("event"), Whose: q.Get("whose"), Limit: activityRows}
	if ms, err := strconv.ParseInt(q.Get("before"), 10, 64); err == nil && ms > 0 {
		a.Before = time.UnixMilli(ms)
	}
	return a
}

func (q ActivityQuery) url(base string) string {
	before := ""
	if !q.Before.IsZero() {
		before = strconv.FormatInt(q.Before.UnixMilli(), 10)
	}
	values := query("site", q.Site, "outcome", q.Outcome, "event", q.Event, "whose", q.Whose, "before", before)
	if values == "" {
		return base
	}
	return base + "?" + values
}

func (d *Dashboard) activity(ctx context.Context, v visit) error {
	q := activityQuery(v.URL.Query())
	if !d.knowsSite(q.Site) {
		return errNotFound
	}
	page, err := d.Activities.Activity(ctx, q)
	if err != nil {
		return err
	}
	view := activityView{
		ActivityPage: page, Query: q, Sites: d.Sight.Sites(), Choices: outcomeChoices(), Events: eventChoices(), Now: d.Now(),
		Live: q.Before.IsZero(), Narrow: q.Site+q.Outcome+q.Event+q.Whose != "",
		After: strconv.FormatInt(d.Now().Add(-streamOverlap).UnixMilli(), 10) + "-0",
	}
	if len(page.Entries) > 0 && view.Live {
		view.After = page.Entries[0].ID
	}
	if !page.Older.IsZero() {
		older := q
		older.Before = page.Older
		view.OlderURL = older.url(Base + "/activity")
	}
	d.render(v, http.StatusOK, "activity", "Activity", of(activityPage, view), func(f *frame) {
		if view.Live {
			f.Stream = q.url(Base + "/live/activity")
		}
	})
	return nil
}

// newestURL leads back to what is newest; "" where that is shown.
func (view activityView) newestURL() string {
	if view.Live {
		return ""
	}
	return Base + "/activity"
}

// details are the numbers of an entry.
func details(a store.Activity) string {
	var words []string
	if a.Attempt > 1 {
		words = append(words, "attempt "+strconv.Itoa(a.Attempt))
	}
	for _, count := range pairs(a.Counts) {
		words = append(words, label(count.Name)+" "+num(count.N))
	}
	return strings.Join(words, " ")
}

// findActivity turns an address that was typed into its hash, so that it stands
// in no URL, and so in no history and no log.
func (d *Dashboard) findActivity(_ context.Context, v visit) error {
	form := v.PostForm
	q := activityQuery(url.Values{
		"site": form["site"], "outcome": form["outcome"], "event": form["event"], "whose": {whose(form.Get("whose"))},
	})
	http.Redirect(v.w, v.Request, q.url(Base+"/activity"), http.StatusSeeOther)
	return nil
}

// whose is a member's id as it was typed, or the hash of an address.
func whose(typed string) string {
	typed = strings.TrimSpace(typed)
	if strings.Contains(typed, "@") {
		return member.AddressHash(typed)
	}
	return strings.ToLower(typed)
}

func (d *Dashboard) knowsSite(name string) bool {
	if name == "" {
		return true
	}
	for _, site := range d.Sight.Sites() {
		if site == name {
			return true
		}
	}
	return false
}
