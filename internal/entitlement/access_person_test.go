package entitlement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
)

// names makes a purchase name a member itself.
func names(id, email string) func(*payment.Event) {
	return func(e *payment.Event) { e.Customer.MemberID, e.Customer.MemberEmail = id, email }
}

func TestAPurchaseIsForTheMemberItNames(t *testing.T) {
	t.Parallel()
	for name, byID := range map[string]bool{"by id": true, "by address": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
			m := d.add(ghosttest.Member{Email: jo})
			change := names("", jo)
			if byID {
				change = names(m.ID, "")
			}
			e := d.settle(d.sub("s1", "prod_gold", "payer@example.com", payment.ActionGrant, change))
			d.wants(e, payment.StateGranted)
			d.wantsMember(jo, "comped Gold until 2026-12-29")
			d.wantsMember("payer@example.com", "nobody")
		})
	}
}

func TestAMemberThatIsNamedAndIsNoneIsThePayer(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"not-an-id", "0123456789abcdef01234567"} {
		d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
		e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant, names(id, "")))
		d.wants(e, payment.StateGranted)
		d.wantsMember(jo, "comped Gold until 2026-12-29")
		d.wants(d.again(e.ID), payment.StateGranted)
	}
}

func TestAPurchaseWithoutAnAddressWaitsForALink(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
	d.wants(d.settle(d.sub("s0", "prod_gold", `j\o@example.com`, payment.ActionGrant)), payment.StateNeedsAttention)
	e := d.settle(d.sub("s1", "prod_gold", "", payment.ActionGrant))
	d.wants(e, payment.StateNeedsAttention)
	m := d.add(ghosttest.Member{Email: jo})
	d.link(e.ID, m.ID)
	d.wants(d.again(e.ID), payment.StateGranted)
	d.wantsMember(jo, "comped Gold until 2026-12-29")
}

func (d *desk) link(id, memberID string) {
	d.t.Helper()
	v, _, err := d.store.Entitlement(d.t.Context(), "blog", id)
	if err != nil {
		d.t.Fatal(err)
	}
	v.Entitlement.Link(memberID)
	if _, saved, err := d.store.SaveEntitlement(d.t.Context(), v.Entitlement, v.Version); err != nil || !saved {
		d.t.Fatal(saved, err)
	}
}

func TestALinkMovesAccessToAnotherMember(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, stripe bool) {
		d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: true})
		e := d.settle(d.sub("s1", "prod_gold", "payer@example.com", payment.ActionGrant))
		d.settle(d.sub("s2", "prod_silver", "payer@example.com", payment.ActionGrant))
		other := d.settle(d.sub("s3", "prod_month", jo, payment.ActionGrant)).Linked
		d.wantsMember("payer@example.com", "comped Gold until 2026-12-29")
		d.link(e.ID, other)
		d.wants(d.again(e.ID), payment.StateGranted)
		d.wantsMember("payer@example.com", "comped Silver until 2026-12-29")
		d.wantsMember(jo, "comped Gold until 2026-12-29")
		if got := d.read(e.ID); got.Linked != other || got.LinkedBy != payment.LinkedByOperator || got.Outcome.MemberID != other {
			t.Errorf("%+v", got)
		}
		d.pass(time.Hour)
		d.settle(d.sub("s1", "prod_gold", "payer@example.com", payment.ActionRefund))
		d.wantsMember(jo, "comped Silver until 2026-12-29")
		d.wantsMember("payer@example.com", "comped Silver until 2026-12-29")
	})
}

// The ledger did not come to know what was written before the link: the process
// ended, Ghost's answer was lost, or the link came in between.
func TestALinkTakesWhatTheLedgerNeverKnew(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, stripe bool) {
		for _, isMember := range []bool{true, false} {
			for n := range 9 {
				d := newDesk(t, ghosttest.Options{Stripe: stripe, MariaDB: true})
				if isMember {
					d.settle(d.sub("s0", "prod_silver", "payer@example.com", payment.ActionGrant))
				}
				other := d.settle(d.sub("s3", "prod_month", jo, payment.ActionGrant)).Linked
				id := d.tell(d.sub("s1", "prod_gold", "payer@example.com", payment.ActionGrant))
				d.fails(n, ghosttest.Fault{CutAfter: 1})
				err := d.do(id)
				d.ghost.Heal()
				if err == nil {
					continue // all was known
				}
				d.link(id, other)
				d.wants(d.again(id), payment.StateGranted)
				d.ghost.NightlyJob()
				d.wantsMember(jo, "comped Gold until 2026-12-29")
				if has := d.has("payer@example.com"); isMember && has != "comped Silver until 2026-12-29" || !isMember && strings.Contains(has, "until 2026-12") {
					t.Errorf("request %d, a member %v: the payer keeps %q", n, isMember, has)
				}
			}
		}
	})
}

func TestASecondLinkTakesWhatTheFirstMayHaveGiven(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
	first, second := d.add(ghosttest.Member{Email: "first@example.com"}), d.add(ghosttest.Member{Email: "second@example.com"})
	id := d.settle(d.sub("s1", "prod_gold", "payer@example.com", payment.ActionGrant)).ID
	d.link(id, first.ID)
	d.fails(9, ghosttest.Fault{CutAfter: 1}) // the first has it, and the ledger is not told
	if err := d.do(id); err == nil || d.has("first@example.com") != "comped Gold until 2026-12-29" {
		t.Fatalf("the link was not cut in the middle: %v, %q", err, d.has("first@example.com"))
	}
	d.ghost.Heal()
	d.link(id, second.ID)
	e := d.again(id)
	d.wants(e, payment.StateGranted)
	d.wantsMember("first@example.com", "free")
	d.wantsMember("payer@example.com", "free")
	d.wantsMember("second@example.com", "comped Gold until 2026-12-29")
	if len(e.Formers) != 0 {
		t.Errorf("formers that were left are kept in mind: %v", e.Formers)
	}
}

func TestOnSQLiteAnAddressInAnotherCaseIsTheSamePerson(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	d.add(ghosttest.Member{Email: "another-Jo@Example.com"})
	d.add(ghosttest.Member{Email: "Jo@Example.com"})
	d.wants(d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant)), payment.StateGranted)
	if n := len(d.ghost.Members()); n != 2 {
		t.Errorf("%d members: one more was made", n)
	}
	d.wantsMember("Jo@Example.com", "comped Gold until 2026-12-29")
	d.wantsMember("another-Jo@Example.com", "free")
}

func TestAMemberWhoWasDeletedIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
	e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	if err := d.ghost.DeleteMember(e.Linked); err != nil {
		t.Fatal(err)
	}
	d.pass(30 * day)
	e = d.settle(d.sub("s1", "prod_gold", jo, payment.ActionExtend))
	d.wants(e, payment.StateNeedsAttention)
	d.wantsMember(jo, "nobody")
	again := d.add(ghosttest.Member{Email: jo})
	e = d.again(e.ID)
	d.wants(e, payment.StateGranted)
	d.wantsMember(jo, "comped Gold until 2027-01-28")
	if e.Linked != again.ID {
		t.Error("it is not linked to who joined again")
	}
}

func TestAMemberWhoChangedTheAddressKeepsThePurchase(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
	e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	if err := d.ghost.EditMember(e.Linked, func(m *ghosttest.Member) { m.Email = "new@example.com" }); err != nil {
		t.Fatal(err)
	}
	d.pass(30 * day)
	d.wants(d.settle(d.sub("s1", "prod_gold", jo, payment.ActionExtend)), payment.StateGranted)
	d.wantsMember("new@example.com", "comped Gold until 2027-01-28")
	d.wantsMember(jo, "nobody")
}

func TestAnAddressThatGhostTakesForAnothersNeedsAPerson(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
	other := d.add(ghosttest.Member{Email: "jose@example.com"})
	id := d.tell(d.sub("s1", "prod_gold", "josé@example.com", payment.ActionGrant))
	if err := d.do(id); err == nil || jobs.IsPermanent(err) {
		t.Errorf("the first time it may have been a sign-up: %v", err)
	}
	if err := d.attempt(jobs.Job{Site: "blog", Key: id, Attempt: 2}); err != nil {
		t.Fatal(err)
	}
	d.wants(d.read(id), payment.StateNeedsAttention)
	if diff := cmp.Diff([]ghosttest.Member{other}, d.ghost.Members()); diff != "" {
		t.Error(diff)
	}
}

func TestAPurchaseWithoutATierAsksGhostNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	e := d.settle(d.sub("s1", "prod_unknown", jo, payment.ActionGrant))
	d.wants(e, payment.StateUnmapped)
	if len(d.ghost.Requests()) > 0 {
		t.Errorf("asked: %v", d.ghost.Requests())
	}
	if diff := cmp.Diff([]string{"unmapped polar prod_unknown"}, d.alarm); diff != "" {
		t.Error(diff)
	}
	d.again(e.ID)
	if len(d.alarm) != 1 {
		t.Errorf("told again: %v", d.alarm)
	}
}

// TestGhostsOwnSubscriptionIsNoUnmappedPurchase is of a Stripe account that Ghost
// uses too: its events come to us as well.
func TestGhostsOwnSubscriptionIsNoUnmappedPurchase(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	m := d.add(ghosttest.Member{Email: jo})
	if err := d.ghost.Subscribe(m.ID, "Gold"); err != nil {
		t.Fatal(err)
	}
	native := d.member(jo).Subscriptions[0].ID
	for id, want := range map[string]payment.State{native: payment.StateNative, "sub_other": payment.StateUnmapped} {
		e := d.settle(d.sub(id, "prod_unknown", jo, payment.ActionGrant, func(e *payment.Event) { e.Provider = payment.Stripe }))
		d.wants(e, want)
	}
}

func TestATierThatGhostLacksNeedsAPerson(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	d.wants(d.settle(d.sub("s1", "prod_lost", jo, payment.ActionGrant)), payment.StateNeedsAttention)
	d.ghost.AddTier("Platinum", "platinum")
	d.pass(time.Hour)
	d.wants(d.again("polar:s1"), payment.StateGranted)
	d.wantsMember(jo, "comped Platinum until 2026-12-29")
	d.ghost.ArchiveTier("platinum")
	d.pass(time.Hour)
	e := d.settle(d.sub("s2", "prod_lost", "ann@example.com", payment.ActionGrant))
	d.wants(e, payment.StateNeedsAttention)
	if !strings.Contains(e.Outcome.Reason, "archived") {
		t.Error(e.Outcome.Reason)
	}
	d.pass(30 * day)
	d.wants(d.settle(d.sub("s1", "prod_lost", jo, payment.ActionExtend)), payment.StateGranted) // who has it keeps it
}

// TestAnEndThatSQLiteForgetsIsWrittenAgain runs Ghost's nightly job on SQLite, which
// takes every comp that has an end.
func TestAnEndThatSQLiteForgetsIsWrittenAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true})
	e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	d.ghost.NightlyJob()
	d.wantsMember(jo, "free")
	d.pass(6 * time.Hour)
	if e.Due.After(d.clock()) {
		t.Errorf("it is looked at again at %v", e.Due)
	}
	d.wants(d.again(e.ID), payment.StateGranted)
	d.wantsMember(jo, "comped Gold until 2026-12-29")
}

func TestWhatStaffTookIsGivenAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
	e := d.settle(d.sub("s1", "prod_gold", jo, payment.ActionGrant))
	err := d.ghost.EditMember(e.Linked, func(m *ghosttest.Member) { m.Status, m.Tiers = "free", nil })
	if err != nil {
		t.Fatal(err)
	}
	d.pass(day)
	if e.Due.After(d.clock()) {
		t.Errorf("it is looked at again at %v", e.Due)
	}
	d.wants(d.again(e.ID), payment.StateGranted)
	d.wantsMember(jo, "comped Gold until 2026-12-29")
}

func TestTheDeskAndTheFlowAgreeOnALink(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ghosttest.Options{Stripe: true, MariaDB: true})
	e := d.settle(d.sub("s1", "prod_gold", "payer@example.com", payment.ActionGrant))
	m := d.add(ghosttest.Member{Email: jo})
	if _, err := (entitlement.Desk{Store: d.store, Queue: d.Queue}).Link(t.Context(), "blog", e.ID, m.ID); err != nil {
		t.Fatal(err)
	}
	d.wants(d.again(e.ID), payment.StateGranted)
	d.wantsMember("payer@example.com", "free")
	d.wantsMember(jo, "comped Gold until 2026-12-29")
}
