package worker

import (
	"context"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// What the activity says of operators' doings with dead letters.
const (
	EventReplay = "dlq.replay"
	EventDrop   = "dlq.drop"

	OutcomeReplayed = "replayed"
	OutcomeDropped  = "dropped"
)

// eachOf is how many letters of a site have an entry of their own: many would
// push everything else out of the activity.
const eachOf = 20

// Doings gathers what somebody did with dead letters, for the activity: an entry
// for each letter of a few, and one with their number for many.
type Doings struct {
	Who, Event, Outcome string

	sites map[string][]store.Activity // the first of each site
	count map[string]int              // of all letters, by site
}

// Add notes one letter with which it was done.
func (d *Doings) Add(letter jobs.DeadLetter, at time.Time) {
	if d.sites == nil {
		d.sites, d.count = map[string][]store.Activity{}, map[string]int{}
	}
	d.count[letter.Site]++
	if letter.Site == "" || len(d.sites[letter.Site]) > eachOf {
		return
	}
	d.sites[letter.Site] = append(d.sites[letter.Site], store.Activity{
		At: at, Site: letter.Site, Event: d.Event, Outcome: d.Outcome, Who: d.Who,
		MemberID: letter.Key, EmailHash: letter.EmailHash, JobID: letter.ID, Code: letter.Code,
	})
}

// Note writes the entries.
func (l Letters) Note(ctx context.Context, d *Doings) error {
	var entries []store.Activity
	for site, some := range d.sites {
		if len(some) <= eachOf {
			entries = append(entries, some...)
			continue
		}
		last := some[len(some)-1]
		entries = append(entries, store.Activity{
			At: last.At, Site: site, Event: d.Event, Outcome: d.Outcome, Who: d.Who,
			Counts: map[string]int{"dead_letters": d.count[site]},
		})
	}
	return l.Store.Note(ctx, entries...)
}
