package entitlement_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
)

const jo = "jo@example.com"

func TestABuyerWhoIsNewBecomesAMember(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, stripe bool) {
		for _, maria := range []bool{true, false} {
			d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: maria})
			e := d.settle(d.sub("s1", "prod_gold", "Jo@Example.com", payment.ActionGrant))
			d.wants(e, payment.StateGranted)
			d.wantsMember(jo, "comped Gold until 2026-12-29") // the end of the period and seven days
			if m := d.member(jo); e.Linked != m.ID || e.LinkedBy != payment.LinkedByMatch || e.Outcome.MemberID != m.ID || m.Name != "Jo" {
				t.Errorf("%+v is not of %+v", e, m)
			}
			if diff := cmp.Diff([]ghosttest.Mail{{To: jo, Type: "signin"}}, d.ghost.Mails()); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestOnlyAWebhookOfJustNowGreets(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	for name, at := range map[string]time.Time{"backfill": {}, "replay": d.clock().Add(-2 * time.Hour)} {
		id := d.tell(d.sub(name, "prod_gold", name+"@example.com", payment.ActionGrant))
		if err := d.attempt(jobs.Job{Site: "blog", Key: id, Attempt: 1, ReceivedAt: at}); err != nil {
			t.Fatal(err)
		}
		d.wantsMember(name+"@example.com", "comped Gold until 2026-12-29")
	}
	if mails := d.ghost.Mails(); len(mails) > 0 {
		t.Errorf("mails were sent: %v", mails)
	}
}

func TestAFreeMemberIsGivenATierWhereGhostCan(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, stripe bool) {
		d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: true})
		before := d.add(ghosttest.Member{Email: jo, Name: "Joanna", Note: "met in Rome", Labels: []string{"VIP"}})
		e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
		if !stripe {
			d.wants(e, payment.StateNeedsAttention)
			if diff := cmp.Diff(before, d.member(jo)); diff != "" {
				t.Errorf("the member was written: %s", diff)
			}
			if d.alarm[0] != "attention payment:polar" {
				t.Errorf("alarms: %v", d.alarm)
			}
			d.ghost.SetStripe(true)
			d.pass(time.Hour)
			if !e.Due.Equal(d.clock()) {
				t.Errorf("it is looked at again at %v", e.Due)
			}
			e = d.again(e.ID)
		}
		d.wants(e, payment.StateGranted)
		d.wantsMember(jo, "comped Gold until 2026-12-29")
		m := d.member(jo)
		if m.Name != "Joanna" || !slices.Equal(m.Labels, []string{"VIP"}) || m.Note != "met in Rome\nghostcm: gold until 2026-12-29 (polar:s1)" {
			t.Errorf("what others wrote: %+v", m)
		}
		if len(d.ghost.Mails()) > 0 {
			t.Error("a member was greeted who had been one")
		}
	})
}

// TestARefundTakesWhatWasGiven also runs Ghost's nightly job, which ends access
// where Stripe is not there to do it at once.
func TestARefundTakesWhatWasGiven(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, stripe bool) {
		d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: true})
		d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
		d.pass(time.Hour)
		e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionRefund))
		d.wants(e, payment.StateRevoked)
		if stripe {
			d.wantsMember(jo, "free")
		} else {
			d.wantsMember(jo, "comped Gold until 2026-11-21")
		}
		d.ghost.NightlyJob()
		d.pass(day)
		d.wants(d.again(e.ID), payment.StateRevoked)
		d.wantsMember(jo, "free")
		if _, found, err := d.store.Grant(t.Context(), "blog", d.member(jo).ID); found || err != nil {
			t.Errorf("something is still recorded as given: %v %v", found, err)
		}
	})
}

func TestARenewalMovesTheEnd(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, stripe bool) {
		for _, maria := range []bool{true, false} {
			d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: maria})
			d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
			d.pass(30 * day)
			d.wants(d.settle(d.sub("s1", "prod_gold", jo, payment.ActionExtend)), payment.StateGranted)
			d.wantsMember(jo, "comped Gold until 2027-01-28")
			if lines := strings.Count(d.member(jo).Note, "\n"); lines > 0 {
				t.Errorf("the note grows: %q", d.member(jo).Note)
			}
		}
	})
}

func TestWhatWasPaidEndsWhenItShould(t *testing.T) {
	t.Parallel()
	cancelled := func(d *desk) payment.Event {
		return d.sub("s1", "prod_gold", jo, payment.ActionKeepUntil, func(e *payment.Event) { e.PeriodEnd = d.clock().Add(20 * day) })
	}
	once := func(product string) func(d *desk) payment.Event {
		return func(d *desk) payment.Event {
			return d.sub("o1", product, jo, payment.ActionGrant, func(e *payment.Event) {
				e.Subject.Kind, e.PeriodEnd, e.Renews = payment.Order, time.Time{}, false
			})
		}
	}
	for name, tt := range map[string]struct {
		event func(d *desk) payment.Event
		want  string
		state payment.State
	}{
		"cancelled, without grace": {cancelled, "comped Gold until 2026-12-12", payment.StateEndsAt},
		"bought once":              {once("prod_gold"), "comped Gold until 2126-11-22", payment.StateGranted},
		"bought for 30 days":       {once("prod_month"), "comped Silver until 2026-12-22", payment.StateEndsAt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
			if name == "cancelled, without grace" {
				d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
			}
			e := d.settle(tt.event(d))
			d.wants(e, tt.state)
			d.wantsMember(jo, tt.want)
			if tt.state != payment.StateEndsAt {
				return
			}
			d.pass(e.Outcome.EndsAt.Sub(d.clock()))
			d.wants(d.again(e.ID), payment.StateRevoked)
			d.wantsMember(jo, "free")
		})
	}
}

func TestANativePayerIsNeverTouched(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
	m := d.add(ghosttest.Member{Email: jo})
	if err := d.ghost.Subscribe(m.ID, "Silver"); err != nil {
		t.Fatal(err)
	}
	before := d.member(jo)
	e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	d.wants(e, payment.StateNative)
	d.pass(time.Hour)
	d.wants(d.settle(d.sub("s2", "prod_silver", jo, payment.ActionGrant)), payment.StateNative)
	d.pass(time.Hour)
	d.wants(d.settle(d.sub("s2", "prod_silver", jo, payment.ActionRefund)), payment.StateRevoked)
	if diff := cmp.Diff(before, d.member(jo)); diff != "" {
		t.Errorf("the payer was written: %s", diff)
	}
	if n := d.ghost.Requests()["PUT /members/:id/"] + d.ghost.Requests()["POST /members/"]; n > 0 {
		t.Errorf("%d writes", n)
	}
	if err := d.ghost.CancelSubscription(m.ID); err != nil {
		t.Fatal(err)
	}
	d.pass(day)
	if e.Due.After(d.clock()) {
		t.Errorf("the end of the subscription shows at %v", e.Due)
	}
	d.wants(d.again(e.ID), payment.StateGranted)
	d.wantsMember(jo, "comped Gold until 2026-12-29")
}

func TestAMemberWhoBeginsToPayByStripeKeepsThat(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
	e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	if err := d.ghost.Subscribe(d.member(jo).ID, "Gold"); err != nil {
		t.Fatal(err)
	}
	before := d.member(jo)
	d.wants(d.again(e.ID), payment.StateNative)
	d.pass(time.Hour)
	d.wants(d.settle(d.sub("s1", "prod_gold", jo, payment.ActionRefund)), payment.StateRevoked)
	if diff := cmp.Diff(before, d.member(jo)); diff != "" {
		t.Errorf("the payer was written: %s", diff)
	}
}

func TestWhatOthersGaveIsLeftAlone(t *testing.T) {
	t.Parallel()
	gift := func(d *desk, m ghosttest.Member) error { return d.ghost.Gift(m.ID, "Silver", d.clock().Add(60*day)) }
	comp := func(tier string) func(d *desk, m ghosttest.Member) error {
		return func(d *desk, m ghosttest.Member) error {
			return d.ghost.EditMember(m.ID, func(m *ghosttest.Member) {
				m.Status, m.Tiers = "comped", []ghosttest.Grant{{Tier: tier, ExpiresAt: d.clock().Add(10 * day)}}
			})
		}
	}
	byStripe := func(d *desk, m ghosttest.Member) error {
		return d.ghost.EditMember(m.ID, func(m *ghosttest.Member) {
			m.Status, m.Tiers = "comped", []ghosttest.Grant{{Tier: "Silver"}}
			m.Subscriptions = []ghosttest.Subscription{{ID: "sub_1", Status: "active", Plan: "Complimentary", Tier: "Silver"}}
		})
	}
	for name, tt := range map[string]struct {
		give func(d *desk, m ghosttest.Member) error
		want payment.State
	}{
		"a gift":                         {gift, payment.StateNative},
		"a comp by hand":                 {comp("Gold"), payment.StateManual},
		"a subscription without a price": {byStripe, payment.StateNeedsAttention},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, stripe bool) {
				d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: true})
				if err := tt.give(d, d.add(ghosttest.Member{Email: jo})); err != nil {
					t.Fatal(err)
				}
				before := d.member(jo)
				d.wants(d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant)), tt.want)
				d.pass(time.Hour)
				d.wants(d.settle(d.sub("s1", "prod_gold", jo, payment.ActionRefund)), payment.StateRevoked)
				if diff := cmp.Diff(before, d.member(jo)); diff != "" {
					t.Errorf("the member was written: %s", diff)
				}
			})
		})
	}
}

func TestACompByHandIsLookedAtAgainWhenItEnds(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, stripe bool) {
		d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: true})
		d.add(ghosttest.Member{Email: jo, Tiers: []ghosttest.Grant{{Tier: "Gold", ExpiresAt: d.clock().Add(5 * time.Hour)}}})
		e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
		d.wants(e, payment.StateManual)
		d.pass(e.Due.Sub(d.clock()))
		d.wants(d.again(e.ID), payment.StateGranted)
		d.wantsMember(jo, "comped Gold until 2026-12-29")
	})
}

func TestALowerCompByHandComesBackAfterThePurchase(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, stripe bool) {
		for _, end := range []time.Time{{}, time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)} {
			d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: true})
			d.add(ghosttest.Member{Email: jo, Tiers: []ghosttest.Grant{{Tier: "Silver", ExpiresAt: end}}})
			before := d.member(jo)
			d.wants(d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant)), payment.StateGranted)
			d.wantsMember(jo, "comped Gold until 2026-12-29")
			d.pass(30 * day)
			d.wants(d.settle(d.sub("s1", "prod_gold", jo, payment.ActionExtend)), payment.StateGranted)
			d.wants(d.settle(d.sub("s1", "prod_gold", jo, payment.ActionRevoke)), payment.StateRevoked)
			ignored := cmpopts.IgnoreFields(ghosttest.Member{}, "Note", "UpdatedAt")
			if diff := cmp.Diff(before, d.member(jo), ignored); diff != "" {
				t.Error(diff)
			}
			d.wants(d.again("polar:s1"), payment.StateRevoked)
			if diff := cmp.Diff(before, d.member(jo), ignored); diff != "" {
				t.Errorf("after another look: %s", diff)
			}
		}
	})
}

func TestALowerPurchaseDoesNotTakeThePlaceOfACompByHand(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, stripe bool) {
		d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: true})
		d.add(ghosttest.Member{Email: jo, Tiers: []ghosttest.Grant{{Tier: "Silver"}}})
		d.wants(d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant)), payment.StateGranted)
		d.wants(d.settle(d.sub("s2", "prod_silver", jo, payment.ActionGrant)), payment.StateGranted)
		d.wantsMember(jo, "comped Gold until 2026-12-29")
		d.pass(time.Hour)
		d.wants(d.settle(d.sub("s1", "prod_gold", jo, payment.ActionRefund)), payment.StateRevoked)
		d.wantsMember(jo, "comped Silver")
		d.wants(d.read("polar:s2"), payment.StateManual)
		d.wants(d.settle(d.sub("s2", "prod_silver", jo, payment.ActionRefund)), payment.StateRevoked)
		d.wantsMember(jo, "comped Silver")
	})
}

func TestTwoPurchasesGiveTheHigherTier(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, stripe bool) {
		d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: true})
		silver := d.settle(d.sub("s1", "prod_silver", jo, payment.ActionGrant))
		d.wantsMember(jo, "comped Silver until 2026-12-29")
		gold := d.settle(d.sub("s2", "prod_gold", jo, payment.ActionGrant))
		d.wantsMember(jo, "comped Gold until 2026-12-29")
		d.wants(d.read(silver.ID), payment.StateGranted)
		d.pass(time.Hour)
		d.wants(d.settle(d.sub("s2", "prod_gold", jo, payment.ActionRefund)), payment.StateRevoked)
		d.wantsMember(jo, "comped Silver until 2026-12-29")
		d.wants(d.read(silver.ID), payment.StateGranted)
		d.wants(d.read(gold.ID), payment.StateRevoked)
	})
}

func TestTheSamePurchaseAtOnceMakesOneMember(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	id := d.tell(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
				err := d.attempt(jobs.Job{Site: "blog", Key: id, Attempt: 1})
				if _, snoozed := jobs.SnoozedFor(err, d.clock()); !snoozed {
					if err != nil {
						t.Error(err)
					}
					return
				}
			}
			t.Error("it never came to its end")
		})
	}
	all.Wait()
	if n := len(d.ghost.Members()); n != 1 {
		t.Errorf("%d members", n)
	}
	if n := d.ghost.Requests()["POST /members/"] + d.ghost.Requests()["PUT /members/:id/"]; n != 1 {
		t.Errorf("%d writes", n)
	}
	d.wants(d.read(id), payment.StateGranted)
}
