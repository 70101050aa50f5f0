package member

import "time"

// Memory is what is kept of a member between events. It must be saved before
// and after every write, in the states that Case leaves it in.
type Memory struct {
	// Email is the address under which the member's subscriber was last written;
	// "" if it never was, or was removed.
	Email string
	// Perhaps are addresses to which a write whose end is not known may have
	// brought the subscriber.
	Perhaps []string

	Status          string
	PreviousStatus  string
	StatusChangedAt time.Time

	// Written holds a digest of each value that Campaign Monitor is known to have,
	// Layout the fingerprint of the layout that it has them in. Both are empty
	// while a write is under way or its end is not known.
	Written Digests
	Layout  string

	// AppliedAt is the highest send time applied, in Unix milliseconds; Lag is how
	// much older the newest known value of a key is, for keys that the newest
	// event left out.
	AppliedAt int64
	Lag       map[string]int64

	// DeletedAt is when the member was seen to be gone, in Unix milliseconds. It
	// beats every send time.
	DeletedAt int64
	// Vanished is whether only a 404 of Ghost told of the deletion, to a worker or to
	// a sync that pruned. Should Ghost show the member again (its URL was wrong), the
	// deletion is taken back.
	Vanished bool

	// Stale are old addresses whose subscribers are still to be removed.
	Stale []string

	// Inactive is whether the subscriber was made inactive because Ghost shows an
	// opt-out or a suppression, by policy.
	Inactive bool

	// Included is whether the operator had the subscriber added though Ghost has
	// suppressed the address; the policy for suppressions then leaves it on the list.
	Included bool

	// Subscribed is Ghost's newest answer, OptInAt the time (Unix milliseconds) of
	// an opt-in in Ghost that was not yet compared with Campaign Monitor.
	Subscribed Maybe[bool]
	OptInAt    int64
}

// Address is what is kept of an address on a site's list, whoever owns it.
type Address struct {
	// Owner is the id of the member whose subscriber the address is; "" if nobody
	// known owns it. ClaimedAt is when Ghost last said so, in Unix milliseconds: of
	// two members with one address, the newer word is true.
	Owner     string
	ClaimedAt int64
	// OptOut is set while the person is known to have left the list by themselves,
	// or by bouncing, or was suppressed.
	OptOut *OptOut
	// Removal is our own removal of the subscriber, which is no opt-out.
	Removal *Removal
	// CreatedAt is when we created the subscriber, in Unix milliseconds.
	CreatedAt int64
}

// OptOut is an inactive state that is not our doing.
type OptOut struct {
	State string // Campaign Monitor's word, or a refusal's code as text
	// Date is since when, as Campaign Monitor spells it; "" until it was read.
	Date string
	// InGhost is whether Ghost knows of it: it came from there, by policy, or was
	// brought there. It is not brought there again.
	InGhost bool
	// Moved is whether the person opted out at another address, and nothing was seen
	// of a subscriber at this one: it goes on with the person.
	Moved bool
}

// Removal is what we did to a subscriber, and what came of it.
type Removal struct {
	Delete bool   // deleted; else unsubscribed
	Done   bool   // false: meant to, and perhaps did
	State  string // as read back
	Date   string // of that state, as Campaign Monitor spells it
}

// left says whether a subscriber in this state looks exactly as the removal
// left it. While the removal is only an intent, its kind of state will do.
func (r Removal) left(state, date string) bool {
	if r.Done {
		return r.State == state && r.Date == date
	}
	if r.Delete {
		return state == StateDeleted
	}
	return state == StateUnsubscribed
}

// The states of a subscriber that decisions depend on. Any other is inactive.
const (
	StateActive       = "Active"
	StateUnconfirmed  = "Unconfirmed"
	StateUnsubscribed = "Unsubscribed"
	StateDeleted      = "Deleted"
)
