package program_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/payment"
)

const payer = "jo.payer@example.org"

func TestAPurchaseMakesAMemberAndItsEndTakesAccessAway(t *testing.T) {
	t.Parallel()
	s := newShop(t, rigOptions{ghost: connected()})
	s.takes(s.bought("sub-1", payer, "prod_gold"))
	s.comes("granted", s.has(payer, "comped", "Gold"), s.state("polar:sub-1", payment.StateGranted))
	m, _ := s.member(payer)
	if want := s.begun.AddDate(0, 0, 37); !m.Tiers[0].ExpiresAt.Equal(want) {
		t.Errorf("it ends at %v, want the period's end and the grace: %v", m.Tiers[0].ExpiresAt, want)
	}
	if mails := s.site.Mails(); len(mails) != 1 || mails[0].To != payer {
		t.Errorf("mails to sign in: %+v", mails)
	}
	s.takes(s.polar(sub{id: "sub-1", email: payer, product: "prod_gold", what: "revoked", status: "canceled", after: time.Minute}))
	s.comes("revoked", s.has(payer, "free", ""), s.state("polar:sub-1", payment.StateRevoked))
	s.settles()
	for _, private := range []string{payer, "Payer", polarSecret, "jo.payer"} {
		if strings.Contains(s.log.String(), private) {
			t.Errorf("the log holds %q", private)
		}
	}
}

// Acceptance 3 of facts/payments.md.
func TestTheSamePurchaseFiftyTimesAtOnceIsOneGrant(t *testing.T) {
	t.Parallel()
	s := newShop(t, rigOptions{ghost: connected()})
	body := s.bought("sub-1", payer, "prod_gold")
	var sending sync.WaitGroup
	for range 50 {
		sending.Go(func() {
			if status, err := s.post(payment.Polar, polarSecret, body); status != http.StatusOK || err != nil {
				t.Errorf("answered %d, %v", status, err)
			}
		})
	}
	sending.Wait()
	s.comes("granted", s.has(payer, "comped", "Gold"), s.state("polar:sub-1", payment.StateGranted))
	s.settles()
	if n := s.site.Requests()["POST /members/"]; n != 1 {
		t.Errorf("the member was made %d times: %v", n, s.site.Requests())
	}
	if all := s.entitlements(); len(all) != 1 || len(all[0].History) != 1 {
		t.Errorf("the ledger has %d entitlements", len(all))
	}
}

// Acceptance 4: created, cancelled and revoked in all six orders.
func TestWhateverTheOrderOfEventsTheSameAccessStands(t *testing.T) {
	t.Parallel()
	s := newShop(t, rigOptions{ghost: connected()})
	orders := [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	for n, order := range orders {
		id, email := "sub-"+string(rune('a'+n)), "order."+string(rune('a'+n))+"@example.org"
		events := [][]byte{
			s.bought(id, email, "prod_gold"),
			s.polar(sub{id: id, email: email, product: "prod_gold", what: "canceled", status: "active", cancelled: true, after: time.Minute}),
			s.polar(sub{id: id, email: email, product: "prod_gold", what: "revoked", status: "canceled", cancelled: true, after: 2 * time.Minute}),
		}
		for _, i := range order {
			s.takes(events[i])
			s.settles()
		}
		s.comes("revoked", s.state("polar:"+id, payment.StateRevoked))
		if m, found := s.member(email); found && (m.Status != "free" || len(m.Tiers) > 0) {
			t.Errorf("order %v: the member is %s with %v", order, m.Status, m.Tiers)
		}
	}
	for _, e := range s.entitlements() {
		if len(e.History) != 3 {
			t.Errorf("%s has %d events in its history", e.ID, len(e.History))
		}
	}
}

// Acceptance 5: what a wrong secret refused is granted once the secret is right.
func TestWhatAWrongSecretRefusedIsGrantedOnceItIsRight(t *testing.T) {
	t.Parallel()
	s := newShop(t, rigOptions{ghost: connected()})
	const real = "polar_whs_the-real-one"
	if status := s.pay(payment.Polar, real, s.bought("sub-1", payer, "prod_gold")); status != http.StatusUnauthorized {
		t.Fatalf("answered %d", status)
	}
	size, err := s.Store.QuarantineSize(t.Context(), s.site.name, payment.Polar)
	if err != nil || size.Deliveries != 1 {
		t.Fatalf("quarantined %+v, %v", size, err)
	}
	s.reload(sells("SITE1_POLAR_SECRET=" + real)...)
	s.comes("granted", s.has(payer, "comped", "Gold"), s.state("polar:sub-1", payment.StateGranted))
	s.eventually("the quarantine is empty", long, func() string {
		if size, err := s.Store.QuarantineSize(t.Context(), s.site.name, payment.Polar); err != nil || size.Deliveries != 0 {
			return "it is not"
		}
		return ""
	})
}

// Acceptance 6: a purchase of a product without a tier is kept and shown, and granted
// once the product has one.
func TestAnUnmappedPurchaseIsShownAndGrantedOnceItsProductHasATier(t *testing.T) {
	t.Parallel()
	s := newShop(t, rigOptions{ghost: connected()})
	s.takes(s.bought("sub-1", payer, "prod_new"))
	s.comes("shown", s.state("polar:sub-1", payment.StateUnmapped))
	if _, found := s.member(payer); found {
		t.Error("an unmapped purchase made a member")
	}
	sums, err := s.Store.UnmappedSums(t.Context(), s.site.name)
	if err != nil || len(sums) != 1 || sums[0].Product != "prod_new" || sums[0].Paid["USD"] != 1000 {
		t.Errorf("sums %+v, %v", sums, err)
	}
	if dead := s.dead(); len(dead) > 0 {
		t.Errorf("it is a dead letter: %+v", dead)
	}
	s.reload(sells("SITE1_TIERS=prod_new=gold")...)
	s.comes("granted", s.has(payer, "comped", "Gold"), s.state("polar:sub-1", payment.StateGranted))
}

// Acceptance 7: a member who pays by Stripe in Ghost is left alone.
func TestAMemberWhoPaysInGhostIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newShop(t, rigOptions{ghost: connected()})
	m, err := s.site.AddMember(ghosttest.Member{Email: payer, Name: "Jo"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.site.Subscribe(m.ID, "Silver"); err != nil {
		t.Fatal(err)
	}
	before, _ := s.member(payer)
	s.takes(s.bought("sub-1", payer, "prod_gold"))
	s.comes("covered", s.state("polar:sub-1", payment.StateNative), s.has(payer, "paid", "Silver"))
	after, _ := s.member(payer)
	if len(after.Subscriptions) != len(before.Subscriptions) || !after.Tiers[0].ExpiresAt.IsZero() {
		t.Errorf("the payer was %+v and is %+v", before, after)
	}
	if n := s.site.Requests()["PUT /members/:id/"]; n > 0 {
		t.Errorf("the payer was written %d times", n)
	}
	if err := s.site.CancelSubscription(m.ID); err != nil {
		t.Fatal(err)
	}
	s.site.Flush()
	s.comes("the purchase counts as soon as the other is over", s.has(payer, "comped", "Gold"))
}

// Acceptance 8: a comp given by hand survives the end of a purchase.
func TestACompGivenByHandSurvivesTheEndOfAPurchase(t *testing.T) {
	t.Parallel()
	s := newShop(t, rigOptions{ghost: connected()})
	if _, err := s.site.AddMember(ghosttest.Member{Email: payer, Status: "comped", Tiers: []ghosttest.Grant{{Tier: "Gold"}}}); err != nil {
		t.Fatal(err)
	}
	s.takes(s.bought("sub-1", payer, "prod_silver"))
	s.comes("manual", s.state("polar:sub-1", payment.StateManual), s.has(payer, "comped", "Gold"))
	s.takes(s.polar(sub{id: "sub-1", email: payer, product: "prod_silver", what: "revoked", status: "canceled", after: time.Minute}))
	s.comes("revoked", s.state("polar:sub-1", payment.StateRevoked))
	s.settles()
	if problem := s.has(payer, "comped", "Gold")(); problem != "" {
		t.Error(problem)
	}
	if m, _ := s.member(payer); !m.Tiers[0].ExpiresAt.IsZero() {
		t.Errorf("the comp by hand ends at %v", m.Tiers[0].ExpiresAt)
	}
}

// Acceptance 9: of two products one is refunded; the other stays.
func TestOfTwoPurchasesTheOtherStays(t *testing.T) {
	t.Parallel()
	s := newShop(t, rigOptions{ghost: connected()})
	s.takes(s.bought("sub-gold", payer, "prod_gold"))
	s.takes(s.bought("sub-silver", payer, "prod_silver"))
	s.comes("the higher", s.has(payer, "comped", "Gold"), s.state("polar:sub-silver", payment.StateGranted), s.state("polar:sub-gold", payment.StateGranted))
	s.takes(s.refunded("order-gold", "sub-gold", payer, "prod_gold"))
	s.comes("the lower", s.has(payer, "comped", "Silver"), s.state("polar:sub-gold", payment.StateRevoked), s.state("polar:sub-silver", payment.StateGranted))
}

// Acceptance 10, as far as it shows from outside: each row of the truth table is a
// test of package entitlement.
func TestAGhostWithoutStripeGivesToNewMembersAndSaysWhatItCannot(t *testing.T) {
	t.Parallel()
	s := newShop(t, rigOptions{ghost: ghosttest.Options{MariaDB: true}})
	if _, err := s.site.AddMember(ghosttest.Member{Email: "free@example.org"}); err != nil {
		t.Fatal(err)
	}
	s.takes(s.bought("sub-new", payer, "prod_gold"))
	s.comes("a new member", s.has(payer, "comped", "Gold"), s.state("polar:sub-new", payment.StateGranted))
	s.takes(s.bought("sub-free", "free@example.org", "prod_gold"))
	s.comes("a member who was free", s.state("polar:sub-free", payment.StateNeedsAttention), s.has("free@example.org", "free", ""))
	s.takes(s.polar(sub{id: "sub-new", email: payer, product: "prod_gold", what: "revoked", status: "canceled", after: time.Minute}))
	s.comes("revoked", s.state("polar:sub-new", payment.StateRevoked))
	s.eventually("the tier has ended", long, func() string {
		if m, _ := s.member(payer); len(m.Tiers) != 1 || m.Tiers[0].ExpiresAt.IsZero() || m.Tiers[0].ExpiresAt.After(time.Now()) {
			return "it has not"
		}
		return ""
	})
	s.site.NightlyJob()
	if problem := s.has(payer, "free", "")(); problem != "" {
		t.Error(problem)
	}
}

// Acceptance 11: both secrets are good while one takes the other's place.
func TestBothSecretsAreGoodWhileTheyChange(t *testing.T) {
	t.Parallel()
	s := newShop(t, rigOptions{ghost: connected(), env: []string{"SITE1_POLAR_SECRET=polar_whs_new," + polarSecret}})
	for i, secret := range []string{polarSecret, "polar_whs_new"} {
		email := string(rune('a'+i)) + "@example.org"
		if status := s.pay(payment.Polar, secret, s.bought("sub-"+email, email, "prod_gold")); status != http.StatusOK {
			t.Errorf("secret %d was answered %d", i, status)
		}
		s.comes("granted", s.has(email, "comped", "Gold"))
	}
}
