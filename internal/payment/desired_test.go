package payment

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// bought is an entitlement of a product, with an id of its own.
func bought(id, product string, events ...Event) Entitlement {
	return entitlementOf(Stripe, Subject{Kind: Subscription, ID: id}, product, events)
}

// upgrade is a person who has silver until day 40 and bought gold on top, until day 30.
func upgrade() []Entitlement {
	return []Entitlement{bought("old", "prod_silver", paid(10)), bought("new", "prod_gold", paid(0), cancelled(5, 30))}
}

func TestTheHighestTierWinsAndTheNextTakesOver(t *testing.T) {
	t.Parallel()
	silver := Access{State: StateGranted, Tier: "silver", Until: day(47), Ends: day(40), Next: day(47)}
	outranked := silver
	outranked.Reason = WhyOutranked
	gold := endsAt(30, WhyCancelled)
	want := Wanted{
		Tier: "gold", Until: day(30), Ends: day(30), By: "stripe:new", Next: day(30),
		Each: map[string]Access{"stripe:old": outranked, "stripe:new": gold},
	}
	if diff := cmp.Diff(want, Desired(upgrade(), mapping(), day(20))); diff != "" {
		t.Errorf("while gold lasts (-want +got):\n%s", diff)
	}
	want = Wanted{
		Tier: "silver", Until: day(47), Ends: day(40), By: "stripe:old", Next: day(47),
		Each: map[string]Access{"stripe:old": silver, "stripe:new": revoked(30, WhyCancelled)},
	}
	if diff := cmp.Diff(want, Desired(upgrade(), mapping(), day(30))); diff != "" {
		t.Errorf("once gold is over (-want +got):\n%s", diff)
	}
}

func TestOfOneTierTheLatestEndWins(t *testing.T) {
	t.Parallel()
	es := []Entitlement{bought("a", "prod_gold", paid(0)), bought("b", "prod_gold", paid(5)), bought("c", "prod_gold", paid(3))}
	for range 2 {
		if w := Desired(es, mapping(), day(10)); w.By != "stripe:b" || !w.Until.Equal(day(42)) || !w.Next.Equal(day(37)) {
			t.Errorf("%s gives it, until %s; next %s", w.By, w.Until, w.Next)
		}
		es[0], es[2] = es[2], es[0]
	}
}

func TestOfTwoProductsTheRefundOfOneLeavesTheOther(t *testing.T) {
	t.Parallel()
	es := []Entitlement{bought("a", "prod_gold", paid(0), said(ActionRefund, 3)), bought("b", "prod_silver", paid(0))}
	w := Desired(es, mapping(), day(4))
	if w.Tier != "silver" || w.By != "stripe:b" || w.Each["stripe:a"].State != StateRevoked || w.Each["stripe:b"].Reason != "" {
		t.Errorf("%+v", w)
	}
}

func TestWhatIsUnmappedTakesNothingFromOthers(t *testing.T) {
	t.Parallel()
	es := []Entitlement{bought("a", "prod_x", paid(9)), bought("b", "prod_silver", paid(0))}
	if w := Desired(es, mapping(), day(10)); w.Tier != "silver" || w.Each["stripe:a"].State != StateUnmapped {
		t.Errorf("%+v", w)
	}
	m := mapping()
	m.Products = append(m.Products, Product{ID: "prod_x", Tier: "gold"})
	if w := Desired(es, m, day(10)); w.Tier != "gold" || w.By != "stripe:a" {
		t.Errorf("once it is mapped: %+v", w)
	}
}

func TestNobodyWantsAnythingWhereNothingLives(t *testing.T) {
	t.Parallel()
	es := []Entitlement{bought("a", "prod_gold", paid(0), said(ActionRevoke, 3)), bought("b", "prod_gold", said(ActionContact, 0))}
	w := Desired(es, mapping(), day(10))
	if w.Tier != "" || w.By != "" || !w.Until.IsZero() || !w.Next.IsZero() || len(w.Each) != 2 {
		t.Errorf("%+v", w)
	}
	if w := Desired(nil, mapping(), day(10)); w.Tier != "" || len(w.Each) != 0 {
		t.Errorf("of no entitlements: %+v", w)
	}
}

func TestATierThatHasNoRankIsTheLowest(t *testing.T) {
	t.Parallel()
	m := mapping()
	m.Products = append(m.Products, Product{ID: "prod_x", Tier: "bronze"})
	es := []Entitlement{bought("a", "prod_x", paid(9)), bought("b", "prod_silver", paid(0))}
	if w := Desired(es, m, day(10)); w.Tier != "silver" {
		t.Errorf("%+v", w)
	}
}

func TestAnEntitlementBelongsToWhomItWasLinkedThenNamedThenPaidBy(t *testing.T) {
	t.Parallel()
	customer := func(memberID, memberEmail, email string) Entitlement {
		return Entitlement{Customer: Customer{MemberID: memberID, MemberEmail: memberEmail, Email: email}}
	}
	linked := customer("m2", "mo@example.org", "mo@example.org")
	linked.Linked = "m1"
	for name, c := range map[string]struct {
		e    Entitlement
		want bool
	}{
		"linked, whatever it names":     {linked, true},
		"linked to another":             {Entitlement{Linked: "m2", Customer: Customer{Email: "jo@example.org"}}, false},
		"the member that it names":      {customer("m1", "", "mo@example.org"), true},
		"another member that it names":  {customer("m2", "", "jo@example.org"), false},
		"the address that it names":     {customer("", "Jo@Example.org ", "mo@example.org"), true},
		"another address that it names": {customer("", "mo@example.org", "jo@example.org"), false},
		"the payer's address":           {customer("", "", "JO@example.org"), true},
		"another payer":                 {customer("", "", "mo@example.org"), false},
		"nobody, as nothing is known":   {customer("", "", ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.e.BelongsTo("m1", "jo@example.org"); got != c.want {
				t.Errorf("it is %t", got)
			}
			if c.e.BelongsTo("", "") {
				t.Error("it belongs to nobody at all")
			}
		})
	}
}

func TestGraceIsTheProductsElseTheMappings(t *testing.T) {
	t.Parallel()
	e := subscription(paid(0))
	for grace, until := range map[time.Duration]time.Time{0: day(37), 24 * time.Hour: day(31)} {
		if a := e.Access(mapping(func(p *Product) { p.Grace = grace }), day(1)); !a.Until.Equal(until) {
			t.Errorf("with a grace of %s until %s", grace, a.Until)
		}
	}
	m := mapping()
	m.Grace = 0
	if a := e.Access(m, day(1)); !a.Until.Equal(day(30)) {
		t.Errorf("without any grace until %s", a.Until)
	}
}
