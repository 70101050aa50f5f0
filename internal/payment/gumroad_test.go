package payment

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

const (
	gumSale   = "gumroad/sale.txt"
	gumRefund = "gumroad/refund.txt"
	gumSub    = " subscription sUbScR_1=="
	gumFor    = " 500 USD for pR0dUctID==,gold by buyer@example.test as sale:s4l3ID_1=="
)

// plainPing is a ping with the fewest names of its product.
func plainPing(t *testing.T, file string, changes ...string) []byte {
	return message(t, file, append([]string{
		"variants[Tier]", "-", "short_product_id", "-", "product_permalink", "-", "product_name", "-"}, changes...)...)
}

func TestAPingOfGumroadInOtherShapes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body []byte
		want string
	}{
		"of the account's own ping": {plainPing(t, gumSale, "resource_name", "-"), "grant" + gumSub + " until 2026-12-01T12:00:05Z paid renews" + gumFor},
		"bought once":               {plainPing(t, gumSale, "subscription_id", "-", "recurrence", "-"), "grant order s4l3ID_1== paid" + gumFor},
		"of a quarter":              {plainPing(t, gumSale, "recurrence", "quarterly"), "grant" + gumSub + " until 2027-02-01T12:00:05Z paid renews" + gumFor},
		"of half a year":            {plainPing(t, gumSale, "recurrence", "biannually"), "grant" + gumSub + " until 2027-05-01T12:00:05Z paid renews" + gumFor},
		"of a year":                 {plainPing(t, gumSale, "recurrence", "yearly"), "grant" + gumSub + " until 2027-11-01T12:00:05Z paid renews" + gumFor},
		"of two years":              {plainPing(t, gumSale, "recurrence", "every_two_years"), "grant" + gumSub + " until 2028-11-01T12:00:05Z paid renews" + gumFor},
		"of a time of tomorrow":     {plainPing(t, gumSale, "recurrence", "weekly"), "grant" + gumSub + " paid renews" + gumFor},
		"an order to come":          {plainPing(t, gumSale, "is_preorder_authorization", "true"), "ignore as sale:s4l3ID_1=="},
		"a part given back":         {plainPing(t, gumRefund, "refunded", "false"), "partial_refund" + gumSub + gumFor},
		"all given back":            {plainPing(t, gumRefund), "refund" + gumSub + " refunded 500 of" + gumFor},
		"for a member that the link names": {plainPing(t, gumSale, "url_params[ghost_member_id]", "6512f0a1b2c3d4e5f6a7b8c9"),
			"grant" + gumSub + " until 2026-12-01T12:00:05Z paid renews 500 USD for pR0dUctID==,gold by 6512f0a1b2c3d4e5f6a7b8c9 as sale:s4l3ID_1=="},
		"for a member that the shop's field names": {plainPing(t, gumSale, "custom_fields[ghost_email]", "jo@example.org"),
			"grant" + gumSub + " until 2026-12-01T12:00:05Z paid renews 500 USD for pR0dUctID==,gold by jo@example.org as sale:s4l3ID_1=="},
		"ended after failures": {message(t, "gumroad/cancellation.txt", "cancelled_at", "2026-11-01T09:00:00Z", "cancelled_due_to_payment_failures", "true"),
			"keep_until" + gumSub + " until 2026-11-01T09:00:00Z by buyer@example.test as sale:s4l3ID_1=="},
		"a type of tomorrow": {plainPing(t, gumSale, "resource_name", "hug"), "ignore as sale:s4l3ID_1=="},
	} {
		if diff := gocmp.Diff([]string{row.want}, read(t, Gumroad, row.body)); diff != "" {
			t.Errorf("%s\n%s", name, diff)
		}
	}
}

// The ping of a cancellation comes when somebody cancels; what it tells is when the
// membership ends. Were that when it happened, a restart before it would be older.
func TestARestartBeforeTheEndBeatsTheCancellation(t *testing.T) {
	t.Parallel()
	e := Entitlement{Site: "s"}
	for _, file := range []string{gumSale, "gumroad/cancellation.txt"} {
		merge(t, &e, Gumroad, fixture(t, file))
	}
	if !e.cancelled() {
		t.Fatal("it is not cancelled")
	}
	merge(t, &e, Gumroad, message(t, "gumroad/subscription_restarted.txt", "restarted_at", "2026-11-20T12:00:00Z"))
	if e.cancelled() {
		t.Error("a restarted membership stays cancelled")
	}
}

func merge(t *testing.T, e *Entitlement, provider string, body []byte) {
	t.Helper()
	events, err := Normalise(provider, body, noHeader, receipt)
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range events {
		e.Merge(ev)
	}
}

func TestAMembershipsEndDoesNotForgetItsTier(t *testing.T) {
	t.Parallel()
	e := Entitlement{Site: "s"}
	merge(t, &e, Gumroad, fixture(t, gumSale))
	merge(t, &e, Gumroad, fixture(t, "gumroad/cancellation.txt"))
	m := Mapping{Tiers: []string{"gold", "silver"}, Products: []Product{
		{ID: "pR0dUctID==", Tier: "silver"}, {ID: "pR0dUctID==:Gold", Tier: "gold"}}}
	if a := e.Access(m, receipt); a.Tier != "gold" || a.State != StateEndsAt {
		t.Errorf("got %+v", a)
	}
}

func TestAPartAndThenTheRestGivenBackAreTwoPings(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, body := range [][]byte{message(t, gumRefund, "refunded", "false"), fixture(t, gumRefund), fixture(t, gumSale), fixture(t, "gumroad/cancellation.txt")} {
		events, err := Normalise(Gumroad, body, noHeader, receipt)
		if err != nil {
			t.Fatal(err)
		}
		ids[events[0].ID] = true
	}
	if len(ids) != 4 {
		t.Errorf("four pings are %v", ids)
	}
}

func TestAPingWithoutItsPurchaseIsUnreadable(t *testing.T) {
	t.Parallel()
	for about, body := range map[string][]byte{
		"resource_name":                []byte("seller_id=1"),
		"resource_name is":             []byte("%zz"),
		"subscription_id and sale_id":  message(t, gumSale, "subscription_id", "-", "sale_id", "-"),
		"a date in cancelled_at":       message(t, "gumroad/cancellation.txt", "cancelled_at", "soon"),
		"subscription_id and sale_id ": message(t, "gumroad/cancellation.txt", "subscription_id", "-"),
	} {
		checkUnreadable(t, Gumroad, body, about)
	}
}
