package store_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

const other = "65f0c0ffee65f0c0ffee65f1"

// tryLock takes the lock of a member if it is free.
func (b *bundle) tryLock(member string) (*store.Lease, bool) {
	b.t.Helper()
	lease, ok, err := b.Lock(b.t.Context(), site, member, time.Minute)
	if err != nil {
		b.t.Fatal(err)
	}
	return lease, ok
}

// widen adds addresses to a lease.
func (b *bundle) widen(lease *store.Lease, emails ...string) bool {
	b.t.Helper()
	_, ok, err := lease.LockAddresses(b.t.Context(), site, emails, time.Minute)
	if err != nil {
		b.t.Fatal(err)
	}
	return ok
}

func (b *bundle) unlock(lease *store.Lease) {
	b.t.Helper()
	if err := lease.Unlock(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func TestAMemberHasOneWriter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var holders atomic.Int64
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			if _, ok := b.tryLock(id); ok {
				holders.Add(1)
			}
		})
	}
	workers.Wait()
	if n := holders.Load(); n != 1 {
		t.Errorf("%d workers hold the lock", n)
	}
	if _, ok := b.tryLock(other); !ok {
		t.Error("another member is locked")
	}
}

func TestAddressesAreLockedAllOrNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, _ := b.tryLock(id)
	two, _ := b.tryLock(other)
	if !b.widen(one, "a@x.org", "b@x.org") {
		t.Fatal("free addresses are refused")
	}
	if b.widen(two, "c@x.org", "B@X.org") {
		t.Error("an address has two holders")
	}
	if !b.widen(one, "c@x.org") {
		t.Error("a refusal has locked an address")
	}
	if ttl := b.ttl("{ghostcm}:lock:" + site + ":m:" + id); ttl < 50*time.Second {
		t.Errorf("the lease ends in %v", ttl)
	}
}

func TestALeaseGivesBackItsOwnLocksOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, _ := b.tryLock(id)
	b.widen(one, "a@x.org")
	b.lose()
	two, ok := b.tryLock(id)
	if !ok {
		t.Fatal("a lock that ended is not free")
	}
	b.unlock(one)
	if _, ok := b.tryLock(id); ok {
		t.Error("another's lock was given back")
	}
	if !b.widen(two, "a@x.org") {
		t.Error("its own lock was not given back")
	}
	b.unlock(two)
	third, ok := b.tryLock(id)
	if !ok || !b.widen(third, "a@x.org") {
		t.Error("locks were not given back")
	}
}

func TestALeaseThatIsLostDoesNotGrow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lease := b.lock()
	b.lose()
	// Another may have come and gone meanwhile: what was read is old.
	if b.widen(lease, "a@x.org") {
		t.Error("a lost lease came back")
	}
	if _, ok := b.tryLock(id); !ok {
		t.Error("a lost lease locks")
	}
}

func TestALockEndsByItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lease := b.lock()
	if !b.widen(lease, "a@x.org") {
		t.Fatal("refused")
	}
	for _, key := range b.keys() {
		if ttl := b.ttl(key); ttl <= 0 || ttl > time.Minute {
			t.Errorf("%s ends in %v", key, ttl)
		}
	}
}

// save keeps a member's memory and addresses.
func (b *bundle) save(lease *store.Lease, m member.Memory, addresses map[string]member.Address) error {
	return b.Save(b.t.Context(), site, &member.Case{ID: id, Memory: m, Addresses: addresses}, lease)
}

// recall compares what is remembered.
func (b *bundle) recall(m member.Memory, addresses map[string]member.Address, emails ...string) {
	b.t.Helper()
	gotMemory, err := b.Memory(b.t.Context(), site, id)
	if err != nil {
		b.t.Fatal(err)
	}
	gotAddresses, err := b.Addresses(b.t.Context(), site, emails)
	if err != nil {
		b.t.Fatal(err)
	}
	if diff := cmp.Diff(m, gotMemory); diff != "" {
		b.t.Errorf("memory: %s", diff)
	}
	if diff := cmp.Diff(addresses, gotAddresses); diff != "" {
		b.t.Errorf("addresses: %s", diff)
	}
}

func TestWhatIsSavedIsRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.recall(member.Memory{}, map[string]member.Address{})
	m := member.Memory{
		Email: "A@x.org", Perhaps: []string{"b@x.org"}, Status: "paid", StatusChangedAt: b.now.UTC(), Layout: "l", AppliedAt: 7, Lag: map[string]int64{"labels": 3},
		Subscribed: member.Some(false),
	}
	m.Written.Set(member.FactStatus, "paid")
	addresses := map[string]member.Address{
		"a@x.org": {Owner: id, ClaimedAt: 5, CreatedAt: 6},
		"b@x.org": {Removal: &member.Removal{Delete: true, Done: true, State: "Deleted", Date: "now"}},
		"d@x.org": {OptOut: &member.OptOut{State: "206"}},
	}
	if err := b.save(b.lock(), m, addresses); err != nil {
		t.Fatal(err)
	}
	b.recall(m, addresses, "A@x.org", "b@x.org", "c@x.org", "d@x.org")
}

func TestAnAddressOfWhichNothingIsKnownIsForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lease := b.lock()
	if err := b.save(lease, member.Memory{}, map[string]member.Address{"a@x.org": {Owner: id}}); err != nil {
		t.Fatal(err)
	}
	before := len(b.keys())
	if err := b.save(lease, member.Memory{}, map[string]member.Address{"a@x.org": {}}); err != nil {
		t.Fatal(err)
	}
	b.recall(member.Memory{}, map[string]member.Address{}, "a@x.org")
	if n := len(b.keys()); n != before-1 {
		t.Errorf("%d keys, were %d", n, before)
	}
}

func TestNothingIsSavedOnceTheLeaseIsLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lease := b.lock()
	b.lose()
	for range 2 { // with nobody holding the lock, and with another
		err := b.save(lease, member.Memory{Email: "a@x.org"}, map[string]member.Address{"a@x.org": {Owner: id}})
		if !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("saved: %v", err)
		}
		b.recall(member.Memory{}, map[string]member.Address{}, "a@x.org")
		b.tryLock(id)
	}
}

func TestADeletedMemberIsRememberedForNinetyDays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lease := b.lock()
	const key = "{ghostcm}:member:" + site + ":" + id
	if err := b.save(lease, member.Memory{DeletedAt: 1}, nil); err != nil {
		t.Fatal(err)
	}
	if ttl := b.ttl(key); ttl > 90*24*time.Hour || ttl < 90*24*time.Hour-time.Minute {
		t.Errorf("ends in %v", ttl)
	}
	if err := b.save(lease, member.Memory{Email: "a@x.org"}, nil); err != nil { // it was a mistake
		t.Fatal(err)
	}
	if ttl := b.ttl(key); ttl >= 0 {
		t.Errorf("a living member ends in %v", ttl)
	}
}

// vanish counts how many of so many vanished members may be removed today.
func (b *bundle) vanish(tries int) (allowed int) {
	b.t.Helper()
	for i := range tries {
		ok, err := b.AllowVanished(b.t.Context(), site, strconv.Itoa(i))
		if err != nil {
			b.t.Fatal(err)
		}
		if ok {
			allowed++
		}
	}
	return allowed
}

func TestFewVanishedMembersAreRemovedADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if n := b.vanish(30); n != 20 {
		t.Errorf("%d of an unknown number", n)
	}
	if n := b.vanish(30); n != 20 { // asked again for the same
		t.Errorf("%d when asked again", n)
	}
	b.pass(24 * time.Hour)
	lease := b.lock()
	for range 3 { // counted once
		if err := b.save(lease, member.Memory{Email: "a@x.org"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.redis.Get(t.Context(), "{ghostcm}:members:"+site).Val(); got != "1" {
		t.Errorf("%s members are known", got)
	}
	b.redis.Set(t.Context(), "{ghostcm}:members:"+site, 2599, 0)
	if n := b.vanish(40); n != 25 {
		t.Errorf("%d of 2599", n)
	}
	if ok, err := b.AllowVanished(t.Context(), "another", id); !ok || err != nil {
		t.Errorf("another site: %t, %v", ok, err)
	}
}
