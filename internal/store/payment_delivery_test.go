package store_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/store"
)

// delivery is one of Stripe's with this event id.
func (b *bundle) delivery(event string) store.PaymentDelivery {
	return store.PaymentDelivery{
		ID: store.PaymentDeliveryID("stripe", event), Site: site, Provider: "stripe", Body: []byte("{\"id\":\"" + event + "\"}\x00\xff"),
		Header: map[string]string{"Stripe-Signature": "t=1,v1=00"}, ContentType: "application/json",
		ReceivedAt: b.now.UTC(), Source: store.FromWebhook,
	}
}

func (b *bundle) deliver(event string) (fresh bool) {
	b.t.Helper()
	fresh, err := b.AcceptDelivery(b.t.Context(), b.delivery(event), job(event))
	if err != nil {
		b.t.Fatal(err)
	}
	return fresh
}

func (b *bundle) livesFor(key string) time.Duration {
	b.t.Helper()
	d, err := b.redis.PTTL(b.t.Context(), key).Result()
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// about says whether a time to live is the given one, less what the test took.
func about(d, want time.Duration) bool { return d <= want && d > want-time.Hour }

func TestADeliveryIsThereWithItsJobOnceItIsAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if !b.deliver("evt_1") {
		t.Fatal("it is not fresh")
	}
	want := b.delivery("evt_1")
	got, found, err := b.Delivery(t.Context(), site, want.ID)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := b.queued(); !slices.Equal(got, []string{"raw evt_1"}) {
		t.Errorf("queued: %v", got)
	}
	if n, err := b.WaitingDeliveries(t.Context()); n != 1 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
	if ttl := b.livesFor("{ghostcm}:delivery:" + site + ":" + want.ID); ttl > 0 {
		t.Errorf("a delivery that waits goes after %s", ttl)
	}
}

func TestADeliveryThatIsKnownIsAcceptedOnceHoweverOftenItComes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var fresh atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if is, err := b.AcceptDelivery(t.Context(), b.delivery("evt_1"), job("evt_1")); err != nil {
				t.Error(err)
			} else if is {
				fresh.Add(1)
			}
		})
	}
	all.Wait()
	if fresh.Load() != 1 || len(b.queued()) != 1 {
		t.Errorf("%d were fresh, %d jobs", fresh.Load(), len(b.queued()))
	}
	if ttl := b.livesFor("{ghostcm}:delivered:" + site + ":" + b.delivery("evt_1").ID); !about(ttl, 90*24*time.Hour) {
		t.Errorf("it is known for %s", ttl)
	}
}

func TestADeliveryThatIsInTheLedgerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.deliver("evt_1")
	id := b.delivery("evt_1").ID
	for range 2 { // the second time after a crash, say
		if err := b.FinishDelivery(t.Context(), site, id); err != nil {
			t.Fatal(err)
		}
	}
	b.pass(time.Hour)
	if refs, err := b.ClaimDeliveries(t.Context(), b.now, b.now.Add(time.Minute), 10); len(refs) != 0 || err != nil {
		t.Errorf("waited for: %v, %v", refs, err)
	}
	if err := b.DeferDelivery(t.Context(), site, id, b.now); err != nil {
		t.Fatal(err)
	}
	if n, err := b.WaitingDeliveries(t.Context()); n != 0 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
	if ttl := b.livesFor("{ghostcm}:delivery:" + site + ":" + id); !about(ttl, 30*24*time.Hour) {
		t.Errorf("its body is kept for %s", ttl)
	}
	if b.deliver("evt_1") {
		t.Error("it is fresh again")
	}
}

func TestADeliveryWhoseJobWasLostIsClaimedByOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 3 {
		b.deliver(fmt.Sprintf("evt_%d", n))
		b.pass(time.Second)
	}
	first, second := store.Ref{Site: site, ID: b.delivery("evt_0").ID}, store.Ref{Site: site, ID: b.delivery("evt_1").ID}
	claim := func(limit int) []store.Ref {
		refs, err := b.ClaimDeliveries(t.Context(), b.now.Add(-time.Second), b.now.Add(time.Minute), limit)
		if err != nil {
			t.Fatal(err)
		}
		return refs
	}
	b.pass(-time.Second) // the last came just now
	if got := claim(1); !slices.Equal(got, []store.Ref{first}) {
		t.Errorf("claimed %v", got)
	}
	if got := claim(10); !slices.Equal(got, []store.Ref{second}) {
		t.Errorf("then %v", got)
	}
	if got := claim(10); len(got) != 0 {
		t.Errorf("claimed twice: %v", got)
	}
	if err := b.DeferDelivery(t.Context(), site, first.ID, b.now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	b.pass(2 * time.Minute)
	if got := claim(10); slices.Contains(got, first) || !slices.Contains(got, second) || len(got) != 2 {
		t.Errorf("after a minute %v", got)
	}
}

func TestTimersAreClaimedOnceAndComeAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	set := func(id string, at time.Time) {
		if err := b.SetDue(t.Context(), site, id, at); err != nil {
			t.Fatal(err)
		}
	}
	claim := func() (ids []string) {
		refs, err := b.ClaimDue(t.Context(), b.now.Add(time.Minute), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range refs {
			ids = append(ids, r.ID)
		}
		return ids
	}
	set("stripe:late", b.now.Add(time.Hour))
	set("stripe:due", b.now)
	set("stripe:off", b.now)
	set("stripe:off", time.Time{})
	if got := claim(); !slices.Equal(got, []string{"stripe:due"}) {
		t.Errorf("due: %v", got)
	}
	if got := claim(); len(got) != 0 {
		t.Errorf("at once again: %v", got)
	}
	b.pass(time.Minute)
	if got := claim(); !slices.Equal(got, []string{"stripe:due"}) {
		t.Errorf("when its job was lost: %v", got)
	}
	b.pass(time.Hour)
	if got := claim(); len(got) != 2 {
		t.Errorf("an hour later: %v", got)
	}
}
