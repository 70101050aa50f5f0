package reconcile

import "time"

// Phase is what a run is at.
type Phase string

// The phases, in their order.
const (
	Listing  Phase = "listing"  // reading the list
	Members  Phase = "members"  // walking through Ghost
	Removals Phase = "removals" // who is not in Ghost, or to be taken off
	Queue    Phase = "queue"    // waiting for the workers
)

// Progress is how far a run is. Total 0 is unknown.
type Progress struct {
	Phase       Phase
	Done, Total int
}

// Report is what came of a run, or, of one that ended early, so far.
type Report struct {
	RunID, Site string
	DryRun      bool
	// Resumed is whether the run went on from where an earlier one was cut short.
	Resumed     bool
	Members     int // seen in Ghost
	Subscribers int // seen on the list, in any state
	Active      int // of them active
	Counts      map[Kind]int
	Skipped     map[Reason]int
	// Handed is how many changes were left to the workers; Settle splits them into
	// done, failed for good (dead letters), and waiting: for a retry, or because the
	// wait was cut short.
	Handed, HandedDone, HandedFailed, HandedWaiting int
	// Held is how many removals were not done because they were too many.
	Held int
	// NotInGhost is how many active subscribers Ghost does not have, where Prune
	// did not ask for their removal.
	NotInGhost int
	Failed     int // records that failed; each was told to OnChange
	Calls      int // requests to Campaign Monitor by the run itself
	Began      time.Time
	Ended      time.Time
	Journal    string // path; "" without one

	handed []string // ids
}

// Changed is how many changes the run made, planned or handed over.
func (r Report) Changed() int {
	n := 0
	for kind, count := range r.Counts {
		if kind.Changes() {
			n += count
		}
	}
	return n
}
