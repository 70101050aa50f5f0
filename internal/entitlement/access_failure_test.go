package entitlement_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
)

// TestAWriteOfWhichNoAnswerCameIsKnown breaks the connection at each of the
// requests of a grant, before it reaches Ghost and after.
func TestAWriteOfWhichNoAnswerCameIsKnown(t *testing.T) {
	t.Parallel()
	for name, who := range map[string]bool{"a new member": true, "a member": false} {
		for _, fault := range []ghosttest.Fault{{}, {CutAfter: 1}, {Status: http.StatusBadGateway, Body: "<html>"}} {
			for n := range 8 {
				d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
				if !who {
					d.add(ghosttest.Member{Email: jo})
				}
				id := d.tell(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
				d.fails(n, fault)
				if err := d.do(id); err != nil {
					if jobs.IsPermanent(err) || !strings.HasPrefix(jobs.CodeOf(err), "ghost:") {
						t.Errorf("%s, request %d: %v is for good, or of %q", name, n, err, jobs.CodeOf(err))
					}
					d.wants(d.again(id), payment.StateGranted)
				}
				d.ghost.Heal()
				d.wantsMember(jo, "comped Gold until 2026-12-29")
				if len(d.ghost.Members()) != 1 {
					t.Errorf("%s, request %d: %d members", name, n, len(d.ghost.Members()))
				}
				d.pass(time.Hour)
				d.settle(d.sub("s1", "prod_gold", jo, payment.ActionRefund))
				d.wantsMember(jo, "free") // it was known as ours
			}
		}
	}
}

func TestATakingOfWhichNoAnswerCameIsDoneAgain(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, stripe bool) {
		for _, fault := range []ghosttest.Fault{{}, {CutAfter: 1}} {
			for n := range 6 {
				d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: true})
				id := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant)).ID
				d.pass(time.Hour)
				d.tell(d.sub("s1", "prod_gold", jo, payment.ActionRefund))
				d.fails(n, fault)
				if err := d.do(id); err != nil {
					d.again(id)
				}
				d.ghost.Heal()
				d.ghost.NightlyJob()
				d.wantsMember(jo, "free")
				d.wants(d.again(id), payment.StateRevoked)
			}
		}
	})
}

func TestA200ThatDidNothingIsNoGrant(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
	d.add(ghosttest.Member{Email: jo})
	id := d.tell(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	d.ghost.SetDeaf(true)
	err := d.do(id)
	if jobs.CodeOf(err) != "ghost:readback" || jobs.IsPermanent(err) || !strings.Contains(err.Error(), "free") {
		t.Errorf("%v, code %q", err, jobs.CodeOf(err))
	}
	d.ghost.SetDeaf(false)
	d.wants(d.again(id), payment.StateGranted)
	d.pass(time.Hour)
	d.tell(d.sub("s1", "prod_gold", jo, payment.ActionRefund))
	d.ghost.SetDeaf(true)
	if err := d.do(id); jobs.CodeOf(err) != "ghost:readback" {
		t.Errorf("taken: %v", err)
	}
	d.ghost.SetDeaf(false)
	d.wants(d.again(id), payment.StateRevoked)
	d.wantsMember(jo, "free")
}

func TestAWriteThatGhostDoesNotMakeRisesAFewTimesADay(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	for rested, want := range map[time.Duration]bool{2 * time.Minute: false, 5 * time.Hour: false, 7 * time.Hour: true} {
		letter := jobs.DeadLetter{Site: "blog", Kind: entitlement.KindAccess, Code: "ghost:readback", DiedAt: d.clock().Add(-rested)}
		if got := d.MayRise(t.Context(), letter); got != want {
			t.Errorf("after %v: %t, want %t", rested, got, want)
		}
		letter.Code = "ghost:503"
		if !d.MayRise(t.Context(), letter) {
			t.Errorf("Ghost is back, and what died of its absence does not rise after %v", rested)
		}
	}
}

// What Ghost says of itself is believed for a minute, but not by who tries again.
func TestWhoTriesAgainSeesThatStripeIsConnected(t *testing.T) {
	t.Parallel()
	for name, job := range map[string]jobs.Job{
		"a retry": {Attempt: 2}, "an operator": {Attempt: 1, Event: "operator"}, "any other": {Attempt: 1},
	} {
		d := newDesk(t, ghosttest.Options{MariaDB: true})
		d.add(ghosttest.Member{Email: jo})
		e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
		d.wants(e, payment.StateNeedsAttention)
		if strings.Contains(e.Outcome.Remedy, "or delete") {
			t.Errorf("the remedy loses a reader: %s", e.Outcome.Remedy)
		}
		d.ghost.SetStripe(true)
		job.Site, job.Key = "blog", e.ID
		if err := d.attempt(job); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := payment.StateGranted
		if name == "any other" {
			want = payment.StateNeedsAttention
		}
		d.wants(d.read(e.ID), want)
	}
}

// TestStripeThatGoesAwayLeavesNobodyCompedForEver disconnects Stripe while it is
// still believed to be there.
func TestStripeThatGoesAwayLeavesNobodyCompedForEver(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
	id := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant)).ID
	d.ghost.SetStripe(false)
	d.pass(time.Second)
	d.settle(d.sub("s1", "prod_gold", jo, payment.ActionRefund))
	d.wantsMember(jo, "comped Gold until 2026-11-21")
	d.ghost.NightlyJob()
	d.wantsMember(jo, "free")
	d.pass(day)
	d.wants(d.again(id), payment.StateRevoked)
}

func TestFailuresSayWhenToTryAgain(t *testing.T) {
	t.Parallel()
	body := func(kind string) string { return `{"errors":[{"type":"` + kind + `"}]}` }
	for name, tt := range map[string]struct {
		fault     ghosttest.Fault
		code      string
		after     time.Duration
		permanent bool
	}{
		"maintenance":      {ghosttest.Fault{Status: 503, RetryAfter: 90 * time.Second}, "ghost:503", 90 * time.Second, false},
		"too many":         {ghosttest.Fault{Status: 429, RetryAfter: 7 * time.Second}, "ghost:429", 7 * time.Second, false},
		"no answer":        {ghosttest.Fault{}, "ghost:0", 0, false},
		"a refused key":    {ghosttest.Fault{Status: 401, Body: body("UnauthorizedError")}, "ghost:401", 0, false},
		"a proxy's page":   {ghosttest.Fault{Status: 200, Body: "<html>"}, "ghost:200", 0, false},
		"not allowed now":  {ghosttest.Fault{Status: 400, Body: body("BadRequestError")}, "ghost:400", 0, false},
		"a refused member": {ghosttest.Fault{Status: 422, Body: body("ValidationError")}, "ghost:422", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, ghosttest.Options{Stripe: true})
			id := d.tell(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
			d.ghost.FailNext(tt.fault)
			err := d.do(id)
			if jobs.CodeOf(err) != tt.code || jobs.RetryAfterOf(err) != tt.after || jobs.IsPermanent(err) != tt.permanent {
				t.Errorf("%v: code %q, after %v, permanent %v", err, jobs.CodeOf(err), jobs.RetryAfterOf(err), jobs.IsPermanent(err))
			}
			if strings.Contains(err.Error(), "jo@") {
				t.Errorf("the error holds the address: %v", err)
			}
		})
	}
}

func TestAJobThatDiesShowsAndComesBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	id := d.tell(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	d.ghost.SetDown(true)
	job := jobs.Job{ID: "job", Site: "blog", Key: id, Attempt: 5, LastAttempt: true}
	err := d.attempt(job)
	if err == nil {
		t.Fatal("it did not fail")
	}
	d.kind().Died(t.Context(), job, err)
	e := d.read(id)
	d.wants(e, payment.StateFailed)
	if e.Outcome.Reason == "" || e.Outcome.Remedy == "" || !e.Due.IsZero() {
		t.Errorf("%+v, due %v", e.Outcome, e.Due)
	}
	d.ghost.SetDown(false)
	d.wants(d.again(id), payment.StateGranted)
	d.wantsMember(jo, "comped Gold until 2026-12-29")
}

func TestAFailedJobIsNotLostBeforeItsNextAttempt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	id := d.tell(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	d.ghost.SetDown(true)
	if err := d.do(id); err == nil {
		t.Fatal("it did not fail")
	}
	due := func() int {
		refs, err := d.store.ClaimDue(t.Context(), d.clock().Add(time.Hour), 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(refs)
	}
	d.pass(31 * time.Second)
	if n := due(); n != 0 {
		t.Error("it is due beside its next attempt")
	}
	d.pass(3 * time.Minute)
	if n := due(); n != 1 {
		t.Error("it would be lost with its job")
	}
}

func TestManyFailuresInARowCloseTheGate(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	id := d.tell(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	d.ghost.SetDown(true)
	for range 12 {
		if err := d.do(id); err == nil {
			t.Fatal("it did not fail")
		}
	}
	asked := len(d.ghost.Requests())
	if wait, snoozed := jobs.SnoozedFor(d.do(id), d.clock()); !snoozed || wait > time.Minute || len(d.ghost.Requests()) != asked {
		t.Errorf("a closed gate: %v %v", wait, snoozed)
	}
	if gate, err := d.store.Gate(t.Context(), entitlement.GateOf("blog")); err != nil || gate.Open || gate.Upstream != "ghost" {
		t.Errorf("%+v %v", gate, err)
	}
	if members, err := d.store.Gate(t.Context(), "blog"); err != nil || !members.Open {
		t.Errorf("the gate of members: %+v %v", members, err)
	}
	d.ghost.SetDown(false)
	d.pass(time.Minute)
	d.wants(d.again(id), payment.StateGranted)
	if gate, err := d.store.Gate(t.Context(), entitlement.GateOf("blog")); err != nil || gate.Closed() {
		t.Errorf("after a success: %+v %v", gate, err)
	}
}

func TestASiteThatIsNotConfiguredStrandsNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{})
	err := d.attempt(jobs.Job{Site: "other", Key: "polar:s1", Attempt: 1})
	if jobs.CodeOf(err) != "config:unknown_site" || jobs.IsPermanent(err) {
		t.Errorf("%v, %q", err, jobs.CodeOf(err))
	}
	if err := d.do("polar:none"); err != nil {
		t.Errorf("of an entitlement that was forgotten: %v", err)
	}
}

func TestLogsHoldNoAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	id := d.tell(d.sub("s1", "prod_gold", "marked@example.com", payment.ActionGrant))
	d.ghost.FailNext(ghosttest.Fault{Status: 500})
	err := d.do(id)
	d.kind().Died(t.Context(), jobs.Job{Site: "blog", Key: id}, errors.Join(err, errors.New("x")))
	d.again(id)
	if text := d.log.String(); strings.Contains(text, "marked") || !strings.Contains(text, "access.settled") {
		t.Error(text)
	}
	if text := d.read(id).Outcome.Reason; strings.Contains(text, "marked") {
		t.Error(text)
	}
}

// What the fleet's test found: a refund that was settled between the grant and its
// being kept found nobody who had been given anything, and the grant stood.
func TestARefundThatOvertakesItsGrantTakesTheAccessAway(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{"a new member": false, "a member": true} {
		for _, before := range []string{"GET /members/", "POST /members/", "PUT /members/:id/", "GET /members/:id/"} {
			t.Run(name+" "+before, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true, Delay: 100 * time.Millisecond})
				if known {
					d.add(ghosttest.Member{Email: jo})
				}
				id := d.tell(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
				granted := make(chan error, 1)
				go func() { granted <- d.do(id) }()
				for len(granted) == 0 && d.ghost.Requests()[before] == 0 {
					time.Sleep(time.Millisecond)
				}
				d.pass(time.Minute)
				d.tell(d.sub("s1", "prod_gold", jo, payment.ActionRefund))
				refunded := d.do(id)
				for again := <-granted; again != nil || refunded != nil; again, refunded = d.do(id), nil {
					for _, err := range []error{again, refunded} {
						if _, snoozed := jobs.SnoozedFor(err, d.clock()); err != nil && !snoozed {
							t.Fatal(err)
						}
					}
				}
				if got := d.has(jo); got != "free" && (known || got != "nobody") {
					t.Errorf("the member is %q", got)
				}
				d.wants(d.read(id), payment.StateRevoked)
			})
		}
	}
}
