package program

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// LedgerFilter chooses entitlements of some sites. All that is set has to match.
type LedgerFilter struct {
	ID       string // one, of every site that has it
	Sites    []string
	Provider string
	State    payment.State
	Holders  []store.Holder // of any of these; not with ID
	Since    time.Time      // heard of at this time or later
}

// Matches says whether the filter lets an entitlement through, but for its holders,
// which the ledger alone knows.
func (f LedgerFilter) Matches(e payment.Entitlement) bool {
	return (f.Provider == "" || e.Provider == f.Provider) && (f.State == "" || e.State() == f.State) && !LastHeard(e).Before(f.Since)
}

// Purchases streams the entitlements that a filter chooses, site by site, the last
// that came first. After an error it ends.
func (p *Program) Purchases(ctx context.Context, f LedgerFilter) iter.Seq2[payment.Entitlement, error] {
	return func(yield func(payment.Entitlement, error) bool) {
		for _, site := range f.Sites {
			for e, err := range p.purchasesOf(ctx, site, f) {
				if (err != nil || f.Matches(e)) && !yield(e, err) {
					return
				}
				if err != nil {
					return
				}
			}
		}
	}
}

func (p *Program) purchasesOf(ctx context.Context, site string, f LedgerFilter) iter.Seq2[payment.Entitlement, error] {
	if f.ID == "" {
		return p.Store.Entitlements(ctx, store.EntitlementFilter{Site: site, Provider: f.Provider, State: f.State, Holders: f.Holders})
	}
	return func(yield func(payment.Entitlement, error) bool) {
		if v, found, err := p.Store.Entitlement(ctx, site, f.ID); found || err != nil {
			yield(v.Entitlement, err)
		}
	}
}

// LastHeard is when something was last heard of an entitlement.
func LastHeard(e payment.Entitlement) time.Time {
	last := e.Outcome.UpdatedAt
	for _, h := range e.History {
		if h.At.After(last) {
			last = h.At
		}
	}
	return last
}

// OwnerOf is the id in Ghost of whose an entitlement is, "" as long as that is not
// known.
func OwnerOf(e payment.Entitlement) string { return cmp.Or(e.Outcome.MemberID, e.MemberID()) }

// decimals is how many digits a currency has behind the point, as providers count
// its smallest units.
func decimals(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

// Price is an amount for people, "10.00 USD"; "" if its currency is not known.
func Price(a payment.Amount) string {
	if a.Currency == "" {
		return ""
	}
	sign, minor, places := "", a.Minor, decimals(a.Currency)
	if minor < 0 {
		sign, minor = "-", -minor
	}
	digits := fmt.Sprintf("%0*d", places+1, minor)
	whole, rest := digits[:len(digits)-places], digits[len(digits)-places:]
	if rest != "" {
		rest = "." + rest
	}
	return sign + whole + rest + " " + a.Currency
}
