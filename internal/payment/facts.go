package payment

import "time"

// Facts is what events have said of an entitlement. Each fact keeps the time of
// the event that set it, so that it does not matter in which order, or how often,
// events arrive: merge takes the newest, the latest, or all.
type Facts struct {
	Status StatusFact `json:"status,omitzero"`
	Cancel CancelFact `json:"cancel,omitzero"`
	// Paid holds each end of what was paid with the first event that told it, if no
	// earlier one told a later end: so it says what was paid until when, as of any time.
	Paid []PaidFact `json:"paid,omitempty"`
	// Undated are the newest payments that told neither an end nor a length.
	Undated []time.Time `json:"undated,omitempty"`
	// Ahead is, by product, the longest that a told end lay ahead of its event: about a
	// period, for payments that tell none.
	Ahead map[string]time.Duration `json:"ahead,omitempty"`
	// FirstPaid and LastPaid are the first and last events that grant or extend.
	FirstPaid time.Time `json:"first_paid,omitzero"`
	LastPaid  time.Time `json:"last_paid,omitzero"`
	PastDue   time.Time `json:"past_due,omitzero"` // the first time that a payment was overdue
	Renews    bool      `json:"renews,omitempty"`  // an event said that it renews by itself

	Refunded       time.Time   `json:"refunded,omitzero"` // when all money of a payment went back, last
	PartlyRefunded time.Time   `json:"partly_refunded,omitzero"`
	Dispute        DisputeFact `json:"dispute,omitzero"`

	Products []ProductFact   `json:"products,omitempty"`
	Aliases  []AliasFact     `json:"aliases,omitempty"`
	Customer map[string]Told `json:"customer,omitempty"` // by field
	Amount   AmountFact      `json:"amount,omitzero"`
	Test     bool            `json:"test,omitempty"`
}

// Status is where a subscription or order is in its life.
type Status string

// The statuses; the later one wins between two of the same moment.
const (
	Active  Status = "active"
	PastDue Status = "past_due"
	Paused  Status = "paused"
	Ended   Status = "ended"
)

func (s Status) weight() int {
	switch s {
	case Active:
		return 1
	case PastDue:
		return 2
	case Paused:
		return 3
	case Ended:
		return 4
	default:
		return 0
	}
}

// StatusFact is the newest status.
type StatusFact struct {
	At     time.Time `json:"at"`
	Status Status    `json:"status"`
}

// CancelFact is whether it was cancelled, as of the newest event that knows.
type CancelFact struct {
	At        time.Time `json:"at"`
	Cancelled bool      `json:"cancelled"`
	EndsAt    time.Time `json:"ends_at,omitzero"` // zero: at the end of what is paid
}

// PaidFact says until when it was paid, as of an event.
type PaidFact struct {
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
}

// Dispute is how a chargeback or case stands.
type Dispute string

// The ways; the later one wins between two of the same moment.
const (
	DisputeOpen Dispute = "open"
	DisputeWon  Dispute = "won"
	DisputeLost Dispute = "lost"
)

func (d Dispute) weight() int {
	switch d {
	case DisputeOpen:
		return 1
	case DisputeWon:
		return 2
	case DisputeLost:
		return 3
	default:
		return 0
	}
}

// DisputeFact is the newest word of a dispute.
type DisputeFact struct {
	At      time.Time `json:"at"`
	Dispute Dispute   `json:"dispute"`
}

// ProductFact is what was last said to be bought, in ids of one kind ("price",
// "plink"): a later event of another kind does not take it back.
type ProductFact struct {
	Kind string    `json:"kind,omitempty"`
	Life bool      `json:"life,omitempty"` // told by an event of its life, not of its money
	At   time.Time `json:"at"`
	IDs  []string  `json:"ids"`
}

// AliasFact is another id of the purchase, with the newest event that told it.
type AliasFact struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

// Told is a word with the time of the event that told it.
type Told struct {
	At   time.Time `json:"at"`
	Word string    `json:"word"`
}

// AmountFact is the newest amount that was paid.
type AmountFact struct {
	At     time.Time `json:"at"`
	Amount Amount    `json:"amount"`
}
