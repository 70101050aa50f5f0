package payment

import "time"

// Facts is what events have said of an entitlement. Each fact keeps the time of
// the event that set it, so that it does not matter in which order, or how often,
// events arrive: merge takes the newest, the latest, or all.
type Facts struct {
	Status StatusFact `json:"status,omitzero"`
	Cancel CancelFact `json:"cancel,omitzero"`
	Renews RenewsFact `json:"renews,omitzero"`

	// Paid holds the ends of what was paid for, Shown those of periods that a
	// subscription only showed.
	Paid  []Span `json:"paid,omitempty"`
	Shown []Span `json:"shown,omitempty"`
	// Undated are the newest payments that told neither an end nor a length.
	Undated []time.Time `json:"undated,omitempty"`
	// Ahead is, by product, the longest that a told end lay ahead of its event: about a
	// period, for payments that tell none.
	Ahead []Ahead `json:"ahead,omitempty"`
	// Period is how long a payment is for, as the newest event that knows told.
	Period PeriodFact `json:"period,omitzero"`
	// First and Last are the first and last events that grant or extend; Restored is the
	// last that showed living access in any way.
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	Restored time.Time `json:"restored,omitzero"`
	// Overdue are the newest events that a payment is overdue.
	Overdue []Overdue `json:"overdue,omitempty"`

	Money   []MoneyFact `json:"money,omitempty"` // the newest payments and refunds
	Dispute DisputeFact `json:"dispute,omitzero"`

	Products []ProductFact `json:"products,omitempty"`
	Aliases  []AliasFact   `json:"aliases,omitempty"`
	Customer CustomerFacts `json:"customer,omitzero"`
	Amount   AmountFact    `json:"amount,omitzero"`
	Test     bool          `json:"test,omitempty"` // an event was of a sandbox
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

// RenewsFact is whether it renews by itself, as of the newest event that knows.
type RenewsFact struct {
	At     time.Time `json:"at"`
	Renews bool      `json:"renews"`
}

// PeriodFact is how long a payment is for.
type PeriodFact struct {
	At time.Time     `json:"at"`
	Is time.Duration `json:"is"`
}

// Span says until when it is paid, or shown to be, as of an event.
type Span struct {
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
}

// Ahead is how far an end of a product's period lay ahead.
type Ahead struct {
	Product string        `json:"product,omitempty"`
	By      time.Duration `json:"by"`
}

// Overdue says that a payment was overdue at a time, and since when.
type Overdue struct {
	At    time.Time `json:"at"`
	Since time.Time `json:"since,omitzero"` // zero: the event did not say
}

// MoneyFact is money that came or went back, or only that names are of one payment.
type MoneyFact struct {
	Key      string    `json:"key"`
	At       time.Time `json:"at"`
	Action   Action    `json:"action"`
	Names    []string  `json:"names,omitempty"` // aliases
	Amount   Amount    `json:"amount,omitzero"`
	Refunded int64     `json:"refunded,omitempty"`
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

// ProductFact is a list of what was bought, with the newest event that told it.
type ProductFact struct {
	Life  bool       `json:"life,omitempty"` // told by an event of its life, not of its money
	At    time.Time  `json:"at"`
	IDs   []string   `json:"ids"`
	Items [][]string `json:"items,omitempty"` // as in Event
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

// CustomerFacts is the newest word of each field of Customer.
type CustomerFacts struct {
	ID          Told `json:"id,omitzero"`
	Email       Told `json:"email,omitzero"`
	Name        Told `json:"name,omitzero"`
	MemberID    Told `json:"member_id,omitzero"`
	MemberEmail Told `json:"member_email,omitzero"`
}

// AmountFact is the newest amount that was paid, or else shown.
type AmountFact struct {
	Paid   bool      `json:"paid,omitempty"`
	At     time.Time `json:"at"`
	Amount Amount    `json:"amount"`
}
