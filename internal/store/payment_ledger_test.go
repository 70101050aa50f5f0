package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// bought is an event of a purchase by this address.
func bought(id, email string) payment.Event {
	return payment.Event{
		Provider: "stripe", ID: "evt_" + id, Key: "evt_" + id, Action: payment.ActionGrant, Paid: true,
		Subject: payment.Subject{Kind: payment.Order, ID: id}, Aliases: []string{"charge:" + id, "intent:" + id},
		Products: []string{"prod_1"}, Customer: payment.Customer{ID: "cus_" + id, Email: email},
		Amount: payment.Amount{Minor: 500, Currency: "EUR"}, OccurredAt: time.Unix(1_700_000_000, 0).UTC(),
	}
}

func entitlement(id, email string) payment.Entitlement {
	e := payment.Entitlement{Site: site}
	e.Merge(bought(id, email))
	return e
}

// enter keeps an entitlement over what there is of it.
func (b *bundle) enter(e payment.Entitlement, push ...store.Job) {
	b.t.Helper()
	had, _, err := b.Entitlement(b.t.Context(), site, e.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, saved, err := b.SaveEntitlement(b.t.Context(), e, had.Version, push...); err != nil || !saved {
		b.t.Fatal(saved, err)
	}
}

func (b *bundle) list(f store.EntitlementFilter) (ids []string) {
	b.t.Helper()
	f.Site = site
	for e, err := range b.Entitlements(b.t.Context(), f) {
		if err != nil {
			b.t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	return ids
}

func (b *bundle) of(holders ...store.Holder) (ids []string) {
	b.t.Helper()
	all, err := b.EntitlementsOf(b.t.Context(), site, holders...)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, v := range all {
		ids = append(ids, v.Entitlement.ID)
	}
	return ids
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, not %v", what, got, want)
	}
}

func TestAnEntitlementIsFoundByEverythingThatNamesIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := entitlement("1", "jo@example.org")
	want.Outcome.State, want.Due = payment.StateGranted, b.now.Add(time.Hour)
	b.enter(want, job("access"))
	got, found, err := b.Entitlement(t.Context(), site, "stripe:1")
	if err != nil || !found || got.Version == "" {
		t.Fatal(found, err)
	}
	if diff := cmp.Diff(want.History, got.Entitlement.History); diff != "" || got.Entitlement.Outcome != want.Outcome {
		t.Errorf("(-want +got):\n%s", diff)
	}
	same(t, "the queue", b.queued(), "raw access")
	same(t, "its address", b.of(store.HolderAddress("Jo@example.org")), "stripe:1")
	same(t, "its customer", b.of(store.HolderCustomer("stripe", "cus_1")), "stripe:1")
	same(t, "a stranger", b.of(store.HolderAddress("mo@example.org"), store.HolderMember("m1")))
	same(t, "its state", b.list(store.EntitlementFilter{State: payment.StateGranted}), "stripe:1")
	for alias, want := range map[string][]string{"charge:1": {"stripe:1"}, "intent:1": {"stripe:1"}, "charge:2": nil} {
		ids, err := b.ByAlias(t.Context(), site, "stripe", []string{alias})
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("%s: %v, %v", alias, ids, err)
		}
	}
	if ids, err := b.ByAlias(t.Context(), site, "paypal", []string{"charge:1"}); len(ids) != 0 || err != nil {
		t.Errorf("another provider's: %v, %v", ids, err)
	}
	b.pass(time.Hour)
	if refs, err := b.ClaimDue(t.Context(), b.now.Add(time.Minute), 10); err != nil || len(refs) != 1 {
		t.Errorf("due: %v, %v", refs, err)
	}
}

func TestAnEntitlementIsNotFoundByWhatItWasNamedBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := entitlement("1", "jo@example.org")
	e.Outcome.State, e.Due = payment.StateUnmapped, b.now
	b.enter(e)
	later := bought("1", "mo@example.org")
	later.ID, later.OccurredAt = "evt_later", later.OccurredAt.Add(time.Hour)
	e.Merge(later)
	e.Linked, e.Outcome.State, e.Due = "m1", payment.StateGranted, time.Time{}
	b.enter(e)
	same(t, "the old address", b.of(store.HolderAddress("jo@example.org")))
	same(t, "the new address", b.of(store.HolderAddress("mo@example.org")), "stripe:1")
	same(t, "its member", b.of(store.HolderMember("m1"), store.HolderAddress("mo@example.org")), "stripe:1")
	same(t, "the old state", b.list(store.EntitlementFilter{State: payment.StateUnmapped}))
	same(t, "the new state", b.list(store.EntitlementFilter{State: payment.StateGranted}), "stripe:1")
	if refs, err := b.ClaimDue(t.Context(), b.now.Add(time.Minute), 10); err != nil || len(refs) != 0 {
		t.Errorf("due: %v, %v", refs, err)
	}
}

func TestAnEntitlementThatChangedMeanwhileIsNotOverwritten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := entitlement("1", "jo@example.org")
	if _, saved, err := b.SaveEntitlement(t.Context(), e, "gone"); saved || err != nil {
		t.Errorf("saved over nothing: %t, %v", saved, err)
	}
	first, saved, err := b.SaveEntitlement(t.Context(), e, "")
	if err != nil || !saved {
		t.Fatal(saved, err)
	}
	if _, saved, err = b.SaveEntitlement(t.Context(), e, "", job("lost")); saved || err != nil {
		t.Errorf("made twice: %t, %v", saved, err)
	}
	e.Linked = "m1"
	second, saved, err := b.SaveEntitlement(t.Context(), e, first)
	if err != nil || !saved || second == first {
		t.Fatal(saved, err)
	}
	e.Linked, e.Outcome.State = "m2", payment.StateFailed
	if is, saved, err := b.SaveEntitlement(t.Context(), e, first, job("lost")); saved || err != nil || is != first {
		t.Errorf("saved over what another did: %t, %v", saved, err)
	}
	same(t, "the queue", b.queued())
	same(t, "the member", b.of(store.HolderMember("m1")), "stripe:1")
	same(t, "the member that lost", b.of(store.HolderMember("m2")))
	if v, _, err := b.Entitlement(t.Context(), site, "stripe:1"); err != nil || v.Version != second || v.Entitlement.Linked != "m1" {
		t.Errorf("%+v, %v", v, err)
	}
}

// Fifty at once, each of whom reads, merges its event and saves, until it is saved.
func TestNoEventIsLostHoweverManyMergeAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			ev := bought("1", "jo@example.org")
			ev.ID, ev.OccurredAt = fmt.Sprintf("evt_%02d", n), ev.OccurredAt.Add(time.Duration(n)*time.Second)
			ev.Key = ev.ID
			for saved := false; !saved; {
				v, _, err := b.Entitlement(t.Context(), site, "stripe:1")
				if err != nil {
					t.Error(err)
					return
				}
				v.Entitlement.Site = site
				v.Entitlement.Merge(ev)
				if _, saved, err = b.SaveEntitlement(t.Context(), v.Entitlement, v.Version); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	v, _, err := b.Entitlement(t.Context(), site, "stripe:1")
	if err != nil || len(v.Entitlement.History) != 50 {
		t.Errorf("%d of 50 events, %v", len(v.Entitlement.History), err)
	}
}

func TestWhatIsOverIsForgottenInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const key = "{ghostcm}:entitlement:" + site + ":stripe:1"
	e := entitlement("1", "jo@example.org")
	e.Outcome.State = payment.StateRevoked
	b.enter(e)
	if ttl := b.livesFor(key); !about(ttl, 2*365*24*time.Hour) {
		t.Errorf("over, it is kept %s", ttl)
	}
	e.Outcome.State = payment.StateGranted
	b.enter(e)
	if ttl := b.livesFor(key); ttl > 0 {
		t.Errorf("granted again, it is kept %s", ttl)
	}
	b.redis.Del(t.Context(), key)
	same(t, "a listing", b.list(store.EntitlementFilter{}))
	same(t, "its address", b.of(store.HolderAddress("jo@example.org")))
	b.enter(entitlement("1", "jo@example.org"))
	same(t, "a listing once it is back", b.list(store.EntitlementFilter{}), "stripe:1")
	same(t, "of the state in which it was forgotten", b.list(store.EntitlementFilter{State: payment.StateGranted}))
}
