// Package jobs carries work from the process that accepts it to the process
// that does it, over Redis, on top of gocraft/work.
//
// It promises that an enqueued job runs at least once whatever process, Redis
// or network fails meanwhile; that idle workers start within milliseconds; that
// the jobs of a killed process run again within 20 s of another one watching;
// that a stopping Runner starts nothing more and returns in bounded time; and
// that what fails for good becomes a dead letter with its history. A job may
// run twice, even at once, so handlers must be idempotent.
//
// It leaves what a job means to its handlers, and the durability of Redis to
// whoever configures it. No other package knows gocraft/work or redigo. The
// library is pinned: its connection is wrapped here (conn.go), because what it
// lacks (waking idle workers, repeating lost commits, stopping) can be added
// there without a fork, as long as the commands it sends stay as they are.
package jobs

import (
	"context"
	"time"
)

// Job is one piece of work as its handler sees it.
type Job struct {
	ID   string
	Kind string
	Site string
	// Key names what the job is about within its site, such as a member's id.
	Key string
	// Event and EmailHash are for listings only.
	Event, EmailHash string
	// Address is what the handler may want to lock along with Key; it is no address in
	// clear.
	Address    string
	ReceivedAt time.Time
	// Attempt is 1 on the first run and grows with each failure; snoozes and
	// runs that a crash cut short do not count.
	Attempt int
	// LastAttempt is whether a plain error now would make a dead letter.
	LastAttempt bool
	// Slot is the rate slot that this job already paid for, zero if none; see
	// SnoozeUntilSlot.
	Slot time.Time
}

// Kind is a sort of job and how it is run.
type Kind struct {
	Name string
	// Schedule holds the delays after each failed attempt, ±20 %. A job that
	// fails once more than the schedule is long becomes a dead letter.
	Schedule []time.Duration
	// Timeout bounds one attempt; zero is one minute.
	Timeout time.Duration
	Handle  func(context.Context, Job) error
	// Died, if set, is told of each job before it becomes a dead letter, with
	// the error that did it. After a crash it may be told twice.
	Died func(context.Context, Job, error)
}

// Outcome is how one run of a job ended.
type Outcome string

// The outcomes of a run.
const (
	Done    Outcome = "done"
	Retried Outcome = "retried"
	Snoozed Outcome = "snoozed"
	Died    Outcome = "dead"
)

// Outcomes lists every outcome, for metrics that start their series at zero.
func Outcomes() []Outcome { return []Outcome{Done, Retried, Snoozed, Died} }

// Result is one finished run, for metrics.
type Result struct {
	Kind, Site string
	Outcome    Outcome
	Code       string // of the error, empty if it has none
	Attempt    int
	Duration   time.Duration
}
