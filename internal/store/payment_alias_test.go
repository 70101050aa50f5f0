package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

func refund(id string, aliases ...string) payment.Event {
	return payment.Event{
		Provider: "stripe", ID: id, Key: id, Action: payment.ActionRefund, Aliases: aliases,
		OccurredAt: time.Unix(1_700_000_100, 0).UTC(),
	}
}

func (b *bundle) orphans(aliases ...string) (ids []string) {
	b.t.Helper()
	all, err := b.Orphans(b.t.Context(), site, "stripe", aliases)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, ev := range all {
		ids = append(ids, ev.ID)
	}
	return ids
}

func TestARefundWaitsForItsPurchase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 2 { // its job ran twice
		if known, err := b.KeepOrphan(t.Context(), site, refund("re_1", "charge:1", "intent:1")); len(known) != 0 || err != nil {
			t.Fatal(known, err)
		}
	}
	same(t, "another purchase", b.orphans("charge:2"))
	same(t, "the purchase", b.orphans("charge:1", "intent:1"), "re_1")
	if ttl := b.livesFor(b.keysLike("{ghostcm}:orphan:*")[0]); !about(ttl, 90*24*time.Hour) {
		t.Errorf("it waits %s", ttl)
	}
	e := entitlement("1", "jo@example.org")
	b.enter(e)
	waiting, err := b.Orphans(t.Context(), site, "stripe", e.Aliases)
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range waiting {
		e.Merge(ev)
	}
	if a := e.Access(payment.Mapping{}, b.now); a.Reason != payment.WhyRefunded {
		t.Errorf("it is %+v", a)
	}
	if err := b.DropOrphans(t.Context(), site, "stripe", e.Aliases); err != nil {
		t.Fatal(err)
	}
	same(t, "once it was merged", b.orphans("charge:1", "intent:1"))
	if err := b.DropOrphans(t.Context(), site, "stripe", nil); err != nil {
		t.Error(err)
	}
}

// Either the refund finds the purchase, or the purchase finds the refund, whoever is
// first, as long as each writes before it looks.
func TestARefundAndItsPurchaseDoNotMissEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 100 {
		id := fmt.Sprint(n)
		var known, waiting []string
		var both sync.WaitGroup
		both.Go(func() {
			var err error
			if known, err = b.KeepOrphan(t.Context(), site, refund("re_"+id, "charge:"+id)); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, saved, err := b.SaveEntitlement(t.Context(), entitlement(id, "jo@example.org"), ""); err != nil || !saved {
				t.Error(saved, err)
			}
			all, err := b.Orphans(t.Context(), site, "stripe", []string{"charge:" + id})
			if err != nil {
				t.Error(err)
			}
			for _, ev := range all {
				waiting = append(waiting, ev.ID)
			}
		})
		both.Wait()
		if !slices.Equal(known, []string{"stripe:" + id}) && !slices.Equal(waiting, []string{"re_" + id}) {
			t.Fatalf("they missed each other: %v, %v", known, waiting)
		}
	}
}

func TestAPaymentOfSeveralThingsNamesThemAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, id := range []string{"b", "a"} {
		ev := bought(id, "jo@example.org")
		ev.Aliases = []string{"charge:both", "item:" + id}
		e := payment.Entitlement{Site: site}
		e.Merge(ev)
		b.enter(e)
	}
	ids, err := b.ByAlias(t.Context(), site, "stripe", []string{"charge:both", "item:a"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the charge", ids, "stripe:a", "stripe:b")
	known, err := b.KeepOrphan(t.Context(), site, refund("re_1", "charge:both", "item:b"))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "its refund", known, "stripe:a", "stripe:b")
	same(t, "what waits", b.orphans("charge:both", "item:b"))
}

func TestOnlySoManyEventsWaitForOnePurchase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 50 {
		if _, err := b.KeepOrphan(t.Context(), site, refund(fmt.Sprintf("re_%02d", n), "charge:1")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.KeepOrphan(t.Context(), site, refund("re_50", "charge:2", "charge:1")); !errors.Is(err, store.ErrTooManyOrphans) {
		t.Errorf("the next one: %v", err)
	}
	if _, err := b.KeepOrphan(t.Context(), site, refund("re_49", "charge:1")); err != nil {
		t.Errorf("one that waits: %v", err)
	}
	if n := len(b.orphans("charge:1", "charge:2")); n != 50 {
		t.Errorf("%d wait", n)
	}
}

func TestTheNewestWordAboutACustomerIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	keep := func(email string, at time.Time) {
		if err := b.KeepContact(t.Context(), site, "paddle", payment.Customer{ID: "ctm_1", Email: email}, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, found, err := b.Contact(t.Context(), site, "paddle", "ctm_1"); found || err != nil {
		t.Fatal(found, err)
	}
	keep("jo@example.org", b.now)
	keep("old@example.org", b.now.Add(-time.Second))
	c, at, found, err := b.Contact(t.Context(), site, "paddle", "ctm_1")
	if want := (payment.Customer{ID: "ctm_1", Email: "jo@example.org"}); c != want || !at.Equal(b.now) || !found || err != nil {
		t.Errorf("%+v at %s, %t, %v", c, at, found, err)
	}
	keep("new@example.org", b.now.Add(time.Second))
	if c, _, _, err := b.Contact(t.Context(), site, "paddle", "ctm_1"); c.Email != "new@example.org" || err != nil {
		t.Errorf("%+v, %v", c, err)
	}
	if _, _, found, err := b.Contact(t.Context(), site, "stripe", "ctm_1"); found || err != nil {
		t.Errorf("another provider's: %t, %v", found, err)
	}
}

// keysLike are the keys that match a pattern.
func (b *bundle) keysLike(pattern string) []string {
	b.t.Helper()
	keys, err := b.redis.Keys(b.t.Context(), pattern).Result()
	if err != nil || len(keys) == 0 {
		b.t.Fatalf("no key matches %s: %v", pattern, err)
	}
	return keys
}
