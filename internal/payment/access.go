package payment

import "time"

// Lifetime is how long a purchase that was made once gives access, unless its
// product has a length.
const Lifetime = 100

// Access is what one entitlement gives at a moment.
type Access struct {
	// State is one of granted, ends_at, pending, unmapped and revoked; only the
	// first two give Tier.
	State  State
	Reason string    // why it is so, for people; empty for what is plain
	Tier   string    // of its product, also when it is over; empty: unmapped
	Until  time.Time // the expiry_at to write: with grace
	Ends   time.Time // until when it is paid; once it is over, when it ended
	Next   time.Time // when this changes by itself; zero: never
}

// Live says whether it gives its tier.
func (a Access) Live() bool { return a.State == StateGranted || a.State == StateEndsAt }

// Access says what the entitlement gives under the mapping.
func (e *Entitlement) Access(m Mapping, now time.Time) Access {
	return Access{State: StatePending}
}
