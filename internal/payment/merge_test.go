package payment

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// merged is what events come to, in this order.
func merged(events ...Event) Entitlement {
	e := Entitlement{Site: "blog"}
	for _, ev := range events {
		e.Merge(ev)
	}
	return e
}

// anyEvent is an event of one subscription, at one of few moments and with few
// words, so that many collide.
func anyEvent() *rapid.Generator[Event] {
	actions := []Action{
		ActionGrant, ActionExtend, ActionKeepUntil, ActionUncancel, ActionPastDue, ActionRevoke, ActionSuspend, ActionResume,
		ActionRefund, ActionPartialRefund, ActionDispute, ActionDisputeWon, ActionDisputeLost, ActionContact, ActionLink, ActionIgnore,
	}
	return rapid.Custom(func(t *rapid.T) Event {
		word := func(label string, words ...string) string { return rapid.SampledFrom(append(words, "")).Draw(t, label) }
		ev := Event{
			Provider: Stripe, ID: "evt_" + rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6"}).Draw(t, "id"),
			Type: word("type", "invoice.paid", "charge.refunded"), Action: rapid.SampledFrom(actions).Draw(t, "action"),
			Subject:    Subject{Kind: Subscription, ID: "sub_1"},
			OccurredAt: day(rapid.IntRange(0, 4).Draw(t, "day")),
			Renews:     rapid.Bool().Draw(t, "renews"), Paid: rapid.Bool().Draw(t, "paid"), Snapshot: rapid.Bool().Draw(t, "snapshot"),
			Test:   rapid.Bool().Draw(t, "test"),
			Amount: Amount{Minor: int64(rapid.IntRange(0, 2).Draw(t, "amount")), Currency: word("currency", "EUR", "USD")},
			Customer: Customer{
				ID: word("customer", "cus_1", "cus_2"), Email: word("email", "jo@example.org", "mo@example.org"),
				MemberID: word("member", "m1", "m2"), MemberEmail: word("member_email", "ann@example.org"), Name: word("name", "Jo"),
			},
		}
		ev.Key = rapid.SampledFrom([]string{ev.ID, "paid:1"}).Draw(t, "key")
		if n := rapid.IntRange(-1, 60).Draw(t, "end"); n >= 0 {
			ev.PeriodEnd = day(n)
		}
		ev.Period = time.Duration(rapid.SampledFrom([]int{0, 0, 30}).Draw(t, "period")) * 24 * time.Hour
		ids := rapid.SliceOfN(rapid.SampledFrom([]string{"price_1", "price_2", "prod_1", "plink_1", "4711"}), 0, 3)
		ev.Products = ids.Draw(t, "products")
		if rapid.Bool().Draw(t, "several") && len(ev.Products) > 1 {
			ev.Items = [][]string{ev.Products[:1], ev.Products[1:]}
		}
		ev.Aliases = rapid.SliceOfN(rapid.SampledFrom([]string{"charge:1", "charge:2", "invoice:1"}), 0, 2).Draw(t, "aliases")
		return ev
	})
}

// day is noon of a day of the tests' time.
func day(n int) time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func TestEventsComeToTheSameInWhateverOrderAndHoweverOftenTheyCome(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(anyEvent(), 1, 12).Draw(t, "events")
		want := merged(events...)
		again := append(slices.Clone(events), rapid.SliceOf(rapid.SampledFrom(events)).Draw(t, "repeated")...)
		got := merged(rapid.Permutation(again).Draw(t, "order")...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("another order comes to another entitlement (-want +got):\n%s", diff)
		}
		for _, ev := range events {
			if got.Merge(ev) {
				t.Fatalf("a repeated event changed something: %+v", ev)
			}
		}
	})
}

// All orders of five events, with a repetition, not only those that chance finds.
func TestALifeComesToTheSameInAllOrders(t *testing.T) {
	t.Parallel()
	life := []Event{
		{ID: "1", Action: ActionGrant, OccurredAt: day(0), PeriodEnd: day(30), Paid: true, Renews: true},
		{ID: "2", Action: ActionKeepUntil, OccurredAt: day(5), PeriodEnd: day(30), Snapshot: true},
		{ID: "3", Action: ActionUncancel, OccurredAt: day(6), PeriodEnd: day(30), Snapshot: true, Renews: true},
		{ID: "4", Action: ActionExtend, OccurredAt: day(30), PeriodEnd: day(60), Paid: true, Renews: true},
		{ID: "5", Action: ActionRevoke, OccurredAt: day(60)},
		{ID: "5", Action: ActionRevoke, OccurredAt: day(60)},
	}
	for i := range life {
		life[i].Provider, life[i].Subject = Polar, Subject{Kind: Subscription, ID: "s"}
	}
	want, orders := merged(life...), 0
	permute(life, func(order []Event) {
		orders++
		if diff := cmp.Diff(want, merged(order...)); diff != "" {
			t.Fatalf("another order (-want +got):\n%s", diff)
		}
	})
	if orders != 720 {
		t.Fatalf("%d orders", orders)
	}
}

func permute[T any](all []T, visit func([]T)) {
	var swap func(int)
	swap = func(n int) {
		if n == len(all) {
			visit(slices.Clone(all))
		}
		for i := n; i < len(all); i++ {
			all[n], all[i] = all[i], all[n]
			swap(n + 1)
			all[n], all[i] = all[i], all[n]
		}
	}
	swap(0)
}

func TestAnEntitlementComesBackFromJSONAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := merged(rapid.SliceOfN(anyEvent(), 1, 12).Draw(t, "events")...)
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Entitlement
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// A subscription that lives for decades, told in a random order, stays small and is
// the same.
func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	var life []Event
	for n := range 2000 {
		life = append(life, Event{
			Provider: Stripe, ID: fmt.Sprintf("evt_%d", n), Key: fmt.Sprintf("evt_%d", n), Action: ActionExtend, Paid: true, Renews: true,
			Subject: Subject{Kind: Subscription, ID: "sub_1"}, OccurredAt: day(n), PeriodEnd: day(n + 1),
			Aliases:  []string{fmt.Sprintf("charge:%d", n), fmt.Sprintf("invoice:%d", n)},
			Products: []string{fmt.Sprintf("price_%d", n%40), fmt.Sprintf("kind%c_1", 'a'+n%26)},
		})
		life = append(life, Event{
			Provider: Stripe, ID: fmt.Sprintf("due_%d", n), Action: ActionPastDue, Subject: Subject{Kind: Subscription, ID: "sub_1"},
			OccurredAt: day(n).Add(-time.Hour), Renews: true,
		})
	}
	want := merged(life...)
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(life), func(i, j int) { life[i], life[j] = life[j], life[i] })
	got := merged(life...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a bound forgets by the order in which events come (-want +got):\n%s", diff)
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 40_000 || len(got.History) != maxHistory || len(got.Aliases) != maxAliases {
		t.Errorf("%d bytes, %d entries, %d aliases", len(raw), len(got.History), len(got.Aliases))
	}
	if want := "charge:1999"; !slices.Contains(got.Aliases, want) {
		t.Errorf("the newest alias is forgotten: %v", got.Aliases[:3])
	}
}

func TestAnEventThatCannotBeKeptDoesNoHarm(t *testing.T) {
	t.Parallel()
	var many []string
	for n := range 100 {
		many = append(many, fmt.Sprintf("p%d", n))
	}
	e := merged(Event{
		Provider: Zapier, ID: "1", Action: ActionGrant, Subject: Subject{Kind: Order, ID: "o"}, Paid: true,
		OccurredAt: day(0), PeriodEnd: time.Date(9999, 12, 31, 0, 0, 0, 0, time.FixedZone("west", -10*3600)),
		Products: append([]string{string(make([]byte, 300)), ""}, many...), Aliases: []string{"", string(make([]byte, 300))},
		Customer: Customer{Email: string(make([]byte, 300))},
	})
	if _, err := json.Marshal(e); err != nil {
		t.Error(err)
	}
	if len(e.Products) != maxIDs || e.Products[0] != "p0" || len(e.Aliases) != 0 || e.Customer.Email != "" {
		t.Errorf("kept %d products, %d aliases, %d bytes of address", len(e.Products), len(e.Aliases), len(e.Customer.Email))
	}
	if end := e.Facts.Paid[0].Until; !end.Equal(day(0).AddDate(Lifetime, 0, 0)) {
		t.Errorf("paid until %s", end)
	}
}

func TestAFactUnderTwoEventIDsIsToldOnce(t *testing.T) {
	t.Parallel()
	paid := Event{
		Provider: Stripe, ID: "evt_1", Key: "paid:in_1", Type: "invoice.paid", Action: ActionGrant, Paid: true,
		Subject: Subject{Kind: Subscription, ID: "sub_1"}, OccurredAt: day(0), PeriodEnd: day(30),
	}
	backfilled := paid
	backfilled.ID = "backfill"
	want := []Entry{{At: day(0), EventID: "evt_1", Key: "paid:in_1", Type: "invoice.paid", Action: ActionGrant}}
	if diff := cmp.Diff(want, merged(backfilled, paid).History); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
