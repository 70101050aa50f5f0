package program_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// Acceptance 1 of facts/payments.md: kill -9 after the 200, before any worker has
// seen the purchase, and in the middle of the write to Ghost.
func TestAPurchaseOutlivesTheKillingOfWhoAcknowledgedIt(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the leases of killed workers have to end")
	}
	o := rigOptions{ghost: connected(), noProgram: true}
	s := newShop(t, o)
	m := newMachine(s.rig, rigOptions{env: s.env})

	serving := m.run("serve")
	s.takes(s.bought("sub-1", payer, "prod_gold"))
	serving.kill()

	s.site.SetDelay(500 * time.Millisecond)
	working := m.run("serve", "--worker")
	s.eventually("Ghost is asked to make the member", long, func() string {
		if s.site.Requests()["POST /members/"] == 0 {
			return "not yet"
		}
		return ""
	})
	working.kill()
	s.site.SetDelay(0)

	m.run("serve", "--worker")
	s.eventually("granted", 3*long, s.has(payer, "comped", "Gold"))
	s.eventually("known to be", 3*long, s.state("polar:sub-1", payment.StateGranted))
	if n := len(s.site.Members()); n != 1 {
		t.Errorf("there are %d members", n)
	}
	if all := s.entitlements(); len(all) != 1 || len(all[0].History) != 1 {
		t.Errorf("the ledger has %d entitlements", len(all))
	}
	m.discreet(t, payer, polarSecret, stripeSecret, "Jo Payer")
}

// Acceptance 2, on the real clock: the jobs die while Ghost is down, and rise by
// themselves once it is back. Hours of it are a test of package entitlement.
func TestPurchasesOfAnOutageAreGrantedOnceGhostIsBack(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("dead letters rest for a minute")
	}
	s := newShop(t, rigOptions{ghost: connected()})
	s.site.SetDown(true)
	for i := range 2 { // of three, the tenth failure in a row would keep them from dying
		email := fmt.Sprintf("outage.%d@example.org", i)
		s.takes(s.bought("sub-"+email, email, "prod_gold"))
	}
	s.eventually("the jobs die", 2*long, func() string {
		if n := len(s.dead()); n == 0 {
			return "none has"
		}
		return ""
	})
	s.site.SetDown(false)
	for i := range 2 {
		s.eventually("granted", 4*long, s.has(fmt.Sprintf("outage.%d@example.org", i), "comped", "Gold"))
	}
	s.eventually("no dead letter is left", long, func() string {
		if n := len(s.dead()); n > 0 {
			return fmt.Sprintf("%d are", n)
		}
		return ""
	})
}

// A purchase whose provider alone can verify it is taken at once, and granted when
// PayPal has confirmed it.
func TestAnIPNIsTakenAtOnceAndGrantedOncePayPalConfirmsIt(t *testing.T) {
	t.Parallel()
	answer := make(chan string, 10)
	paypal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, <-answer) }))
	t.Cleanup(paypal.Close)
	s := newShop(t, rigOptions{ghost: connected(), providers: map[string]string{payment.PayPalIPN: paypal.URL},
		env: []string{"SITE1_PAYPAL_IPN_RECEIVER=shop@example.org", "SITE1_TIERS=item-1=gold"}})
	ipn := func(txn string) []byte {
		return []byte("txn_type=web_accept&payment_status=Completed&txn_id=" + txn + "&receiver_email=shop%40example.org&item_number=item-1" +
			"&mc_gross=10.00&mc_currency=USD&payer_email=" + txn + "%40example.org&payment_date=02%3A00%3A00+Nov+20%2C+2026+PST")
	}
	for _, txn := range []string{"genuine", "forged"} {
		resp, err := http.Post(s.url+"/webhook/payment/"+s.site.name+"/paypal-ipn", "application/x-www-form-urlencoded", bytes.NewReader(ipn(txn)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("answered %d", resp.StatusCode)
		}
		if txn == "genuine" {
			answer <- "" // no answer: asked again
			answer <- "VERIFIED"
			s.comes("granted", s.has("genuine@example.org", "comped", "Gold"))
		} else {
			answer <- "INVALID"
		}
	}
	s.eventually("the forged one is quarantined", long, func() string {
		size, err := s.Store.QuarantineSize(t.Context(), s.site.name, payment.PayPalIPN)
		if err != nil || size.Deliveries != 1 {
			return fmt.Sprintf("%+v, %v", size, err)
		}
		return ""
	})
	if _, found := s.member("forged@example.org"); found {
		t.Error("a forged message made a member")
	}
}
