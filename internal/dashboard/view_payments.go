package dashboard

import (
	"context"
	"time"
)

// Shop is a site that sells access, with its payment providers.
type Shop struct {
	Site      string
	Providers []string
}

// Tally is what a site has sold, in numbers.
type Tally struct {
	Site       string
	States     map[string]int // purchases by state
	Quarantine []Quarantine   // of providers that have something in it
}

// Quarantine is what was refused and is kept, of one provider.
type Quarantine struct {
	Provider   string
	Deliveries int
	Full       int // percent of the room
	Refused    int // in the last 7 days, since there was no room
}

// UnmappedProduct is what was sold of a product that gives no tier.
type UnmappedProduct struct {
	Site, Provider string
	Product        string // the provider's id; "" if it told none
	Purchases      int
	Paid           []string // the newest payment of each, summed up, one of each currency
}

// Tills shows what is sold.
type Tills interface {
	// Shops are the sites that sell; none is an installation without payments.
	Shops() []Shop
	Tally(ctx context.Context) ([]Tally, error)
	// Unmapped reads every purchase that gives no tier.
	Unmapped(ctx context.Context) ([]UnmappedProduct, error)
}

// PurchaseQuery chooses purchases, as people type it. All that is given has to match.
type PurchaseQuery struct {
	Site, Provider, State string
	// Whose is a member's id, an address' hash, or an address as the ledger names its
	// holders.
	Whose string
	// After is where the page goes on; see PurchasePage.
	After string
	Limit int
}

// Purchase is a subscription or an order, without an address.
type Purchase struct {
	ID, Site, Provider string
	Product, Tier      string
	MemberID           string // in Ghost; "" as long as that is not known
	EmailHash          string
	State              string
	Reason, Remedy     string
	Paid               string // the newest payment; "" if that is not known
	Test               bool   // of the provider's sandbox
	EndsAt             time.Time
	HeardAt            time.Time // of it, last
}

// PurchasePage is some of the purchases that match: where no state is chosen, first
// those that need somebody, then the others, the last that came first.
type PurchasePage struct {
	Purchases []Purchase
	// MoreUrgent is whether more need somebody than are shown.
	MoreUrgent bool
	// Next is where to go on; "" if there is no more. It may be set without purchases.
	Next string
}

// PurchaseRef names one purchase.
type PurchaseRef struct{ Site, ID string }

// PurchaseDetail is one purchase in full.
type PurchaseDetail struct {
	Purchase
	Products, Aliases []string
	LinkedBy          string // "match", "operator", or "": not linked yet
	Customer          string // the provider's id
	LookedAt          time.Time
	NextLook          time.Time
	History           []PurchaseEvent // the newest first
}

// PurchaseEvent is what was heard of a purchase at one time.
type PurchaseEvent struct {
	At                    time.Time
	Type, Action, EventID string
}

// Purchases reads the ledger. An error of a query that was typed wrong is a *BadQuery.
type Purchases interface {
	Purchases(ctx context.Context, q PurchaseQuery) (PurchasePage, error)
	Purchase(ctx context.Context, ref PurchaseRef) (PurchaseDetail, bool, error)
}

// Linked is what came of a link.
type Linked struct {
	MemberID string
	Former   string // the member who had it before; "" if nobody, or the same
}

// PurchaseActs changes purchases, and writes that to the activity.
type PurchaseActs interface {
	// Retry has them looked at again; it returns how many there were.
	Retry(ctx context.Context, refs []PurchaseRef) (int, error)
	// Link gives one to the member with an id or an address. A *BadQuery says why
	// nobody has it now.
	Link(ctx context.Context, ref PurchaseRef, whom string) (done Linked, found bool, err error)
}

// Spool is what waits on the disk of this machine, because Redis did not take it.
type Spool struct {
	Deliveries int
	Oldest     time.Duration // how long the oldest has waited
}
