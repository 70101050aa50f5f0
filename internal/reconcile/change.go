package reconcile

import "github.com/ghostcm/ghostcm/internal/member"

// Kind is what a run does with one member or subscriber.
type Kind string

// The kinds of changes, and of members that need none.
const (
	Add           Kind = "add"
	Update        Kind = "update" // fields, or the name
	ChangeAddress Kind = "change_address"
	Resubscribe   Kind = "resubscribe"
	Unsubscribe   Kind = "unsubscribe"
	Delete        Kind = "delete"
	OptOut        Kind = "opt_out" // from Campaign Monitor to Ghost
	Skip          Kind = "skip"    // not to be changed; Reason says why
	Unchanged     Kind = "unchanged"
	Fail          Kind = "fail" // Err says why
)

// Kinds lists every kind, changes first, in the order in which they are shown.
func Kinds() []Kind {
	return []Kind{Add, Update, ChangeAddress, Resubscribe, Unsubscribe, Delete, OptOut, Unchanged, Skip, Fail}
}

// Changes says whether a change of this kind leaves something different.
func (k Kind) Changes() bool { return k != Skip && k != Unchanged && k != Fail }

// Reason is why someone is skipped, removed, or not made active.
type Reason string

// The reasons.
const (
	OptedOut      Reason = "opted_out"       // unsubscribed in Campaign Monitor, by themselves
	Bounced       Reason = "bounced"         // in Campaign Monitor
	Suppressed    Reason = "suppressed"      // in Ghost, or refused as suppressed by Campaign Monitor
	Unconfirmed   Reason = "unconfirmed"     // has yet to confirm
	DeletedOnList Reason = "deleted_on_list" // deleted in Campaign Monitor, by hand
	OptedOutGhost Reason = "opted_out_ghost" // of all newsletters in Ghost, where ON_OPT_OUT=unsubscribe

	DeadLetter       Reason = "dead_letter"       // waits for a person: ghostcm dlq
	InvalidAddress   Reason = "invalid_address"   // Campaign Monitor does not take the address
	DuplicateAddress Reason = "duplicate_address" // another member has the same address in another case
	ConfirmsOptIn    Reason = "confirmed_opt_in"  // the list would mail them, and nobody was asked
	DeletedMeanwhile Reason = "deleted_meanwhile" // a webhook told that the member is gone
	Unreadable       Reason = "unreadable"        // Ghost showed a record that is no member

	ChangedSince Reason = "changed_since" // of a revert: the list shows otherwise by now
	Reverted     Reason = "reverted"      // added by the run that is reverted
	Irreversible Reason = "irreversible"  // of a revert: what was before is not known, or must not come back

	NotInGhost Reason = "not_in_ghost" // removed, or to be removed with Prune
	Unknown    Reason = "unknown"      // on the list, never known to ghostcm, and not in Ghost
)

// Change is what a run did, planned, or left undone for one member.
type Change struct {
	Kind     Kind
	MemberID string // of Ghost; made up for people whom Ghost never knew
	Email    string // in clear: to be shown to an operator who asks only
	Name     string
	ToEmail  string        // ChangeAddress: the new address
	Fields   []FieldChange // Add, Update and the like: what becomes different
	Reason   Reason
	// Handed is whether a worker does it: Settle tells what came of it.
	Handed bool
	Err    error // Fail
}

// FieldChange is one value before and after. Field is member's name of the fact,
// or "name".
type FieldChange struct {
	Field, From, To string
}

// reasonOf says why a subscriber in this state is not made active; "" for Active.
func reasonOf(state string) Reason {
	switch state {
	case member.StateActive:
		return ""
	case member.StateUnconfirmed:
		return Unconfirmed
	case member.StateUnsubscribed:
		return OptedOut
	case member.StateDeleted:
		return DeletedOnList
	case "Bounced":
		return Bounced
	}
	return Suppressed
}
