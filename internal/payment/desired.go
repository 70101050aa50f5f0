package payment

import "time"

// Wanted is the access that a person should have, from all entitlements together.
type Wanted struct {
	Tier  string    // empty: none
	Until time.Time // the expiry_at to write
	Ends  time.Time // until when it is paid
	By    string    // id of the entitlement that gives it
	// Each is what each entitlement comes to, by its id. One that gives a lower tier
	// than Tier is as granted as the others: its Reason names By.
	Each map[string]Access
	Next time.Time // the first moment at which any of this changes; zero: never
}

// Desired says what the entitlements of one person give: the highest tier, and of
// that the latest end.
func Desired(es []Entitlement, m Mapping, now time.Time) Wanted {
	return Wanted{}
}
