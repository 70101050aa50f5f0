package payment

import (
	"cmp"
	"time"
)

// Wanted is the access that a person should have, from all entitlements together.
type Wanted struct {
	Tier  string    // empty: none
	Until time.Time // the expiry_at to write
	Ends  time.Time // until when it is paid
	By    string    // id of the entitlement that gives it
	// Each is what each entitlement comes to, by its id. One that gives less than By is
	// as granted as By, and its Reason says so.
	Each map[string]Access
	Next time.Time // the first moment at which any of this changes; zero: never
}

// Desired says what the entitlements of one person give: the highest tier, and of
// that the latest end. Whose they are is the caller's to know (BelongsTo).
func Desired(es []Entitlement, m Mapping, now time.Time) Wanted {
	w := Wanted{Each: map[string]Access{}}
	for i := range es {
		a := es[i].Access(m, now)
		w.Each[es[i].ID] = a
		if !a.Next.IsZero() && (w.Next.IsZero() || a.Next.Before(w.Next)) {
			w.Next = a.Next
		}
		if a.Live() && w.yieldsTo(a, es[i].ID, m) {
			w.Tier, w.Until, w.Ends, w.By = a.Tier, a.Until, a.Ends, es[i].ID
		}
	}
	for id, a := range w.Each {
		if a.Live() && id != w.By {
			a.Reason = cmp.Or(a.Reason, WhyOutranked)
			w.Each[id] = a
		}
	}
	return w
}

// yieldsTo says whether an entitlement gives more than the best so far.
func (w Wanted) yieldsTo(a Access, id string, m Mapping) bool {
	if w.By == "" {
		return true
	}
	return cmp.Or(
		m.Rank(w.Tier)-m.Rank(a.Tier),
		cmp.Compare(w.Tier, a.Tier), // of two that are in no rank
		a.Until.Compare(w.Until),
		cmp.Compare(w.By, id),
	) > 0
}
