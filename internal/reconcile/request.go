package reconcile

import (
	"context"
	"fmt"
	"strings"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Site is one publication, its list, and how to reach both.
type Site struct {
	Name           string
	Ghost          *ghost.Client // nil without an Admin API key: a run is refused with ErrNoAdminKey
	List           *campaignmonitor.Client
	ListID         string
	Policy         member.Policy
	Fields         map[member.Fact]string // the name of the custom field of each fact
	ConsentToTrack string
	Pace           store.Pace
}

// Request is what a run is to do. Only Site is required.
type Request struct {
	Site Site
	// DryRun goes the same way and writes nothing, anywhere: no call that changes
	// the list, no memory, no checkpoint, no journal, no lock.
	DryRun bool
	// Prune also removes, as ON_DELETE says, who is active on the list and not in
	// Ghost: members whose deletion no webhook told of, and people whom ghostcm never
	// knew.
	Prune bool
	// IncludeDisabled also adds members whose address Ghost has suppressed.
	IncludeDisabled bool
	// OptOuts hands over to Options.OptOuts who unsubscribed in Campaign Monitor and
	// is still subscribed in Ghost.
	OptOuts bool
	// Scheduled is for runs that nobody watches: members who are gone from Ghost are
	// marked for a worker, which asks Ghost again and keeps to the day's bound.
	Scheduled bool
	// By is who asked for the run, as the activity names them; "" is ByCommand, or
	// BySchedule of a scheduled run.
	By string
	// MaxRemovals is how many removals need no question.
	MaxRemovals Bound
	// Limit ends the run after so many changes, before any removal; 0 is no limit.
	Limit int
	// Ask puts a question to a person; nil answers no to all.
	Ask func(ctx context.Context, q Question) (bool, error)
	// OnChange is told of each change once, when it is done or handed over, or, in
	// a dry run, planned; also of who is skipped. OnProgress is told how far the run
	// is. Neither is called by two goroutines at once; both may be nil.
	OnChange   func(Change)
	OnProgress func(Progress)
}

// Bound is how many of a number of subscribers. Zero is 20 or 1 %, whichever is
// more; of Count and Percent the one that allows more counts.
type Bound struct {
	Count   int
	Percent float64
}

// defaultBound is design.md's: 20 or 1 %, whichever is more.
func defaultBound() Bound { return Bound{Count: 20, Percent: 1} }

// of is the bound for a list with so many active subscribers.
func (b Bound) of(active int) int {
	if b == (Bound{}) {
		b = defaultBound()
	}
	return max(b.Count, int(float64(active)*b.Percent/100))
}

// Question is what a run needs a person's word for.
type Question struct {
	Kind  QuestionKind
	Count int // TooManyRemovals: how many; ConfirmedOptIn: how many are not on the list yet, 0 if unknown
	Bound int // TooManyRemovals: how many need no question
}

// QuestionKind is why a run asks.
type QuestionKind string

// The questions.
const (
	// TooManyRemovals: more subscribers than Bound would be removed.
	TooManyRemovals QuestionKind = "too_many_removals"
	// ConfirmedOptIn: everyone who is added to this list gets a mail that asks to
	// confirm, and is not active before.
	ConfirmedOptIn QuestionKind = "confirmed_opt_in"
)

// fingerprint tells whether a later run does the same as one that was cut short.
func (r Request) fingerprint(layout member.Layout) string {
	parts := []string{layout.Fingerprint(), fmt.Sprintf("%+v", r.Site.Policy), r.Site.ConsentToTrack}
	for _, flag := range []struct {
		name string
		on   bool
	}{{"prune", r.Prune}, {"include-disabled", r.IncludeDisabled}, {"opt-outs", r.OptOuts}, {"scheduled", r.Scheduled}} {
		if flag.on {
			parts = append(parts, flag.name)
		}
	}
	return strings.Join(parts, " ")
}
