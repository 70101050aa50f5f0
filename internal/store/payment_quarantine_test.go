package store_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/store"
)

func (b *bundle) quarantine(d store.PaymentDelivery) (kept bool) {
	b.t.Helper()
	kept, err := b.Quarantine(b.t.Context(), d, "signature_mismatch")
	if err != nil {
		b.t.Fatal(err)
	}
	return kept
}

func (b *bundle) quarantined() (all []store.PaymentDelivery) {
	b.t.Helper()
	for d, err := range b.Quarantined(b.t.Context(), site, "stripe") {
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

func (b *bundle) size() store.QuarantineSize {
	b.t.Helper()
	size, err := b.QuarantineSize(b.t.Context(), site, "stripe")
	if err != nil {
		b.t.Fatal(err)
	}
	return size
}

func TestWhatFailedVerificationIsKeptAsItCame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := []store.PaymentDelivery{b.delivery("evt_1"), b.delivery("evt_2")}
	for i := range want {
		for range 2 { // sent twice
			if !b.quarantine(want[i]) {
				t.Fatal("it is not kept")
			}
		}
		want[i].Reason = "signature_mismatch"
		b.pass(time.Second)
	}
	if diff := cmp.Diff(want, b.quarantined()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if size := b.size(); size.Deliveries != 2 || size.Bytes < 40 || size.Refused != 0 {
		t.Errorf("%+v", size)
	}
	if len(b.redis.LRange(t.Context(), queue, 0, -1).Val()) != 0 {
		t.Error("it has a job")
	}
	if err := b.DropQuarantined(t.Context(), site, "stripe", want[0].ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[1:], b.quarantined()); diff != "" {
		t.Errorf("once one is dropped (-want +got):\n%s", diff)
	}
	if size, err := b.QuarantineSize(t.Context(), site, "paypal"); size != (store.QuarantineSize{}) || err != nil {
		t.Errorf("another provider's: %+v, %v", size, err)
	}
}

func TestAFullQuarantineTurnsAwayTheNextAndCountsIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 1000 {
		if !b.quarantine(b.delivery(fmt.Sprint(n))) {
			t.Fatalf("number %d is not kept", n)
		}
	}
	for n := range 3 {
		if b.quarantine(b.delivery(fmt.Sprint("more", n))) {
			t.Fatal("one more is kept")
		}
	}
	if !b.quarantine(b.delivery("0")) {
		t.Error("one that is there is turned away")
	}
	if size := b.size(); size.Deliveries != 1000 || size.Refused != 3 || size.Full() != 1 {
		t.Errorf("%+v", size)
	}
	b.pass(7*24*time.Hour + time.Second)
	if size := b.size(); size.Deliveries != 0 {
		t.Errorf("a week later: %+v", size)
	}
	if !b.quarantine(b.delivery("later")) || b.size().Deliveries != 1 {
		t.Errorf("a week later there is no room: %+v", b.size())
	}
}

func TestAQuarantineHoldsSoManyBytes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	kept := 0
	for n := range 40 {
		d := b.delivery(fmt.Sprint(n))
		d.Body = bytes.Repeat([]byte{'x'}, 1<<20)
		if b.quarantine(d) {
			kept++
		}
	}
	if size := b.size(); kept != 31 || size.Bytes > 32<<20 || size.Refused != 9 { // each has its headers too
		t.Errorf("%d are kept: %+v", kept, size)
	}
	if !b.quarantine(b.delivery("small")) {
		t.Error("a small one finds no room")
	}
}

// from is a delivery of a network.
func (b *bundle) from(network, id string) store.PaymentDelivery {
	d := b.delivery(id)
	d.Network = network
	return d
}

// holds counts what is in quarantine by network.
func (b *bundle) holds() map[string]int {
	held := map[string]int{}
	for _, d := range b.quarantined() {
		held[d.Network]++
	}
	return held
}

func TestAFloodOfOneNetworkTakesTheRoomOfNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.quarantine(b.from("shop", "early"))
	for n := range 1100 {
		b.pass(time.Millisecond)
		b.quarantine(b.from("flood", fmt.Sprint("forged", n)))
	}
	b.pass(time.Millisecond)
	for _, id := range []string{"late1", "late2", "late3"} {
		if !b.quarantine(b.from("shop", id)) {
			t.Errorf("%s finds no room", id)
		}
	}
	if diff := cmp.Diff(map[string]int{"shop": 4, "flood": 996}, b.holds()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if b.quarantine(b.from("flood", "another")) {
		t.Error("the flood goes on")
	}
	if all := b.quarantined(); all[1].ID != b.from("flood", "forged0").ID {
		t.Errorf("the first of the flood are not those that stay, but %s", all[1].ID)
	}
	if size := b.size(); size.Deliveries != 1000 || size.Refused != 101+3+1 {
		t.Errorf("%+v", size)
	}
	if n := len(b.keysLike("{ghostcm}:quarantined:*")); n != 1000 {
		t.Errorf("%d bodies are kept of 1000", n)
	}
}

func TestALargeDeliveryOfAFloodGivesWayToManySmall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 32 {
		d := b.from(fmt.Sprint("flood", n%4), fmt.Sprint(n))
		d.Body = bytes.Repeat([]byte{'x'}, 1<<20)
		b.quarantine(d)
	}
	for n := range 50 {
		d := b.from("shop", fmt.Sprint("sale", n))
		d.Body = bytes.Repeat([]byte{'x'}, 40<<10)
		if !b.quarantine(d) {
			t.Fatalf("sale %d finds no room: %v", n, b.holds())
		}
	}
	if size := b.size(); size.Bytes > 32<<20 || b.holds()["shop"] != 50 {
		t.Errorf("%+v: %v", size, b.holds())
	}
}

func TestAQuarantinedDeliveryGoesAfterAWeek(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.quarantine(b.delivery("evt_1"))
	for _, key := range append(b.keysLike("{ghostcm}:quarantined:*"), b.keysLike("{ghostcm}:quarantine:*")...) {
		if ttl := b.livesFor(key); !about(ttl, 7*24*time.Hour) {
			t.Errorf("%s stays %s", key, ttl)
		}
	}
}
