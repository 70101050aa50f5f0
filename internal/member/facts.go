// Package member decides what a Ghost member's subscriber in Campaign Monitor
// should be. It is pure: it does no I/O, reads no clock and logs nothing, so
// that its rules can be tested over random histories. It promises that a
// decision depends on facts alone, never on the order they arrived in; it
// leaves fetching, remembering and writing to the packages around it.
package member

import "time"

// Facts is what one source said of a member at one moment: a webhook, an Admin
// API answer, or several webhooks merged. What the source left out is unknown.
type Facts struct {
	// ID is Ghost's member id, 24 hex digits; never reused by Ghost.
	ID string `json:"-"`

	Email  Maybe[string] `json:"email,omitzero"` // as Ghost spells it, case kept
	Name   Maybe[string] `json:"name,omitzero"`  // "" when Ghost has none
	Status Maybe[string] `json:"status,omitzero"`

	CreatedAt Maybe[time.Time] `json:"created_at,omitzero"`
	UpdatedAt Maybe[time.Time] `json:"updated_at,omitzero"`

	Labels      Maybe[[]string] `json:"labels,omitzero"`      // names, in no promised order
	Tiers       Maybe[[]string] `json:"tiers,omitzero"`       // names
	Newsletters Maybe[[]string] `json:"newsletters,omitzero"` // names

	// Subscribed is whether any newsletter is on.
	Subscribed Maybe[bool] `json:"subscribed,omitzero"`
	// Suppressed is whether Ghost stopped mailing the address (bounce, complaint,
	// or e-mail disabled). Only the Admin API tells; webhooks leave it unknown.
	Suppressed Maybe[bool] `json:"suppressed,omitzero"`
}

// Event is one thing that happened to a member, as a webhook told it.
type Event struct {
	Type     EventType
	Facts    Facts     // the state after the event; of a delete, the last state
	Previous Previous  // the keys that the event changed, as they were before
	SentAt   time.Time // Ghost's signed send time; zero if it sent none
	// Inferred is set for a Deleted of which nobody told: Ghost was asked, and did
	// not have the member. Should Ghost show it again, the deletion is taken back.
	Inferred bool
}

// Previous holds the changed values that decisions need.
type Previous struct {
	Email      Maybe[string] `json:"email,omitzero"`
	Status     Maybe[string] `json:"status,omitzero"`
	Subscribed Maybe[bool]   `json:"subscribed,omitzero"`
}

// EventType is the kind of a member event. member.updated is an alias that
// Ghost accepts but never sends; it is read as Edited.
type EventType string

// The events that Ghost sends of members.
const (
	Added   EventType = "member.added"
	Edited  EventType = "member.edited"
	Deleted EventType = "member.deleted"
)

// ParseEventType reads the name of an event; ok is false for a name that is none.
func ParseEventType(s string) (t EventType, ok bool) {
	switch t := EventType(s); t {
	case Added, Edited, Deleted:
		return t, true
	case "member.updated":
		return Edited, true
	}
	return "", false
}
