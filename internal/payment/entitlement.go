package payment

import (
	"cmp"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Entitlement is one subscription or order, as far as events have told of it, and
// what became of it in Ghost. The zero Entitlement but for Site is one of which
// nothing is known yet: Merge fills it.
type Entitlement struct {
	ID       string  `json:"id"` // EntitlementID
	Site     string  `json:"site"`
	Provider string  `json:"provider"`
	Subject  Subject `json:"subject"`

	// What Merge reads out of Facts after each event, for everybody else. Aliases and
	// Products stand the newest, the most specific first.
	Aliases  []string `json:"aliases,omitempty"`
	Products []string `json:"products,omitempty"`
	Customer Customer `json:"customer,omitzero"`
	Amount   Amount   `json:"amount,omitzero"` // of the newest payment
	Test     bool     `json:"test,omitempty"`

	Facts   Facts   `json:"facts"`
	History []Entry `json:"history,omitempty"` // the newest 50 events, the oldest first

	// Linked is the Ghost id of the member who has it, once that is settled: by an
	// operator, or by the first match. It then stands against every address.
	Linked   string   `json:"linked,omitempty"`
	LinkedBy LinkedBy `json:"linked_by,omitempty"`
	// Formers are the Ghost ids of members it was linked to before, who may have got
	// something by it that was not kept in the ledger yet.
	Formers []string `json:"formers,omitempty"`

	// Welcome is whether a member who is made for it gets a mail to sign in with: of
	// purchases that were just made, not of those found in the provider's books.
	Welcome bool `json:"welcome,omitempty"`

	// Outcome is what was computed and done last, for listings.
	Outcome Outcome `json:"outcome,omitzero"`
	// Due is when to look at it again; zero: only when an event comes.
	Due time.Time `json:"due,omitzero"`
}

// LinkedBy says who settled which member an entitlement belongs to.
type LinkedBy string

// Who may.
const (
	LinkedByMatch    LinkedBy = "match"
	LinkedByOperator LinkedBy = "operator"
)

// Entry is an event in an entitlement's history.
type Entry struct {
	At      time.Time `json:"at"`
	EventID string    `json:"event_id"`
	Key     string    `json:"key,omitempty"` // business key, if it is not the event's id
	Type    string    `json:"type"`
	Action  Action    `json:"action"`
}

func (h Entry) key() string { return cmp.Or(h.Key, h.EventID) }

// Outcome is what became of an entitlement when it was last looked at.
type Outcome struct {
	State  State  `json:"state,omitempty"`
	Reason string `json:"reason,omitempty"`
	Remedy string `json:"remedy,omitempty"` // what an operator can do about it
	Tier   string `json:"tier,omitempty"`
	// EndsAt is until when it is paid for; zero, if that is not known.
	EndsAt    time.Time `json:"ends_at,omitzero"`
	MemberID  string    `json:"member_id,omitempty"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// State is what an operator sees of an entitlement.
type State string

// The states. Access returns the first five, and one for a person; the others need a
// look at Ghost.
const (
	StateGranted        State = "granted"
	StatePending        State = "pending"  // not paid yet, or not looked at yet
	StateEndsAt         State = "ends_at"  // granted, and ends by itself
	StateRevoked        State = "revoked"  // over
	StateUnmapped       State = "unmapped" // paid, but its product has no tier
	StateNative         State = "covered_by_native"
	StateManual         State = "manual" // a comp given by hand covers it
	StateNeedsAttention State = "needs_attention"
	StateFailed         State = "failed"
)

// States lists every state, in the order in which a summary shows them.
func States() []State {
	return []State{
		StateGranted, StateEndsAt, StatePending, StateNeedsAttention, StateFailed, StateUnmapped,
		StateNative, StateManual, StateRevoked,
	}
}

// EntitlementID names the entitlement of a subject: "stripe:sub_123".
func EntitlementID(provider string, subject Subject) string { return provider + ":" + subject.ID }

// Email is the address that the entitlement is for: the one that the purchase
// names, else the payer's. Empty: not known.
func (e *Entitlement) Email() string { return cmp.Or(e.Customer.MemberEmail, e.Customer.Email) }

// MemberID is the Ghost id that the entitlement is for: the one it was linked to,
// else the one that the purchase names. Empty: go by Email.
func (e *Entitlement) MemberID() string { return cmp.Or(e.Linked, e.Customer.MemberID) }

// Link gives the entitlement to a member by an operator's word. Whoever it was linked
// to is remembered, until nothing of it is left with them.
func (e *Entitlement) Link(memberID string) {
	if former := e.Linked; former != "" && former != memberID && !slices.Contains(e.Formers, former) {
		e.Formers = append(slices.Clone(e.Formers), former)
	}
	e.Formers = slices.DeleteFunc(e.Formers, func(id string) bool { return id == memberID })
	e.Linked, e.LinkedBy = memberID, LinkedByOperator
}

// BelongsTo says whether the entitlement is this member's. The first that is known
// decides: the link, the member that the purchase names, the address that it
// names, the payer's address.
func (e *Entitlement) BelongsTo(memberID, email string) bool {
	if id := e.MemberID(); id != "" {
		return id == memberID
	}
	mine := e.Email()
	return mine != "" && member.SameAddress(mine, email)
}

// State is the state that it was left in, StatePending before anybody looked.
func (e *Entitlement) State() State { return cmp.Or(e.Outcome.State, StatePending) }
