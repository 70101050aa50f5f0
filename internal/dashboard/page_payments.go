package dashboard

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// paymentsView is the page of what was sold.
type paymentsView struct {
	PurchasePage
	Query     PurchaseQuery
	Shops     []Shop
	Providers []string
	States    []stateCount // of all there are, by state
	Sold      int          // purchases in all
	Refused   []refusedAt
	Gaps      []UnmappedProduct
	GapsLater bool // there are so many that the page loads them later
	Problem   *BadQuery
	Narrow    bool
	NextURL   string
	FirstURL  string // "" on the first page
	Back      string // where actions come back to
	Urgent    []string
}

// stateCount is how many purchases are in a state, and where they are shown.
type stateCount struct {
	State string
	N     int
	URL   string
}

// refusedAt is the quarantine of a site's provider.
type refusedAt struct {
	Site string
	Quarantine
}

const (
	purchaseRows = 50
	// gapsAtOnce is how many unmapped purchases are summed up while a page is made.
	gapsAtOnce = 500
	// gapsWithin bounds the summing up of more.
	gapsWithin = 20 * time.Second
)

func purchaseQuery(q url.Values) PurchaseQuery {
	return PurchaseQuery{
		Site: q.Get("site"), Provider: q.Get("provider"), State: q.Get("state"), Whose: q.Get("whose"),
		After: q.Get("after"), Limit: purchaseRows,
	}
}

func (q PurchaseQuery) url(base string, more ...string) string {
	return withQuery(base, query(append([]string{"site", q.Site, "provider", q.Provider, "state", q.State, "whose", q.Whose}, more...)...))
}

func (d *Dashboard) payments(ctx context.Context, v visit) error {
	q := purchaseQuery(v.URL.Query())
	view, err := d.paymentsView(ctx, q)
	if err != nil {
		return err
	}
	d.render(v, http.StatusOK, "payments", "Payments", of(paymentsPage, view), func(f *frame) {
		f.Note = purchaseNote(v.URL.Query())
		if q.After == "" && len(view.Shops) > 0 && view.Problem == nil {
			f.Stream = q.url(Base + "/live/payments")
		}
	})
	return nil
}

func (d *Dashboard) paymentsView(ctx context.Context, q PurchaseQuery) (paymentsView, error) {
	tally, err := d.tally(ctx)
	if err != nil {
		return paymentsView{}, err
	}
	return d.paymentsWith(ctx, q, tally)
}

// paymentsWith is the page of the purchases that are counted in a tally.
func (d *Dashboard) paymentsWith(ctx context.Context, q PurchaseQuery, tally []Tally) (paymentsView, error) {
	base := Base + "/payments"
	view := paymentsView{Query: q, Shops: d.Tills.Shops(), Narrow: q.url("") != "", Back: q.url(base)}
	for _, shop := range view.Shops {
		view.Providers = append(view.Providers, shop.Providers...)
	}
	slices.Sort(view.Providers)
	view.Providers = slices.Compact(view.Providers)
	if len(view.Shops) == 0 {
		return view, nil
	}
	view.count(tally)
	var err error
	view.PurchasePage, err = d.Purchases.Purchases(ctx, q)
	if err != nil && !errors.As(err, &view.Problem) {
		return view, err
	}
	if view.Next != "" {
		view.NextURL = q.url(base, "after", view.Next)
	}
	if q.After != "" {
		view.FirstURL = q.url(base)
	}
	for _, p := range view.Purchases {
		if p.Urgent() {
			view.Urgent = append(view.Urgent, PurchaseRef{p.Site, p.ID}.ref())
		}
	}
	switch n := unmappedIn(tally); {
	case n > gapsAtOnce:
		view.GapsLater = true
	case n > 0:
		view.Gaps, err = d.Tills.Unmapped(ctx)
	default:
		err = nil
	}
	if view.Problem != nil {
		err = nil
	}
	return view, err
}

// count sums up what all sites have sold, the states that need somebody first.
func (view *paymentsView) count(tally []Tally) {
	sums := map[string]int{}
	for _, t := range tally {
		for state, n := range t.States {
			sums[state] += n
			view.Sold += n
		}
		for _, q := range t.Quarantine {
			view.Refused = append(view.Refused, refusedAt{t.Site, q})
		}
	}
	for _, state := range stateChoices() {
		if n := sums[state]; n > 0 {
			view.States = append(view.States, stateCount{state, n, PurchaseQuery{State: state}.url(Base + "/payments")})
		}
	}
}

// stateChoices are the states, those that need somebody first.
func stateChoices() []string {
	var names []string
	for _, s := range payment.States() {
		names = append(names, string(s))
	}
	slices.SortStableFunc(names, func(a, b string) int { return urgency(a) - urgency(b) })
	return names
}

func urgency(state string) int {
	switch payment.State(state) {
	case payment.StateNeedsAttention:
		return 0
	case payment.StateFailed:
		return 1
	case payment.StateUnmapped:
		return 2
	}
	return 3
}

// Choices are the states that a filter offers.
func (view paymentsView) Choices() []string { return stateChoices() }

// sites are those that sell.
func (view paymentsView) sites() (names []string) {
	for _, shop := range view.Shops {
		names = append(names, shop.Site)
	}
	return names
}

// urgentTold says how many need somebody.
func (view paymentsView) urgentTold() string {
	told := plural(len(view.Urgent), "purchase needs", "purchases need") + " somebody"
	if view.MoreUrgent {
		told += " on this page"
	}
	return told + "."
}

// Urgent is whether a purchase waits for somebody or for a retry.
func (p Purchase) Urgent() bool { return urgency(p.State) < 2 }

// URL is where the purchase is shown.
func (p Purchase) URL() string { return PurchaseRef{p.Site, p.ID}.url() }

// Ref names the purchase in a form.
func (p Purchase) Ref() string { return PurchaseRef{p.Site, p.ID}.ref() }

func (r PurchaseRef) url() string {
	return withQuery(Base+"/payments/one", query("site", r.Site, "id", r.ID))
}

func (r PurchaseRef) ref() string { return r.Site + " " + r.ID }

func purchaseRef(text string) (PurchaseRef, bool) {
	site, id, ok := strings.Cut(text, " ")
	return PurchaseRef{site, id}, ok && site != "" && id != "" && len(text) <= maxPurchaseRef
}

const maxPurchaseRef = 600

func unmappedIn(tally []Tally) (n int) {
	for _, t := range tally {
		n += t.States[string(payment.StateUnmapped)]
	}
	return n
}

// tallied is the last tally, which is good for all who watch for a moment.
type tallied struct {
	sync.Mutex
	at    time.Time
	tally []Tally
}

func (d *Dashboard) tally(ctx context.Context) ([]Tally, error) {
	d.tallied.Lock()
	defer d.tallied.Unlock()
	if now := d.Now(); d.tallied.at.IsZero() || now.Sub(d.tallied.at) >= overviewFor {
		tally, err := d.Tills.Tally(ctx)
		if err != nil {
			return nil, err
		}
		d.tallied.at, d.tallied.tally = now, tally
	}
	return d.tallied.tally, nil
}

// livePayments looks at the purchases again when their numbers have changed.
func (d *Dashboard) livePayments(q PurchaseQuery) func(context.Context) (content, error) {
	var before []Tally
	var view paymentsView
	return func(ctx context.Context) (content, error) {
		now, err := d.tally(ctx)
		if err != nil || before != nil && slices.EqualFunc(before, now, Tally.is) {
			return of(paymentsState, view), err
		}
		if view, err = d.paymentsWith(ctx, q, now); err == nil {
			before = now
		}
		return of(paymentsState, view), err
	}
}

func (t Tally) is(other Tally) bool {
	return t.Site == other.Site && maps.Equal(t.States, other.States) && slices.Equal(t.Quarantine, other.Quarantine)
}

// unmapped sums up what was sold without a tier, which may take a second: the page
// does not wait for it.
func (d *Dashboard) unmapped(_ context.Context, v visit) error {
	ctx, cancel := context.WithTimeout(v.Context(), gapsWithin)
	defer cancel()
	gaps, err := d.Tills.Unmapped(ctx)
	if err != nil {
		return err
	}
	d.answerPart(v, "payments", of(gapTable, gaps))
	return nil
}

// findPurchases turns the form into a URL that can be kept, in which no address
// stands.
func (d *Dashboard) findPurchases(_ context.Context, v visit) error {
	q := purchaseQuery(v.PostForm)
	switch typed := strings.TrimSpace(q.Whose); {
	case strings.Contains(typed, "@"):
		q.Whose = string(store.HolderAddress(typed))
	case len(typed) == 24: // an id of Ghost
		q.Whose = string(store.HolderMember(strings.ToLower(typed)))
	default:
		q.Whose = typed
	}
	http.Redirect(v.w, v.Request, q.url(Base+"/payments"), http.StatusSeeOther)
	return nil
}
