package entitlement_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
)

func connectedGhost() ghosttest.Options { return ghosttest.Options{Stripe: true, MariaDB: true} }

// loses every job that waits.
func (d *desk) loses() {
	d.t.Helper()
	options, err := redis.ParseURL(d.redisURL)
	if err != nil {
		d.t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	if err := client.Del(d.t.Context(), "{ghostcm}:jobs:job").Err(); err != nil {
		d.t.Fatal(err)
	}
}

func TestADeliveryWhoseJobWasLostGetsAnother(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	d.intake(payment.Polar, d.polarSub("s1", jo))
	d.loses()
	if err := d.SweepLost(t.Context()); err != nil || d.depth() != 0 {
		t.Fatalf("%d jobs at once, %v", d.depth(), err)
	}
	d.pass(2 * time.Minute)
	for range 2 { // the second time it is another's to look
		if err := d.SweepLost(t.Context()); err != nil || d.depth() != 1 {
			t.Fatalf("%d jobs, %v", d.depth(), err)
		}
	}
	d.loses()
	d.pass(2 * time.Minute)
	if err := d.SweepLost(t.Context()); err != nil || d.depth() != 1 {
		t.Errorf("a job that was lost again: %d jobs, %v", d.depth(), err)
	}
}

func TestAccessWhoseJobWasLostIsLookedAtAllTheSame(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	d.sells(payment.Polar, d.polarSub("s1", jo))
	d.loses()
	d.pass(2 * time.Minute)
	if err := d.SweepDue(t.Context()); err != nil || d.depth() != 1 {
		t.Errorf("%d jobs, %v", d.depth(), err)
	}
}

// A subscription that was cancelled ends on time, though no event comes.
func TestAnEndIsKeptByTheClock(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionKeepUntil, func(e *payment.Event) { e.PeriodEnd = d.clock().Add(20 * day) }))
	d.wantsMember(jo, "comped Gold until 2026-12-12")
	for d.clock().Before(e.Outcome.EndsAt.Add(-day)) {
		d.pass(12 * time.Hour)
		if err := d.SweepDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.loses()
		d.again(e.ID)
	}
	d.wantsMember(jo, "comped Gold until 2026-12-12")
	d.pass(e.Outcome.EndsAt.Sub(d.clock()))
	if err := d.SweepDue(t.Context()); err != nil || d.depth() != 1 {
		t.Fatalf("%d jobs at the end, %v", d.depth(), err)
	}
	d.wants(d.again(e.ID), payment.StateRevoked)
	d.wantsMember(jo, "free")
}

// Acceptance 2 of facts/payments.md on a clock of its own: Ghost is down for three
// hours, longer than all attempts together.
func TestAnOutageOfHoursEndsInAGrant(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	d.sells(payment.Polar, d.polarSub("s1", jo))
	d.loses()
	d.ghost.SetDown(true)
	died := false
	for begun, attempt := d.clock(), 1; d.clock().Sub(begun) < 3*time.Hour; {
		job := jobs.Job{ID: "job", Kind: entitlement.KindAccess, Site: "blog", Key: "polar:s1", Attempt: attempt, LastAttempt: attempt > 4, ReceivedAt: begun}
		err := d.attempt(job)
		if err == nil {
			t.Fatal("it was done without Ghost")
		}
		wait, snoozed := jobs.SnoozedFor(err, d.clock())
		switch {
		case snoozed:
		case job.LastAttempt:
			d.kind().Died(t.Context(), job, err)
			if died = true; !entitlement.Passes(jobs.CodeOf(err)) {
				t.Fatalf("what it died of does not pass: %v", err)
			}
			attempt, wait = 1, time.Minute // it rises as soon as Ghost seems well
		default:
			wait, attempt = d.Retries[attempt-1], attempt+1
		}
		d.pass(wait)
		if err := d.SweepDue(t.Context()); err != nil || d.depth() != 0 {
			t.Fatalf("after %v, %d jobs beside the one that waits: %v", d.clock().Sub(begun), d.depth(), err)
		}
	}
	if !died {
		t.Error("no job died in three hours")
	}
	d.wants(d.read("polar:s1"), payment.StateFailed)
	d.ghost.SetDown(false)
	d.pass(time.Minute)
	d.wants(d.again("polar:s1"), payment.StateGranted)
	d.wantsMember(jo, "comped Gold until 2026-12-29")
}

func TestOnlyWhatPassesByItselfRisesByItself(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"ghost:0": true, "ghost:500": true, "ghost:503": true, "ghost:429": true, "ghost:401": true, "ghost:readback": true,
		"timeout": true, "": true, "paypal:0": true, "paypal-ipn:503": true, "config:unknown_site": true, "config:unknown_provider": true,
		"ghost:422": false, "ghost:400": false, "payment:unreadable": false, "payment:gone": false, "payment:orphans": false, "polar:422": false,
	} {
		if got := entitlement.Passes(code); got != want {
			t.Errorf("%q passes: %t, want %t", code, got, want)
		}
	}
}

// Another mapping is applied once, and to what is not over.
func TestAnotherMappingIsAppliedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, connectedGhost())
	if err := d.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := d.settle(d.sub("s1", "prod_new", jo, payment.ActionGrant))
	d.wants(e, payment.StateUnmapped)
	d.Sites[0].Mapping.Products = append(d.Sites[0].Mapping.Products, payment.Product{ID: "prod_new", Tier: "gold"})
	for n := range 2 {
		if err := d.ApplySettings(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := d.SweepDue(t.Context()); err != nil || d.depth() != 1 {
			t.Fatalf("time %d: %d jobs, %v", n, d.depth(), err)
		}
	}
	d.wants(d.again(e.ID), payment.StateGranted)
	d.wantsMember(jo, "comped Gold until 2026-12-29")
}
