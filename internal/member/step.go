package member

import "time"

// Action is what to do next for a member.
type Action int

// The actions of a Step.
const (
	Finish      Action = iota // nothing is left to do: Outcome says what came of it
	Wait                      // try again after For; uses no attempt
	Reject                    // no retry can help: Outcome says why
	Read                      // read the subscriber at At
	Update                    // change the subscriber at At to Want
	Import                    // create, or bring back, the subscriber of Want
	Unsubscribe               // unsubscribe At
	Delete                    // delete At
)

// Writes says whether the action changes the list.
func (a Action) Writes() bool { return a >= Update }

// leaves is the state in which a removal leaves a subscriber.
func (a Action) leaves() string {
	if a == Delete {
		return StateDeleted
	}
	return StateUnsubscribed
}

// Step is one thing to do. Before a step that writes, the case must be told by
// Begin and saved; after every step, told by Learn and saved.
type Step struct {
	Action      Action
	At          string // the subscriber's address
	Want        Want
	Resubscribe bool
	Outcome     Outcome
	For         time.Duration
}

// Outcome is how a member's case ended, as shown to operators.
type Outcome string

// The outcomes of a case.
const (
	Created        Outcome = "created"
	Updated        Outcome = "updated"
	Unchanged      Outcome = "unchanged"
	AddressChanged Outcome = "address_changed"
	Resubscribed   Outcome = "resubscribed"
	Deactivated    Outcome = "deactivated"     // made inactive by the opt-out or suppression policy
	Removed        Outcome = "removed"         // after a delete in Ghost
	NotOnList      Outcome = "not_on_list"     // a delete had nothing to remove
	Kept           Outcome = "kept"            // ON_DELETE=keep
	Superseded     Outcome = "superseded"      // an event older than a delete
	OptedOutFields Outcome = "opted_out"       // fields updated, the person stays opted out
	NotAdded       Outcome = "not_added"       // opted out or suppressed, and not on the list
	InvalidAddress Outcome = "invalid_address" // Campaign Monitor does not take the address
	StillAbsent    Outcome = "not_there_yet"   // created moments ago, and not readable yet
	StillThere     Outcome = "still_there"     // removed, but it does not show yet
)

// Answer is what Campaign Monitor said to a step.
type Answer int

// The answers that decisions depend on; any other ends the attempt.
const (
	Done        Answer = iota
	Absent             // 203: no such subscriber
	Occupied           // 201: the new address is already on the list
	OptedOut           // 204 to 207: not active, and not to be made so
	Unconfirmed        // 208
	BadAddress         // 1, 211
)

// Result is the answer to a step, with what was read.
type Result struct {
	Answer Answer
	New    bool   // Import: the subscriber did not exist before
	Code   string // OptedOut: the code, as text
	// Read: the state, since when in Campaign Monitor's own words, and in real
	// time if the caller could tell.
	State, Date string
	Since       time.Time
}

// optedOut says whether a subscriber was read, and is neither active nor about
// to be.
func (r Result) optedOut() bool {
	return r.Answer == Done && r.State != StateActive && r.State != StateUnconfirmed
}
