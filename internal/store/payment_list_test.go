package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// five saves five entitlements, of two providers, states and addresses.
func (b *bundle) five() {
	b.t.Helper()
	for n := range 5 {
		ev := bought(fmt.Sprint(n), []string{"jo@example.org", "mo@example.org"}[n%2])
		ev.Provider = []string{"stripe", "paypal"}[n/3]
		e := payment.Entitlement{Site: site}
		e.Merge(ev)
		e.Outcome.State = []payment.State{payment.StateGranted, payment.StateUnmapped}[n%2]
		b.enter(e)
	}
}

func TestEntitlementsAreListedAsAFilterSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.five()
	jo := []store.Holder{store.HolderAddress("jo@example.org")}
	for name, c := range map[string]struct {
		f    store.EntitlementFilter
		want []string
	}{
		"all, the last that came first": {store.EntitlementFilter{}, []string{"paypal:4", "paypal:3", "stripe:2", "stripe:1", "stripe:0"}},
		"a provider's":                  {store.EntitlementFilter{Provider: "paypal"}, []string{"paypal:4", "paypal:3"}},
		"none of a provider's":          {store.EntitlementFilter{Provider: "pay"}, nil},
		"in a state":                    {store.EntitlementFilter{State: payment.StateUnmapped}, []string{"paypal:3", "stripe:1"}},
		"a person's":                    {store.EntitlementFilter{Holders: jo}, []string{"paypal:4", "stripe:2", "stripe:0"}},
		"a person's of a provider":      {store.EntitlementFilter{Holders: jo, Provider: "stripe"}, []string{"stripe:2", "stripe:0"}},
		"a person's in a state":         {store.EntitlementFilter{Holders: jo, State: payment.StateUnmapped}, nil},
		"so many":                       {store.EntitlementFilter{Limit: 2}, []string{"paypal:4", "paypal:3"}},
		"so many after one":             {store.EntitlementFilter{After: "paypal:3", Limit: 2}, []string{"stripe:2", "stripe:1"}},
		"a person's after one":          {store.EntitlementFilter{Holders: jo, After: "paypal:4"}, []string{"stripe:2", "stripe:0"}},
		"in a state, after one":         {store.EntitlementFilter{State: payment.StateUnmapped, After: "stripe:2"}, []string{"stripe:1"}},
		"after the first":               {store.EntitlementFilter{After: "stripe:0"}, nil},
		"after one that is not there":   {store.EntitlementFilter{After: "stripe:9"}, nil},
	} {
		if diff := cmp.Diff(c.want, b.list(c.f)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for e, err := range b.Entitlements(t.Context(), store.EntitlementFilter{Site: "other"}) {
		t.Errorf("another site's: %+v, %v", e, err)
	}
}

func TestAnEntitlementKeepsItsPlaceInAListing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.five()
	v, _, err := b.Entitlement(t.Context(), site, "stripe:1")
	if err != nil {
		t.Fatal(err)
	}
	v.Entitlement.Outcome.State = payment.StateGranted
	b.enter(v.Entitlement)
	same(t, "in its new state", b.list(store.EntitlementFilter{State: payment.StateGranted}), "paypal:4", "stripe:2", "stripe:1", "stripe:0")
}

func TestEntitlementsAreCountedByState(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.five()
	counts, err := b.EntitlementCounts(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	want := map[payment.State]int64{}
	for _, state := range payment.States() {
		want[state] = 0
	}
	want[payment.StateGranted], want[payment.StateUnmapped] = 3, 2
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnmappedPurchasesAreSummedByProduct(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n, c := range []struct {
		product, currency string
		state             payment.State
	}{
		{"prod_1", "EUR", payment.StateUnmapped}, {"prod_2", "EUR", payment.StateUnmapped}, {"prod_2", "USD", payment.StateUnmapped},
		{"prod_2", "USD", payment.StateUnmapped}, {"prod_2", "USD", payment.StateGranted}, {"", "", payment.StateUnmapped},
	} {
		ev := bought(fmt.Sprint(n), "jo@example.org")
		ev.Products, ev.Amount = []string{c.product}, payment.Amount{Minor: 500, Currency: c.currency}
		e := payment.Entitlement{Site: site}
		e.Merge(ev)
		e.Outcome.State = c.state
		b.enter(e)
	}
	sums, err := b.UnmappedSums(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	want := []store.UnmappedSum{
		{Provider: "stripe", Product: "prod_2", Purchases: 3, Paid: map[string]int64{"EUR": 500, "USD": 1000}},
		{Provider: "stripe", Product: "", Purchases: 1, Paid: map[string]int64{}},
		{Provider: "stripe", Product: "prod_1", Purchases: 1, Paid: map[string]int64{"EUR": 500}},
	}
	if diff := cmp.Diff(want, sums); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAListingEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.five()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, f := range map[string]store.EntitlementFilter{
		"all": {Site: site}, "a person's": {Site: site, Holders: []store.Holder{store.HolderMember("m")}}, "after one": {Site: site, After: "stripe:2"},
	} {
		errs := 0
		for _, err := range b.Entitlements(ctx, f) {
			if errs++; !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if errs != 1 {
			t.Errorf("%s: %d errors", name, errs)
		}
	}
}

// A hundred thousand entitlements go by in their order, and what is listed is never
// read more than some hundreds ahead: what is lost meanwhile is not listed.
func TestAListingOfAHundredThousandReadsOnlySomeAhead(t *testing.T) {
	t.Parallel()
	const all = 100_000
	b := setup(t)
	b.fill(all)
	n := 0
	for e, err := range b.Entitlements(t.Context(), store.EntitlementFilter{Site: site}) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("stripe:%d", all-n); e.ID != want {
			t.Fatalf("%s comes where %s should", e.ID, want)
		}
		n++
	}
	if n != all {
		t.Fatalf("%d were listed", n)
	}
	n = 0
	for _, err := range b.Entitlements(t.Context(), store.EntitlementFilter{Site: site}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			b.redis.FlushDB(t.Context())
		}
	}
	if n > 500 {
		t.Errorf("%d were listed of a ledger that was gone after the first", n)
	}
}

// fill makes entitlements as SaveEntitlement leaves them, inside Redis.
func (b *bundle) fill(n int) {
	b.t.Helper()
	const script = `
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local id = 'stripe:' .. i
  redis.call('hset', '{ghostcm}:entitlement:' .. ARGV[3] .. ':' .. id, 'version', 'v', 'json', '{"id":"' .. id .. '","provider":"stripe"}')
  redis.call('zadd', '{ghostcm}:entitlements:' .. ARGV[3], i, id)
end
return 1`
	for from := 1; from <= n; from += 5000 {
		if err := b.redis.Eval(b.t.Context(), script, nil, from, from+4999, site).Err(); err != nil {
			b.t.Fatal(err)
		}
	}
}
