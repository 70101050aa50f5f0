package payment

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// PayPal tells of renewals only that money came: when it is due next, the subscription
// told when it began.
func TestPaymentsThatTellNoEndAreForAPeriod(t *testing.T) {
	t.Parallel()
	begun := func(on, next int) Event {
		return Event{Action: ActionGrant, OccurredAt: day(on), PeriodEnd: day(next), Paid: true, Renews: true, Snapshot: true}
	}
	sale := func(on int) Event {
		return Event{Action: ActionExtend, OccurredAt: day(on).Add(2 * time.Hour), Paid: true, Renews: true}
	}
	signUp := Event{Action: ActionUncancel, OccurredAt: day(0), Period: 30 * 24 * time.Hour, Snapshot: true, Renews: true}
	for name, c := range map[string]struct {
		e    Entitlement
		want time.Time
	}{
		"the first sale is that of the period that began": {subscription(begun(0, 30), sale(0)), day(30)},
		"a month after a month":                           {subscription(begun(0, 30), sale(0), sale(30)), day(60).Add(2 * time.Hour)},
		"in whatever order":                               {subscription(sale(60), sale(30), begun(0, 30), sale(0)), day(90).Add(2 * time.Hour)},
		"a year after a year":                             {subscription(begun(0, 365), sale(0), sale(365)), day(730).Add(2 * time.Hour)},
		"a week after a week":                             {subscription(begun(0, 7), sale(0), sale(7)), day(14).Add(2 * time.Hour)},
		"a month after a week's trial":                    {subscription(begun(0, 7), sale(7)), day(7 + 31).Add(2 * time.Hour)},
		"sales alone tell by their distance":              {subscription(sale(0), sale(30)), day(60).Add(2 * time.Hour)},
		"a sale that came in two parts":                   {subscription(begun(0, 30), sale(30), sale(31)), day(31 + 31).Add(2 * time.Hour)},
		"a sign-up that tells the period":                 {subscription(signUp, sale(0)), day(30).Add(2 * time.Hour)},
		"and a renewal by it":                             {subscription(signUp, sale(0), sale(28)), day(58).Add(2 * time.Hour)},
		"a look that shows no end is no payment":          {subscription(begun(0, 30), sale(0), Event{Action: ActionGrant, OccurredAt: day(31), Snapshot: true, Renews: true}), day(30)},
		"cancelled: to the end of the last payment":       {subscription(begun(0, 30), sale(30), said(ActionKeepUntil, 40)), day(61).Add(2 * time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.e.Access(mapping(), day(1)).Ends; !got.Equal(c.want) {
				t.Errorf("paid until %s, not %s", got, c.want)
			}
		})
	}
}

// What goes back of a payment takes its access with it, if all of it goes back, and
// if it is the payment for what is paid now.
func TestARefundTakesBackThePaymentThatItIsOf(t *testing.T) {
	t.Parallel()
	payment := func(on int, minor int64, names ...string) Event {
		ev := paid(on)
		ev.ID, ev.Aliases, ev.Amount = names[0], names, Amount{Minor: minor, Currency: "EUR"}
		return ev
	}
	back := func(on int, minor int64, names ...string) Event {
		return Event{
			ID: "refund of " + names[0] + day(on).String(), Action: ActionRefund, OccurredAt: day(on), Aliases: names,
			Amount: Amount{Minor: minor, Currency: "EUR"}, Refunded: minor,
		}
	}
	link := func(names ...string) Event {
		return Event{ID: "link of " + names[0], Action: ActionLink, OccurredAt: day(1), Aliases: names}
	}
	of := func(provider string, events ...Event) Entitlement {
		return entitlementOf(provider, Subject{Kind: Subscription, ID: "s"}, "prod_gold", events)
	}
	for name, c := range map[string]struct {
		e    Entitlement
		live bool
	}{
		"all of the newest":                      {of(PayPal, payment(0, 500, "txn:1"), payment(30, 500, "txn:2"), back(32, 500, "txn:2")), false},
		"all of an earlier one":                  {of(PayPal, payment(0, 500, "txn:1"), payment(30, 500, "txn:2"), back(32, 500, "txn:1")), true},
		"all of both":                            {of(PayPal, payment(0, 500, "txn:1"), payment(30, 500, "txn:2"), back(32, 500, "txn:1"), back(33, 500, "txn:2")), false},
		"an unknown one":                         {of(PayPal, payment(0, 500, "txn:1"), payment(30, 500, "txn:2"), back(32, 500, "txn:3")), false},
		"an earlier one, before the newest came": {of(PayPal, payment(0, 500, "txn:1"), back(8, 500, "txn:1"), payment(30, 500, "txn:2")), true},
		"PayPal calls a part of it a refund too": {of(PayPal, payment(30, 500, "txn:2"), back(31, 200, "txn:2")), true},
		"parts, of which PayPal tells the sum":   {of(PayPal, payment(30, 500, "txn:2"), back(31, 200, "txn:2"), back(32, 500, "txn:2")), false},
		"whose sum is not all":                   {of(PayPal, payment(30, 500, "txn:2"), back(31, 200, "txn:2"), back(32, 400, "txn:2")), true},
		"parts, which IPN tells one by one":      {of(PayPalIPN, payment(30, 500, "txn:2"), back(31, 200, "txn:2"), back(32, 300, "txn:2")), false},
		"whose sum is not all, of IPN":           {of(PayPalIPN, payment(30, 500, "txn:2"), back(31, 200, "txn:2"), back(32, 200, "txn:2")), true},
		"Stripe's word counts, not the sum":      {of(Stripe, payment(30, 500, "charge:2"), back(31, 450, "charge:2")), false},
		"an earlier one, by a link of its names": {of(Stripe, payment(0, 500, "invoice:1"), payment(30, 500, "invoice:2"), link("invoice:1", "intent:1"), back(32, 500, "charge:1", "intent:1")), true},
		"the newest, by a link of its names":     {of(Stripe, payment(0, 500, "invoice:1"), payment(30, 500, "invoice:2"), link("invoice:2", "intent:2"), back(32, 500, "charge:2", "intent:2")), false},
		"a name of the subscription names none":  {of(LemonSqueezy, payment(0, 500, "subscription:1", "invoice:1"), payment(30, 500, "subscription:1", "invoice:2"), back(32, 500, "subscription:1", "invoice:2")), false},
		"of another currency, the word counts":   {of(PayPal, payment(30, 500, "txn:2"), Event{ID: "r", Action: ActionRefund, OccurredAt: day(31), Aliases: []string{"txn:2"}, Amount: Amount{200, "USD"}, Refunded: 200}), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a := c.e.Access(mapping(), day(33)); a.Live() != c.live {
				t.Errorf("live is %t: %+v", a.Live(), a)
			}
		})
	}
}

func TestTheNewestWordOfWhatWasBoughtCounts(t *testing.T) {
	t.Parallel()
	bought := func(on int, ids ...string) Event {
		ev := shown(on, 60)
		ev.Products = ids
		return ev
	}
	refund := Event{Action: ActionPartialRefund, OccurredAt: day(9), Products: []string{"price_1"}}
	session := Event{Action: ActionContact, OccurredAt: day(0), Products: []string{"plink_1"}}
	cart := bought(1, "price_1", "price_2")
	cart.Items = [][]string{{"price_1"}, {"price_2"}}
	for name, c := range map[string]struct {
		e    Entitlement
		want []string
		tier string
	}{
		"a change inside a subscription":              {subscription(bought(1, "price_1", "prod_1"), bought(2, "price_2", "prod_2")), []string{"price_2", "prod_2"}, "gold"},
		"told the other way round":                    {subscription(bought(2, "price_2", "prod_2"), bought(1, "price_1", "prod_1")), []string{"price_2", "prod_2"}, "gold"},
		"a change of ids without a kind":              {subscription(bought(1, "b0e1-11"), bought(2, "c0e2-22")), []string{"c0e2-22"}, ""},
		"a refund names what was bought then":         {subscription(bought(1, "price_1"), bought(2, "price_2"), refund), []string{"price_2"}, "gold"},
		"a link that it was bought by is not lost":    {subscription(session, bought(1, "price_9")), []string{"price_9", "plink_1"}, "silver"},
		"a payment that tells less takes back none":   {subscription(bought(1, "P-5ML4", "gold"), bought(2, "gold")), []string{"gold", "P-5ML4"}, "silver"},
		"of several things, the highest tier":         {subscription(cart), []string{"price_1", "price_2"}, "gold"},
		"the first of one thing that is mapped":       {subscription(bought(1, "price_9", "price_1", "price_2")), []string{"price_9", "price_1", "price_2"}, "silver"},
		"an entry for the provider goes before any's": {subscription(bought(1, "both")), []string{"both"}, "gold"},
		"an entry for another provider is none":       {subscription(bought(1, "theirs")), []string{"theirs"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Mapping{Tiers: []string{"gold", "silver"}, Products: []Product{
				{ID: "price_1", Tier: "silver"}, {ID: "price_2", Tier: "gold"}, {ID: "plink_1", Tier: "silver"}, {ID: "P-5ML4", Tier: "silver"},
				{ID: "both", Tier: "silver"}, {ID: "both", Provider: Stripe, Tier: "gold"}, {ID: "theirs", Provider: Polar, Tier: "gold"},
			}}
			if diff := cmp.Diff(c.want, c.e.Products); diff != "" {
				t.Errorf("products (-want +got):\n%s", diff)
			}
			if a := c.e.Access(m, day(10)); a.Tier != c.tier {
				t.Errorf("it gives %q, not %q: %+v", a.Tier, c.tier, a)
			}
		})
	}
}
