package entitlement_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// What a job refused was accepted before: it must not pass for known when it comes
// out of the quarantine, nor when its provider sends it again.
func TestWhatAJobRefusedGivesAccessOnceItTurnsOutToBeGenuine(t *testing.T) {
	t.Parallel()
	for name, comesBack := range map[string]func(d *desk, id string){
		"by other settings": func(d *desk, _ string) {
			if err := d.ApplySettings(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"sent again": func(d *desk, _ string) {
			d.intake(payment.Polar, d.polarSub("s1", jo), func(p *store.PaymentDelivery) { p.Unproven = true })
		},
	} {
		d := newDesk(t, connectedGhost())
		d.Sites[0].Proofs = map[string][]string{payment.Polar: {"secret"}}
		answer := error(&payment.Refused{Reason: payment.ReasonMismatch})
		d.Prove = func(context.Context, store.PaymentDelivery, []string) error { return answer }
		id := d.intake(payment.Polar, d.polarSub("s1", jo), func(p *store.PaymentDelivery) { p.Unproven = true })
		if err := d.take(id, 1); err != nil {
			t.Fatal(err)
		}
		answer = nil
		d.loses()
		comesBack(d, id)
		if d.depth() != 1 {
			t.Fatalf("%s: there are %d jobs for it", name, d.depth())
		}
		if err := d.take(id, 1); err != nil {
			t.Fatal(err)
		}
		d.wants(d.again("polar:s1"), payment.StateGranted)
	}
}

// It was answered as taken, so its provider will not send it again.
func TestWhatAJobRefusesIsADeadLetterWhileTheQuarantineIsFull(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	for n := range 1000 {
		other := store.PaymentDelivery{ID: fmt.Sprint(n), Site: "blog", Provider: payment.Polar, ReceivedAt: d.clock()}
		if kept, err := d.store.Quarantine(t.Context(), other, "signature_mismatch"); !kept || err != nil {
			t.Fatalf("number %d is not quarantined: %v", n, err)
		}
	}
	d.Sites[0].Proofs = map[string][]string{payment.Polar: {"secret"}}
	answer := error(&payment.Refused{Reason: payment.ReasonMismatch})
	d.Prove = func(context.Context, store.PaymentDelivery, []string) error { return answer }
	id := d.intake(payment.Polar, d.polarSub("s1", jo), func(p *store.PaymentDelivery) { p.Unproven = true })
	if err := d.take(id, 1); !jobs.IsPermanent(err) || jobs.CodeOf(err) != "payment:quarantine_full" {
		t.Fatalf("it ended with %v", err)
	}
	answer = nil // the letter is replayed
	if err := d.take(id, 1); err != nil {
		t.Fatal(err)
	}
	d.wants(d.again("polar:s1"), payment.StateGranted)
}

// refusing is a desk whose provider says of every delivery that it is not its own.
func refusing(t *testing.T, why payment.Reason) *desk {
	t.Helper()
	d := newDesk(t, connectedGhost())
	d.Sites[0].Proofs = map[string][]string{payment.PayPalIPN: {"shop@example.org"}}
	d.Prove = func(context.Context, store.PaymentDelivery, []string) error { return &payment.Refused{Reason: why} }
	return d
}

// forges takes in a message that somebody else than PayPal made, and does its job.
func (d *desk) forges(n int, network string) (id string, err error) {
	d.t.Helper()
	id = d.intake(payment.PayPalIPN, fmt.Sprint("txn_type=web_accept&txn_id=", n), func(p *store.PaymentDelivery) {
		p.Unproven, p.Network = true, network
	})
	return id, d.take(id, 1)
}

// Each message of somebody else's is taken until PayPal was asked about it.
func TestForgedMessagesFillNeitherTheDeadLettersNorRedis(t *testing.T) {
	t.Parallel()
	d := refusing(t, payment.ReasonMismatch)
	letters := 0
	for n := range 999 {
		if kept, err := d.store.Quarantine(t.Context(), store.PaymentDelivery{
			ID: fmt.Sprint(n), Site: "blog", Provider: payment.PayPalIPN, Network: "flood", ReceivedAt: d.clock(),
		}, "signature_mismatch"); !kept || err != nil {
			t.Fatalf("number %d is not quarantined: %v", n, err)
		}
	}
	for n := range 150 {
		id, err := d.forges(n, "flood")
		if jobs.CodeOf(err) == "payment:quarantine_full" {
			letters++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if kept, _, err := d.store.Delivery(t.Context(), "blog", id); err != nil || len(kept.Body) != 0 {
			t.Fatalf("of what was refused %d bytes are kept, %v", len(kept.Body), err)
		}
		if err := d.take(id, 1); err != nil { // another job for it
			t.Fatalf("done again it ends with %v", err)
		}
	}
	if letters != 100 {
		t.Errorf("%d dead letters of 149 that found no room", letters)
	}
	if _, err := d.forges(1000, "shop"); err != nil {
		t.Errorf("another network's ends with %v", err)
	}
	kept := 0
	for p, err := range d.store.Quarantined(t.Context(), "blog", payment.PayPalIPN) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Network == "shop" {
			kept++
		}
	}
	if kept != 1 {
		t.Errorf("%d of another network are kept", kept)
	}
}

func TestWhatASimulatorMadeIsNotKept(t *testing.T) {
	t.Parallel()
	d := refusing(t, payment.ReasonSimulator)
	if _, err := d.forges(1, "paypal"); err != nil {
		t.Fatal(err)
	}
	size, err := d.store.QuarantineSize(t.Context(), "blog", payment.PayPalIPN)
	if err != nil || size != (store.QuarantineSize{}) {
		t.Errorf("%+v, %v", size, err)
	}
}

func TestOneNetworkDoesNotMakeTheOthersWait(t *testing.T) {
	t.Parallel()
	d := refusing(t, payment.ReasonMismatch)
	intake := entitlement.Intake{Store: d.store, Queue: d.Queue}
	send := func(n int, network string) error {
		_, err := intake.Accept(t.Context(), store.PaymentDelivery{
			ID: fmt.Sprint(network, n), Site: "blog", Provider: payment.PayPalIPN, Unproven: true, Network: network, ReceivedAt: d.clock(),
		}, "")
		return err
	}
	for n := range 1000 {
		if err := send(n, "flood"); err != nil {
			t.Fatalf("number %d: %v", n, err)
		}
	}
	if send(1000, "flood") == nil {
		t.Error("so much nobody sells in an hour")
	}
	if err := send(1, "shop"); err != nil {
		t.Errorf("another network has to wait: %v", err)
	}
}

// While a secret is changed, a process that has the former one goes on refusing.
func TestWhatAProcessWithTheFormerSecretRefusesIsTakenWithinAnHour(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	d.Sites[0].Proofs = map[string][]string{payment.Polar: {"secret"}, payment.PayPalIPN: {"shop@example.org"}}
	asked, forged := map[string]int{}, func(name string) store.PaymentDelivery {
		return store.PaymentDelivery{ID: name, Site: "blog", Provider: payment.PayPalIPN, Body: []byte(name), ReceivedAt: d.clock()}
	}
	d.Prove = func(_ context.Context, p store.PaymentDelivery, _ []string) error {
		if asked[p.Provider]++; p.Provider == payment.PayPalIPN {
			return &payment.Refused{Reason: payment.ReasonMismatch}
		}
		return nil
	}
	look := func(jobs int) {
		t.Helper()
		if err := d.Review(t.Context()); err != nil || d.depth() != jobs {
			t.Fatalf("there are %d jobs, want %d; %v", d.depth(), jobs, err)
		}
	}
	if err := d.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.pass(10 * time.Minute)
	body := d.polarSub("s1", jo)
	deliveries := []store.PaymentDelivery{{
		ID: store.PaymentDeliveryID(payment.Polar, body), Site: "blog", Provider: payment.Polar, Body: []byte(body), ReceivedAt: d.clock(),
	}}
	for n := range 100 {
		deliveries = append(deliveries, forged(fmt.Sprint(n)))
	}
	for _, p := range deliveries {
		if kept, err := d.store.Quarantine(t.Context(), p, "signature_mismatch"); !kept || err != nil {
			t.Fatalf("not quarantined: %v", err)
		}
	}
	look(0) // it was done ten minutes ago
	d.pass(50 * time.Minute)
	look(1)
	if n := asked[payment.PayPalIPN]; n == 0 || n > 20 {
		t.Errorf("PayPal was asked %d times", n)
	}
	before := asked[payment.PayPalIPN]
	d.pass(time.Hour)
	look(1)
	if again := asked[payment.PayPalIPN] - before; again != 0 {
		t.Errorf("PayPal was asked %d times again", again)
	}
	if err := d.take(deliveries[0].ID, 1); err != nil {
		t.Fatal(err)
	}
	d.wants(d.again("polar:s1"), payment.StateGranted)
}

func TestASandboxsUnprovenEventIsTakenOnceThoseAreWanted(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	d.Sites[0].Proofs = map[string][]string{payment.Stripe: {"secret"}}
	d.Prove = func(context.Context, store.PaymentDelivery, []string) error { return nil }
	id := d.intake(payment.Stripe, fmt.Sprintf(`{"id":"evt_1","object":"event","type":"customer.subscription.updated","created":%d,"livemode":false,`+
		`"data":{"object":{"id":"sub_1","object":"subscription","customer":"cus_1","status":"active","metadata":{"ghost_email":"jo@example.com"},`+
		`"items":{"data":[{"current_period_end":%d,"price":{"id":"prod_gold","product":"prod_gold"}}]}}}}`,
		d.clock().Unix(), d.clock().Add(30*day).Unix()), func(p *store.PaymentDelivery) { p.Unproven = true })
	if err := d.take(id, 1); err != nil {
		t.Fatal(err)
	}
	d.TestEvents = true
	if n, err := d.Release(t.Context(), "blog", payment.Stripe); n != 1 || err != nil {
		t.Fatalf("released %d, %v", n, err)
	}
	if err := d.take(id, 1); err != nil {
		t.Fatal(err)
	}
	d.wants(d.again("stripe:sub_1"), payment.StateGranted)
}

// A payment of a cent for a button that somebody made up gives nothing, and is shown.
func TestAPaymentBelowThePriceIsForAPersonToLookAt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	products := d.Sites[0].Mapping.Products
	for i := range products {
		products[i].Price = payment.Amount{Minor: 999, Currency: "EUR"}
	}
	d.sells(payment.PayPalIPN, "txn_type=web_accept&payment_status=Completed&txn_id=1&item_number=prod_gold&payer_email=jo%40example.com&mc_gross=0.01&mc_currency=EUR")
	e := d.again("paypal-ipn:1")
	d.wants(e, payment.StateNeedsAttention)
	if e.Outcome.Remedy == "" || e.Outcome.MemberID != "" {
		t.Errorf("%+v", e.Outcome)
	}
	d.sells(payment.PayPalIPN, "txn_type=web_accept&payment_status=Completed&txn_id=2&item_number=prod_gold&payer_email=jo%40example.com&mc_gross=9.99&mc_currency=EUR")
	d.wants(d.again("paypal-ipn:2"), payment.StateGranted)
}
