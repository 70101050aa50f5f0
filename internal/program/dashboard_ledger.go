package program

import (
	"context"
	"slices"
	"strings"

	"github.com/ghostcm/ghostcm/internal/dashboard"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// purchasesLooked is how many entitlements a page looks at.
const purchasesLooked = 1500

// urgent are the states that need somebody, the gravest first.
func urgent() []payment.State {
	return []payment.State{payment.StateNeedsAttention, payment.StateFailed}
}

// leaf gathers the entitlements of one page.
type leaf struct {
	p     *Program
	query dashboard.PurchaseQuery
	sites []string
	page  dashboard.PurchasePage
	left  int // to look at
}

// Purchases is a page of the ledger.
func (c *cockpit) Purchases(ctx context.Context, q dashboard.PurchaseQuery) (dashboard.PurchasePage, error) {
	l := &leaf{p: c.current(), query: q, sites: c.current().siteNames(), left: purchasesLooked}
	if err := l.check(); err != nil {
		return l.page, err
	}
	if q.State == "" && q.After == "" {
		if err := l.takeUrgent(ctx); err != nil {
			return l.page, err
		}
	}
	return l.page, l.takeOthers(ctx)
}

func (l *leaf) check() error {
	q := l.query
	if q.Site != "" {
		if !slices.Contains(l.sites, q.Site) {
			return &dashboard.BadQuery{Field: "site", Text: "no site is called so"}
		}
		l.sites = []string{q.Site}
	}
	if q.State != "" && !slices.Contains(payment.States(), payment.State(q.State)) {
		return &dashboard.BadQuery{Field: "state", Text: "there is no such state"}
	}
	return nil
}

// takeUrgent takes what needs somebody.
func (l *leaf) takeUrgent(ctx context.Context) error {
	for _, state := range urgent() {
		for _, site := range l.sites {
			for e, err := range l.p.Store.Entitlements(ctx, l.filter(site, state, "")) {
				if err != nil {
					return err
				}
				if l.left--; len(l.page.Purchases) == l.query.Limit || l.left == 0 {
					l.page.MoreUrgent = true
					return nil
				}
				l.take(e)
			}
		}
	}
	return nil
}

// takeOthers takes what is left for the page, from where the last one has ended.
func (l *leaf) takeOthers(ctx context.Context) error {
	from, after, _ := strings.Cut(l.query.After, " ")
	begin := max(slices.Index(l.sites, from), 0)
	taken := 0
	for _, site := range l.sites[begin:] {
		for e, err := range l.p.Store.Entitlements(ctx, l.filter(site, payment.State(l.query.State), after)) {
			if err != nil {
				return err
			}
			if l.isOther(e) && l.take(e) {
				taken++
			}
			if l.left--; taken == l.query.Limit || l.left <= 0 {
				l.page.Next = site + " " + e.ID
				return nil
			}
		}
		after = ""
	}
	return nil
}

// isOther is whether an entitlement was not taken as one that needs somebody.
func (l *leaf) isOther(e payment.Entitlement) bool {
	return l.query.State != "" || !slices.Contains(urgent(), e.State())
}

func (l *leaf) take(e payment.Entitlement) bool {
	if l.query.Provider != "" && e.Provider != l.query.Provider || !l.isTheirs(e) {
		return false
	}
	l.page.Purchases = append(l.page.Purchases, purchaseOf(e))
	return true
}

// filter is what the ledger itself can choose by. Of a provider's it would look
// through all there are: the page does so, as far as it goes.
func (l *leaf) filter(site string, state payment.State, after string) store.EntitlementFilter {
	f := store.EntitlementFilter{Site: site, State: state, After: after}
	if strings.Contains(l.query.Whose, ":") {
		f.Holders = []store.Holder{store.Holder(l.query.Whose)}
	}
	return f
}

// isTheirs is of the hash of an address, by which the ledger finds nothing.
func (l *leaf) isTheirs(e payment.Entitlement) bool {
	whose := l.query.Whose
	return whose == "" || strings.Contains(whose, ":") || hashOf(e.Customer.Email) == whose || hashOf(e.Customer.MemberEmail) == whose
}
