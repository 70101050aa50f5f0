package member

import (
	"maps"
	"slices"
)

// Differs says whether saving the case would change what is kept of the member
// and of its addresses.
func (c *Case) Differs(m Memory, addresses map[string]Address) bool {
	if !c.Memory.equal(m) {
		return true
	}
	if !c.changed {
		return false
	}
	for key, a := range c.Addresses {
		if !a.equal(addresses[key]) {
			return true
		}
	}
	return false
}

func (m Memory) equal(o Memory) bool {
	return m.Email == o.Email && m.Status == o.Status && m.PreviousStatus == o.PreviousStatus &&
		m.StatusChangedAt.Equal(o.StatusChangedAt) && m.Layout == o.Layout && m.AppliedAt == o.AppliedAt &&
		m.DeletedAt == o.DeletedAt && m.Vanished == o.Vanished && m.Inactive == o.Inactive && m.Included == o.Included &&
		m.Subscribed == o.Subscribed && m.OptInAt == o.OptInAt &&
		slices.Equal(m.Perhaps, o.Perhaps) && slices.Equal(m.Stale, o.Stale) &&
		maps.Equal(m.Lag, o.Lag) && m.Written == o.Written
}

func (a Address) equal(o Address) bool {
	return a.Owner == o.Owner && a.ClaimedAt == o.ClaimedAt && a.CreatedAt == o.CreatedAt &&
		same(a.OptOut, o.OptOut) && same(a.Removal, o.Removal)
}

func same[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}
