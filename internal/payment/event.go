package payment

import "time"

// The providers, as they stand in the path of their webhook.
const (
	Polar        = "polar"
	Stripe       = "stripe"
	PayPal       = "paypal"
	PayPalIPN    = "paypal-ipn"
	Zapier       = "zapier"
	Paddle       = "paddle"
	LemonSqueezy = "lemonsqueezy"
	Gumroad      = "gumroad"
	Kofi         = "kofi"
)

// Event is one fact about one purchase, in one form for all providers. Nothing in
// it depends on when or how often it arrived, or on what came before it.
type Event struct {
	Provider string `json:"provider"`
	ID       string `json:"id"`   // the provider's event id; without one, the hex SHA-256 of the body
	Key      string `json:"key"`  // the same for the same fact under another event id (backfill, re-send)
	Type     string `json:"type"` // the provider's word, for people
	Action   Action `json:"action"`

	// Subject is what the entitlement is about; the zero Subject, if the event names
	// its purchase by Aliases only.
	Subject Subject `json:"subject,omitzero"`
	// Aliases are other ids of the same purchase, each with its kind in front
	// ("charge:ch_1", "intent:pi_1", "invoice:in_1", "order:…", "sale:…", "txn:…").
	// A refund or a dispute may name only one of those.
	Aliases  []string `json:"aliases,omitempty"`
	Products []string `json:"products,omitempty"` // candidates for the mapping, most specific first
	// Items are the candidates of each thing, where one purchase has several; Products
	// then holds them all. The best tier among the things is what was bought.
	Items    [][]string `json:"items,omitempty"`
	Customer Customer   `json:"customer,omitzero"`

	// PeriodEnd is until when access is paid; of ActionKeepUntil, the end; of
	// ActionPastDue, since when it is not paid any more. Zero: the event does not say.
	PeriodEnd time.Time `json:"period_end,omitzero"`
	// Paid says that the money for PeriodEnd came (or none was due). A subscription that
	// only shows its period is not Paid: providers begin a period before they collect,
	// and an active subscription becomes past due an hour into a period nobody paid. So
	// while it is past due, only a Paid PeriodEnd and ActionPastDue's own count.
	Paid bool `json:"paid,omitempty"`
	// Period is the length of what was paid, from OccurredAt, where no end is told.
	Period time.Duration `json:"period,omitempty"`
	// Renews says that this is a subscription which, as far as the event tells, renews
	// by itself. Of a one-time purchase and a cancelled subscription it is false.
	Renews bool `json:"renews,omitempty"`
	// Snapshot says that the event shows the subscription as a whole: a cancellation or
	// a pause that it does not show is none any more. A payment is no snapshot: it says
	// nothing about whether the subscription was cancelled.
	Snapshot bool `json:"snapshot,omitempty"`

	Amount   Amount `json:"amount,omitzero"`
	Refunded int64  `json:"refunded,omitempty"` // minor units of Amount's currency, all refunds together; 0: not told

	OccurredAt time.Time `json:"occurred_at"`
	Test       bool      `json:"test,omitempty"` // sandbox or test mode
	Status     string    `json:"status,omitempty"`
}

// Action is what a fact means for access, whatever the provider calls it.
type Action string

// The actions. Grant, Extend, PastDue, Suspend, Resume, KeepUntil, Uncancel and
// Revoke speak of a subscription's or order's life; Refund and Dispute of its money.
const (
	ActionGrant         Action = "grant"          // access was bought, or is active
	ActionExtend        Action = "extend"         // a renewal was paid
	ActionKeepUntil     Action = "keep_until"     // cancelled: ends at PeriodEnd; zero: at the end of what is paid
	ActionUncancel      Action = "uncancel"       // a cancellation was taken back
	ActionPastDue       Action = "past_due"       // a renewal is not paid yet
	ActionRevoke        Action = "revoke"         // ended, now
	ActionSuspend       Action = "suspend"        // paused
	ActionResume        Action = "resume"         // not paused any more
	ActionRefund        Action = "refund"         // all money went back
	ActionPartialRefund Action = "partial_refund" // some money went back
	ActionDispute       Action = "dispute"        // a chargeback or a case was opened
	ActionDisputeWon    Action = "dispute_won"    // it was closed, the money stays
	ActionDisputeLost   Action = "dispute_lost"   // it was closed, the money is gone
	ActionContact       Action = "contact"        // only tells who a customer is
	ActionLink          Action = "link"           // only tells that Subject, Aliases and Customer belong together
	ActionIgnore        Action = "ignore"         // says nothing about access
)

// Subject is what an entitlement is about.
type Subject struct {
	Kind SubjectKind `json:"kind,omitempty"`
	ID   string      `json:"id,omitempty"` // the provider's
}

// SubjectKind tells what pays again from what was paid once.
type SubjectKind string

// The kinds of subjects.
const (
	Subscription SubjectKind = "subscription"
	Order        SubjectKind = "order"
)

// Customer is who paid, and for whom.
type Customer struct {
	ID    string `json:"id,omitempty"`    // the provider's
	Email string `json:"email,omitempty"` // the payer's, lower case
	Name  string `json:"name,omitempty"`
	// MemberID (Ghost's id) and MemberEmail are what the purchase itself names as the
	// member, in its metadata or custom data: preferred to the payer. They may come from
	// a link that the buyer could edit, and need not exist.
	MemberID    string `json:"member_id,omitempty"`
	MemberEmail string `json:"member_email,omitempty"`
}

// Amount is money.
type Amount struct {
	Minor    int64  `json:"minor"`    // cents; whole units of a currency without cents
	Currency string `json:"currency"` // ISO 4217, upper case
}
