package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

func (b *bundle) emptyCase() *member.Case {
	return member.New(member.Input{Entry: member.Entry{ID: id}})
}

func TestOneWorkerBeginsAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	first := b.begin(id)
	if !first.Found || first.Busy || len(first.Taken.Events) != 1 {
		t.Fatalf("nothing to do: %+v", first)
	}
	if second := b.begin(id); !second.Busy || second.Found {
		t.Errorf("two workers have the member: %+v", second)
	}
	if err := first.Lease.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if third := b.begin(id); third.Busy || !third.Found {
		t.Errorf("the member is not free again: %+v", third)
	}
}

func TestNothingIsTakenWhereNothingWaits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if begun := b.begin(id); begun.Found || begun.Busy {
		t.Errorf("there is something: %+v", begun)
	}
	if _, free, err := b.Lock(t.Context(), site, id, time.Minute); !free || err != nil {
		t.Errorf("the lock of nothing is held: %t, %v", free, err)
	}
}

func TestAClosedGateLeavesTheMemberAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	b.fail("campaignmonitor", 10)
	if begun := b.begin(id); begun.Gate.Open || begun.Found || begun.Gate.Wait != time.Minute {
		t.Errorf("%+v", begun)
	}
	if _, free, err := b.Lock(t.Context(), site, id, time.Minute); !free || err != nil {
		t.Errorf("the member is held: %t, %v", free, err)
	}
}

func TestFinishingKeepsWhatIsNewer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	begun := b.begin(id)
	c := b.emptyCase()
	c.Memory.Status = "paid"
	b.accept("two", b.edited())
	if done, err := b.Finish(t.Context(), site, c, begun.Lease, begun.Taken.Version); done || err != nil {
		t.Fatalf("a newer event is cleared: %t, %v", done, err)
	}
	if second := b.begin(id); !second.Busy {
		t.Errorf("the lease is given back while an event waits: %+v", second)
	}
	if m, err := b.Memory(t.Context(), site, id); m.Status != "paid" || err != nil {
		t.Errorf("what was learned is lost: %+v, %v", m, err)
	}
}

func TestFinishingGivesTheLeaseBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	begun := b.begin(id)
	address := "jo@example.org"
	if _, ok, err := begun.Lease.LockAddresses(t.Context(), site, []string{address}, time.Minute); !ok || err != nil {
		t.Fatalf("the address is held: %t, %v", ok, err)
	}
	c := b.emptyCase()
	c.Addresses[address] = member.Address{Owner: id}
	if done, err := b.Finish(t.Context(), site, c, begun.Lease, begun.Taken.Version); !done || err != nil {
		t.Fatalf("not finished: %t, %v", done, err)
	}
	if n, err := b.Backlog(t.Context()); n.Members != 0 || err != nil {
		t.Errorf("%d members wait, %v", n.Members, err)
	}
	if kept, err := b.Addresses(t.Context(), site, []string{address}); kept[address].Owner != id || err != nil {
		t.Errorf("the address is forgotten: %+v, %v", kept, err)
	}
	lease := b.lock()
	if _, ok, err := lease.LockAddresses(t.Context(), site, []string{address}, time.Minute); !ok || err != nil {
		t.Errorf("the address is still held: %t, %v", ok, err)
	}
	if err := begun.Lease.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, free, err := b.Lock(t.Context(), site, id, time.Minute); free || err != nil {
		t.Errorf("a lease that was given back took another's lock: %t, %v", free, err)
	}
}

func TestWhoLostTheLeaseKeepsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	begun := b.begin(id)
	b.lose()
	c := b.emptyCase()
	c.Memory.Status = "paid"
	pace := store.Pace{PerSecond: 0.001, Burst: 1}
	if _, err := b.Prepare(t.Context(), site, c, begun.Lease, pace); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("prepared: %v", err)
	}
	if _, err := b.Finish(t.Context(), site, c, begun.Lease, begun.Taken.Version); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("finished: %v", err)
	}
	if m, err := b.Memory(t.Context(), site, id); m.Status != "" || err != nil {
		t.Errorf("it was kept: %+v, %v", m, err)
	}
	if n, err := b.Backlog(t.Context()); n.Members != 1 || err != nil {
		t.Errorf("%d members wait, %v", n.Members, err)
	}
	if wait := b.wait(pace); wait != 0 {
		t.Errorf("the slot of a write that was not sent is gone: the next waits %v", wait)
	}
}

func TestPreparingTakesTheSlotOfTheWrite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	begun := b.begin(id)
	c := b.emptyCase()
	c.Memory.Status = "paid"
	pace := store.Pace{PerSecond: 0.1, Burst: 1}
	var waits []time.Duration
	for range 2 {
		wait, err := b.Prepare(t.Context(), site, c, begun.Lease, pace)
		if err != nil {
			t.Fatal(err)
		}
		waits = append(waits, wait.Round(time.Second))
	}
	if waits[0] != 0 || waits[1] != 10*time.Second {
		t.Errorf("waits: %v", waits)
	}
	if m, err := b.Memory(t.Context(), site, id); m.Status != "paid" || err != nil {
		t.Errorf("not kept: %+v, %v", m, err)
	}
}

func TestAFullSyncLearnsWhomWorkersSaved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	begun := b.begin(id)
	if err := b.Save(t.Context(), site, b.emptyCase(), begun.Lease); err != nil {
		t.Fatal(err)
	}
	if n, err := b.redis.Exists(t.Context(), "{ghostcm}:touched:"+site).Result(); n != 0 || err != nil {
		t.Fatalf("noted without a run: %d, %v", n, err)
	}
	if err := b.redis.SAdd(t.Context(), "{ghostcm}:touched:"+site, "run").Err(); err != nil {
		t.Fatal(err)
	}
	if err := b.Save(t.Context(), site, b.emptyCase(), begun.Lease); err != nil {
		t.Fatal(err)
	}
	if there, err := b.redis.SIsMember(t.Context(), "{ghostcm}:touched:"+site, id).Result(); !there || err != nil {
		t.Errorf("not noted: %t, %v", there, err)
	}
}

// A job names the address that it will probably touch, so that one trip takes both
// locks.
func TestAJobTakesItsAddressAlong(t *testing.T) {
	t.Parallel()
	const address = "jo@example.org"
	begin := func(b *bundle, member string) store.Begun {
		begun, err := b.Begin(t.Context(), site, member, store.AddressName(address), store.Pace{}, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return begun
	}
	t.Run("and nobody else has it then", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.accept("one", b.edited())
		begun := begin(b, id)
		if rival, _ := b.tryLock(other); b.widen(rival, address) {
			t.Error("two have the address")
		}
		c := b.emptyCase()
		c.Addresses[address] = member.Address{Owner: id}
		if done, err := b.Finish(t.Context(), site, c, begun.Lease, begun.Taken.Version); !done || err != nil {
			t.Fatalf("not finished: %t, %v", done, err)
		}
		b.accept("two", b.edited())
		known, ok, err := begin(b, id).Lease.LockAddresses(t.Context(), site, []string{address}, time.Minute)
		if !ok || err != nil || known[address].Owner != id {
			t.Errorf("%+v, %t, %v", known, ok, err)
		}
	})
	t.Run("unless another has it", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		rival, _ := b.tryLock(other)
		b.widen(rival, address)
		b.accept("one", b.edited())
		begun := begin(b, id)
		if !begun.Found || b.widen(begun.Lease, address) {
			t.Errorf("two have the address: %+v", begun)
		}
		b.unlock(begun.Lease)
		if third, _ := b.tryLock(id); b.widen(third, address) {
			t.Error("the address was taken from who has it")
		}
	})
	t.Run("and asks again once time has passed", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.accept("one", b.edited())
		begun := begin(b, id)
		b.redis.Del(t.Context(), "{ghostcm}:lock:"+site+":m:"+id) // the lease has ended
		b.pass(3 * time.Second)
		if b.widen(begun.Lease, address) {
			t.Error("a lease that was lost counts")
		}
	})
	t.Run("and keeps it beside others", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.accept("one", b.edited())
		begun := begin(b, id)
		if !b.widen(begun.Lease, "new@example.org") {
			t.Fatal("a free address is held")
		}
		b.unlock(begun.Lease)
		if lease, _ := b.tryLock(other); !b.widen(lease, address, "new@example.org") {
			t.Error("an address stays held")
		}
	})
}

// Each job names the address that its member comes to, which is the other's until
// then: each has one of the two that both need.
func TestOfTwoMembersThatExchangeAddressesOneGetsBoth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := "jo@example.org", "flo@example.org"
	var leases []*store.Lease
	for member, address := range map[string]string{id: second, other: first} {
		if _, err := b.Accept(t.Context(), store.Delivery{Site: site, Event: b.editedOf(member)}, job(member)); err != nil {
			t.Fatal(err)
		}
		begun, err := b.Begin(t.Context(), site, member, store.AddressName(address), store.Pace{}, time.Minute)
		if err != nil || !begun.Found {
			t.Fatalf("%+v, %v", begun, err)
		}
		leases = append(leases, begun.Lease)
	}
	got := []bool{b.widen(leases[0], first, second), b.widen(leases[1], first, second)}
	if got[0] == got[1] {
		t.Errorf("got both: %v", got)
	}
	for _, lease := range leases {
		b.unlock(lease)
	}
	if lease, _ := b.tryLock(id); !b.widen(lease, first, second) {
		t.Error("an address stays held")
	}
}
