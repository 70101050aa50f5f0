package dashboard

import (
	"context"
	"iter"
	"time"

	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Site is a configured site as the overview shows it.
type Site struct {
	Name     string
	HasGhost bool // an Admin API key is configured
	Gate     store.Gate
	CatchUp  store.CatchUp
	Pace     store.Pace
	store.Glance
}

// Overview is how all stands at one moment.
type Overview struct {
	Queue   jobs.Stats
	Inbox   store.Backlog
	Workers []jobs.Worker
	Sites   []Site
	// Redis is how long a round trip to it takes.
	Redis time.Duration
	// Sold is what the sites that sell have sold.
	Sold []Tally
}

// Sight shows how all stands.
type Sight interface {
	Overview(ctx context.Context) (Overview, error)
	// Sites are the names of what is configured.
	Sites() []string
}

// ActivityQuery chooses entries of the activity; all that is set has to match.
type ActivityQuery struct {
	Site    string
	Outcome string // one, or written or failed, as the events command takes it
	Event   string
	Whose   string // a member's id or the hash of an address
	Before  time.Time
	Limit   int
}

// ActivityPage is the newest of what matches.
type ActivityPage struct {
	Entries []store.Activity // the newest first
	// Older is when to go on from; zero if there is no more. It may be set without
	// entries: then so much was looked through in vain.
	Older time.Time
}

// Activities reads and follows the activity.
type Activities interface {
	Activity(ctx context.Context, q ActivityQuery) (ActivityPage, error)
	// Follow yields what is written after an id, of all sites, until ctx ends; ""
	// is what comes from now on. Where Redis does not answer it yields that, once.
	Follow(ctx context.Context, after string) iter.Seq2[store.Activity, error]
	// Matches says whether a query would choose an entry.
	Matches(q ActivityQuery, a store.Activity) bool
}

// LetterQuery chooses dead letters, as people type it. All that is given has to
// match.
type LetterQuery struct {
	Site, Kind, ID, Reason string
	From, To               string // a time, as the dlq command takes it
	EmailHash              string
	// After is where the page goes on; see LetterPage.
	After string
	Limit int
}

// LetterPage is some of the dead letters that match, the latest dead first.
type LetterPage struct {
	Letters []jobs.DeadLetter
	Total   int // of all there are, whether they match or not
	// Next is where to go on; "" if there is no more. It may be set without letters.
	Next string
}

// LetterRef names one letter so that it is found at once.
type LetterRef struct {
	ID   string
	Died time.Time
}

// Letter is one dead letter in full.
type Letter struct {
	jobs.DeadLetter
	Kept store.Kept
}

// LetterGroup is how many of the letters that match are alike.
type LetterGroup struct {
	Site, Kind, Code string
	Letters          int
}

// Letters reads dead letters. An error of a query that was typed wrong is a
// *BadQuery.
type Letters interface {
	Letters(ctx context.Context, q LetterQuery) (LetterPage, error)
	Letter(ctx context.Context, ref LetterRef) (Letter, bool, error)
	CountLetters(ctx context.Context, q LetterQuery) ([]LetterGroup, error)
}

// BadQuery is what is wrong with a query, fit to be shown.
type BadQuery struct{ Field, Text string }

func (e *BadQuery) Error() string { return e.Text }

// Verb is what is done with dead letters.
type Verb string

// The verbs.
const (
	Replay Verb = "replay"
	Drop   Verb = "drop"
)

// Did is what became of some letters.
type Did struct {
	Done       int // replayed or dropped
	Gone       int // somebody else, or a newer event, was faster
	Unreadable int
}

// LetterActs changes dead letters, and writes that to the activity.
type LetterActs interface {
	Do(ctx context.Context, verb Verb, refs []LetterRef) (Did, error)
	// DoAll begins to do it with all that match now, as a task.
	DoAll(ctx context.Context, verb Verb, q LetterQuery) (taskID string, err error)
}

// SyncOptions says what a sync may do beside adding and changing.
type SyncOptions struct {
	Site            string
	Prune           bool // also remove who is not in Ghost
	IncludeDisabled bool // also add whose e-mail Ghost has disabled
	OptOuts         bool // also bring opt-outs back to Ghost
	// AllowRemovals and AllowMails answer the engine's questions with yes.
	AllowRemovals, AllowMails bool
}

// Example is one change of a plan, without an address.
type Example struct {
	Kind     string  `json:"kind"`
	MemberID string  `json:"member_id"`
	Name     string  `json:"name"`
	Hash     string  `json:"email_hash"`
	ToHash   string  `json:"to_email_hash,omitempty"`
	Fields   []Field `json:"fields,omitempty"`
	Reason   string  `json:"reason,omitempty"`
}

// Field is one value before and after.
type Field struct {
	Name string `json:"field"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Syncs shows what was and is done in the background.
type Syncs interface {
	Tasks(ctx context.Context) ([]store.Task, error)
	Task(ctx context.Context, id string) (store.Task, bool, error)
	Examples(ctx context.Context, taskID string) ([]Example, error)
}

// SyncRuns begins tasks in this process, and stops those that it began.
type SyncRuns interface {
	Plan(ctx context.Context, o SyncOptions) (taskID string, err error)
	// Start does what a plan has shown; false if that plan is used up or too old.
	Start(ctx context.Context, planID string, o SyncOptions) (taskID string, ok bool, err error)
	// Revert undoes a run whose journal is on this machine; false if it is not.
	Revert(ctx context.Context, runID string) (taskID string, ok bool, err error)
	Stop(taskID string) bool
	CanSync(site string) error
	// CanOptOut says what a site lacks for bringing opt-outs back to Ghost.
	CanOptOut(site string) error
}

// Examiner examines the installation, in bounded time.
type Examiner interface {
	Examine(ctx context.Context) (doctor.Report, error)
}

// Revealer shows one address, and has written in the activity that it did before
// it returns; "" if nobody knows one.
type Revealer interface {
	Reveal(ctx context.Context, site, memberID string) (string, error)
}
