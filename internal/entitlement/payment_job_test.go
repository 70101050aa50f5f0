package entitlement_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
	"github.com/ghostcm/ghostcm/internal/store"
)

// intake takes a body in as the door does, and returns the delivery's id.
func (d *desk) intake(provider, body string, change ...func(*store.PaymentDelivery)) string {
	d.t.Helper()
	delivery := store.PaymentDelivery{
		ID: store.PaymentDeliveryID(provider, body), Site: "blog", Provider: provider, Body: []byte(body),
		ReceivedAt: d.clock(), Source: store.FromWebhook,
	}
	for _, c := range change {
		c(&delivery)
	}
	if _, err := (entitlement.Intake{Store: d.store, Queue: d.Queue}).Accept(d.t.Context(), delivery, ""); err != nil {
		d.t.Fatal(err)
	}
	return delivery.ID
}

// take runs the job of a delivery.
func (d *desk) take(id string, attempt int) error {
	d.t.Helper()
	kinds := d.Kinds()
	k := kinds[slices.IndexFunc(kinds, func(k jobs.Kind) bool { return k.Name == entitlement.KindPayment })]
	job := jobs.Job{ID: "job", Kind: k.Name, Site: "blog", Key: id, Attempt: attempt, LastAttempt: attempt > len(k.Schedule), ReceivedAt: d.clock()}
	err := k.Handle(d.t.Context(), job)
	if _, snoozed := jobs.SnoozedFor(err, d.clock()); err != nil && !snoozed && (job.LastAttempt || jobs.IsPermanent(err)) {
		k.Died(d.t.Context(), job, err)
	}
	return err
}

// sells brings a body into the ledger.
func (d *desk) sells(provider, body string) {
	d.t.Helper()
	if err := d.take(d.intake(provider, body), 1); err != nil {
		d.t.Fatal(err)
	}
}

// polarSub is what Polar says of a subscription that is paid for 30 days.
func (d *desk) polarSub(id, email string) string {
	at := d.clock().Format(time.RFC3339)
	return fmt.Sprintf(`{"type":"subscription.active","timestamp":%q,"data":{"id":%q,"status":"active","product_id":"prod_gold",`+
		`"current_period_start":%q,"current_period_end":%q,"customer":{"id":"c","email":%q}}}`,
		at, id, at, d.clock().Add(30*day).Format(time.RFC3339), email)
}

func (d *desk) depth() int {
	d.t.Helper()
	s, err := d.Queue.Stats(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return s.Depth
}

func TestARefundThatComesBeforeItsPurchaseWaitsForIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	charge := func(kind, id string, refunded bool) string {
		return fmt.Sprintf(`{"id":%q,"object":"event","type":%q,"created":%d,"livemode":true,"data":{"object":{"id":"ch_1","object":"charge",`+
			`"payment_intent":"pi_1","amount":1000,"amount_refunded":1000,"currency":"usd","refunded":%t,"customer":"cus_1"}}}`,
			id, kind, d.clock().Unix(), refunded)
	}
	d.sells(payment.Stripe, charge("charge.refunded", "evt_2", true))
	d.sells(payment.Stripe, fmt.Sprintf(`{"id":"evt_1","object":"event","type":"checkout.session.completed","created":%d,"livemode":true,`+
		`"data":{"object":{"id":"cs_1","object":"checkout.session","mode":"payment","payment_status":"paid","payment_intent":"pi_1",`+
		`"amount_total":1000,"currency":"usd","payment_link":"prod_gold","customer_details":{"email":"jo@example.com"}}}}`, d.clock().Add(-time.Hour).Unix()))
	var all []payment.Entitlement
	for e, err := range d.store.Entitlements(t.Context(), store.EntitlementFilter{Site: "blog"}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if len(all) != 1 || len(all[0].History) != 2 {
		t.Fatalf("the ledger has %+v", all)
	}
	d.wants(d.again(all[0].ID), payment.StateRevoked)
	d.wantsMember(jo, "nobody")
}

func TestAPurchaseWithoutAnAddressGetsItOnceTheCustomerIsKnown(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	at := d.clock().Format(time.RFC3339)
	sub := fmt.Sprintf(`{"event_id":"evt_1","event_type":"subscription.activated","occurred_at":%q,"data":{"id":"sub_1","status":"active",`+
		`"customer_id":"ctm_1","currency_code":"USD","items":[{"price":{"id":"pri_1","product_id":"prod_gold"},"quantity":1}],`+
		`"current_billing_period":{"starts_at":%q,"ends_at":%q}}}`, at, at, d.clock().Add(30*day).Format(time.RFC3339))
	customer := fmt.Sprintf(`{"event_id":"evt_2","event_type":"customer.created","occurred_at":%q,"data":{"id":"ctm_1","email":"jo@example.com","name":"Jo"}}`, at)
	d.sells(payment.Paddle, sub)
	d.wants(d.again("paddle:sub_1"), payment.StateNeedsAttention)
	d.sells(payment.Paddle, customer)
	d.wants(d.again("paddle:sub_1"), payment.StateGranted)
	d.wantsMember(jo, "comped Gold until 2026-12-29")
}

func TestAGenuineBodyThatCannotBeReadIsADeadLetterThatKeepsIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	id := d.intake(payment.Stripe, "this is no event")
	err := d.take(id, 1)
	if !jobs.IsPermanent(err) || jobs.CodeOf(err) != "payment:unreadable" {
		t.Fatalf("it ended with %v", err)
	}
	if kept, found, err := d.store.Delivery(t.Context(), "blog", id); !found || err != nil || string(kept.Body) != "this is no event" {
		t.Errorf("its body: %q, %t, %v", kept.Body, found, err)
	}
	if n, err := d.store.WaitingDeliveries(t.Context()); n != 0 || err != nil {
		t.Errorf("%d wait, %v: the sweeper would try it again and again", n, err)
	}
}

func TestWhatItsProviderDoesNotKnowIsQuarantined(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	answer := error(&provider.Error{Provider: payment.Polar, Op: "sale", Status: 503})
	d.Sites[0].Proofs = map[string][]string{payment.Polar: {"secret"}}
	d.Prove = func(context.Context, store.PaymentDelivery, []string) error { return answer }
	id := d.intake(payment.Polar, d.polarSub("s1", jo), func(p *store.PaymentDelivery) { p.Unproven = true })
	if err := d.take(id, 1); err == nil || jobs.IsPermanent(err) || jobs.CodeOf(err) != "polar:503" {
		t.Fatalf("a provider that does not answer: %v", err)
	}
	d.loses()
	d.pass(80 * time.Second) // its next attempt is due within 37.5 s, and counts as lost a minute later
	if err := d.SweepLost(t.Context()); err != nil || d.depth() != 0 {
		t.Errorf("a delivery that waits for its next attempt was called lost: %d jobs, %v", d.depth(), err)
	}
	d.pass(20 * time.Second)
	if err := d.SweepLost(t.Context()); err != nil || d.depth() != 1 {
		t.Errorf("a delivery whose next attempt was lost: %d jobs, %v", d.depth(), err)
	}
	answer = &payment.Refused{Reason: payment.ReasonMismatch}
	if err := d.take(id, 2); err != nil {
		t.Fatal(err)
	}
	size, err := d.store.QuarantineSize(t.Context(), "blog", payment.Polar)
	if err != nil || size.Deliveries != 1 {
		t.Errorf("quarantined %+v, %v", size, err)
	}
	if _, found, err := d.store.Entitlement(t.Context(), "blog", "polar:s1"); found || err != nil {
		t.Errorf("what is not genuine is in the ledger: %t, %v", found, err)
	}
	answer = nil
	if err := d.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	if size, _ := d.store.QuarantineSize(t.Context(), "blog", payment.Polar); size.Deliveries != 0 {
		t.Errorf("it is quarantined still, and the settings have changed: %+v", size)
	}
}

// Gumroad's books may show a sale later than its ping comes.
func TestASaleThatItsProviderDoesNotShowYetIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]bool{"it shows later": true, "it never does": false} {
		d := newDesk(t, connectedGhost())
		d.Sites[0].Proofs = map[string][]string{payment.Polar: {"secret"}}
		answer := error(&provider.Error{Provider: payment.Gumroad, Op: "sale", Status: 404})
		d.Prove = func(context.Context, store.PaymentDelivery, []string) error { return answer }
		id := d.intake(payment.Polar, d.polarSub("s1", jo), func(p *store.PaymentDelivery) { p.Unproven = true })
		var err error
		for attempt := 1; attempt <= 5; attempt++ {
			if err = d.take(id, attempt); jobs.CodeOf(err) != "gumroad:404" || jobs.IsPermanent(err) {
				t.Fatalf("%s: attempt %d: %v", name, attempt, err)
			}
			if shown && attempt == 3 {
				break
			}
			d.pass(time.Hour)
		}
		if size, err := d.store.QuarantineSize(t.Context(), "blog", payment.Polar); err != nil || size.Deliveries != 0 {
			t.Errorf("%s: it is refused: %+v, %v", name, size, err)
		}
		letter := jobs.DeadLetter{Site: "blog", Kind: entitlement.KindPayment, Code: jobs.CodeOf(err), DiedAt: d.clock().Add(-day)}
		if !shown && d.MayRise(t.Context(), letter) {
			t.Error("its letter comes and goes without a person")
		}
		answer = nil // also for who replays the letter
		if err := d.take(id, 1); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		d.wants(d.again("polar:s1"), payment.StateGranted)
		d.wantsMember(jo, "comped Gold until 2026-12-29")
	}
}

func TestASandboxIsTakenForARealPurchaseOnlyWhereThatIsWanted(t *testing.T) {
	t.Parallel()
	for _, taken := range []bool{false, true} {
		d := newDesk(t, connectedGhost())
		d.Sites[0].Proofs = map[string][]string{payment.Stripe: {"secret"}}
		d.Prove = func(context.Context, store.PaymentDelivery, []string) error {
			return errors.New("its token is not kept")
		}
		d.TestEvents = taken
		d.sells(payment.Stripe, fmt.Sprintf(`{"id":"evt_1","object":"event","type":"customer.subscription.updated","created":%d,"livemode":false,`+
			`"data":{"object":{"id":"sub_1","object":"subscription","customer":"cus_1","status":"active","metadata":{"email":"jo@example.com"},`+
			`"items":{"data":[{"current_period_end":%d,"price":{"id":"prod_gold","product":"prod_gold"}}]}}}}`,
			d.clock().Unix(), d.clock().Add(30*day).Unix()))
		_, known, err := d.store.Entitlement(t.Context(), "blog", "stripe:sub_1")
		if known != taken || err != nil {
			t.Errorf("taken %t, want %t (%v)", known, taken, err)
		}
		if taken {
			continue
		}
		d.TestEvents = true
		if n, err := d.Release(t.Context(), "blog", payment.Stripe); n != 1 || err != nil {
			t.Errorf("released %d, %v", n, err)
		}
	}
}

func TestAProviderIsAskedWhoBoughtWhereNoEventTells(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	answer := error(&provider.Error{Provider: payment.Paddle, Op: "customer", Status: 503})
	d.Who = func(_ context.Context, _, _, id string) (payment.Customer, bool, error) {
		return payment.Customer{ID: id, Email: jo, Name: "Jo"}, answer == nil, answer
	}
	at := d.clock().Format(time.RFC3339)
	id := d.intake(payment.Paddle, fmt.Sprintf(`{"event_id":"evt_1","event_type":"subscription.activated","occurred_at":%q,"data":{"id":"sub_1",`+
		`"status":"active","customer_id":"ctm_1","currency_code":"USD","items":[{"price":{"id":"pri_1","product_id":"prod_gold"},"quantity":1}],`+
		`"current_billing_period":{"starts_at":%q,"ends_at":%q}}}`, at, at, d.clock().Add(30*day).Format(time.RFC3339)))
	if err := d.take(id, 1); err == nil || jobs.IsPermanent(err) {
		t.Fatalf("Paddle does not answer: %v", err)
	}
	answer = nil
	if err := d.take(id, 2); err != nil {
		t.Fatal(err)
	}
	d.wants(d.again("paddle:sub_1"), payment.StateGranted)
	d.wantsMember(jo, "comped Gold until 2026-12-29")
}
