package entitlement_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// While a slow Ghost takes every turn, jobs that wait for theirs would be called lost
// each minute, and as many pushed again.
func TestAJobThatWaitsForItsTurnIsNotCalledLost(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	d.sells(payment.Polar, d.polarSub("s1", jo))
	delivery := d.intake(payment.Polar, d.polarSub("s2", jo))
	d.loses()
	d.Occupy()
	d.pass(50 * time.Second)
	for kind, key := range map[string]string{entitlement.KindAccess: "polar:s1", entitlement.KindPayment: delivery} {
		for _, k := range d.Kinds() {
			if k.Name != kind {
				continue
			}
			if _, snoozed := jobs.SnoozedFor(k.Handle(t.Context(), jobs.Job{ID: "job", Kind: kind, Site: "blog", Key: key, Attempt: 1}), d.clock()); !snoozed {
				t.Fatalf("%s did not wait", kind)
			}
		}
	}
	d.pass(30 * time.Second) // 80 s since they came, 30 since they were seen
	if err := d.SweepDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.SweepLost(t.Context()); err != nil || d.depth() != 0 {
		t.Errorf("%d more jobs for what waits, %v", d.depth(), err)
	}
	d.pass(time.Minute)
	if err := d.SweepDue(t.Context()); err != nil || d.depth() != 1 {
		t.Fatalf("%d jobs for access whose job was lost, %v", d.depth(), err)
	}
	d.loses()
	if err := d.SweepLost(t.Context()); err != nil || d.depth() != 1 {
		t.Errorf("%d jobs for a delivery whose job was lost, %v", d.depth(), err)
	}
}

func TestATimerOfWhatIsNoMoreRingsOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	if err := d.store.SetDue(t.Context(), "blog", "polar:gone", d.clock()); err != nil {
		t.Fatal(err)
	}
	if err := d.SweepDue(t.Context()); err != nil || d.depth() != 1 {
		t.Fatalf("%d jobs, %v", d.depth(), err)
	}
	d.loses()
	if err := d.attempt(jobs.Job{ID: "job", Kind: entitlement.KindAccess, Site: "blog", Key: "polar:gone", Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	d.pass(time.Hour)
	if err := d.SweepDue(t.Context()); err != nil || d.depth() != 0 {
		t.Errorf("it rings again: %d jobs, %v", d.depth(), err)
	}
}

// A purchase that ended by a length which was configured too short lives again.
func TestALongerLengthBringsBackWhatItGives(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	e := d.settle(d.sub("o1", "prod_month", jo, payment.ActionGrant, func(e *payment.Event) {
		e.Subject, e.Renews, e.Snapshot, e.Period, e.PeriodEnd = payment.Subject{Kind: payment.Order, ID: "o1"}, false, false, 0, time.Time{}
	}))
	d.wants(e, payment.StateEndsAt)
	if err := d.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.pass(40 * day)
	d.wants(d.again(e.ID), payment.StateRevoked)
	for i, p := range d.Sites[0].Mapping.Products {
		if p.ID == "prod_month" {
			d.Sites[0].Mapping.Products[i].Length = 365 * day
		}
	}
	d.loses()
	if err := d.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.SweepDue(t.Context()); err != nil || d.depth() != 1 {
		t.Fatalf("%d jobs, %v", d.depth(), err)
	}
	d.wants(d.again(e.ID), payment.StateEndsAt)
}

// Applying settings may have to ask a provider about each delivery in the quarantine,
// which anybody can fill.
func TestTimersRingWhileAProviderHangs(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	d.Sites[0].Proofs = map[string][]string{payment.PayPalIPN: {"shop@example.org"}}
	hangs := store.PaymentDelivery{
		ID: store.PaymentDeliveryID(payment.PayPalIPN, "a=b"), Site: "blog", Provider: payment.PayPalIPN, Body: []byte("a=b"), ReceivedAt: d.clock(),
	}
	if _, err := d.store.Quarantine(t.Context(), hangs, string(payment.ReasonMismatch)); err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{})
	d.Prove = func(ctx context.Context, _ store.PaymentDelivery, _ []string) error {
		close(asked)
		<-ctx.Done()
		return ctx.Err()
	}
	d.sells(payment.Polar, d.polarSub("s1", jo))
	d.loses()
	ctx, cancel := context.WithCancel(t.Context())
	var sweep sync.WaitGroup
	defer sweep.Wait()
	defer cancel()
	sweep.Go(func() { d.Sweep(ctx) })
	<-asked
	d.pass(2 * time.Minute)
	for deadline := time.Now().Add(time.Minute); d.depth() != 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d jobs", d.depth())
		}
	}
}
