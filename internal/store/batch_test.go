package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

func TestABatchLeavesOutWhatOthersHold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	worker, _ := b.tryLock(memberID(3))
	another, _ := b.tryLock(other)
	b.widen(another, emailOf(150)) // the address of a member whom nobody holds
	batch, took := b.batch(0, 250)
	for n, ok := range took {
		if ok != (n != 3 && n != 150) {
			t.Errorf("member %d: %t", n, ok)
		}
	}
	if lease, free := b.tryLock(memberID(150)); !free {
		t.Error("a claim that was refused has locked its member")
	} else {
		b.unlock(lease)
	}
	if _, free := b.tryLock(memberID(200)); free {
		t.Error("a member of the batch is free")
	}
	if b.widen(another, emailOf(200)) {
		t.Error("an address of the batch is free")
	}
	b.do(batch.Unlock(t.Context()))
	if _, free := b.tryLock(memberID(3)); free {
		t.Error("the batch gave back a worker's lock")
	}
	b.unlock(worker)
	b.unlock(another)
	if n := b.redis.DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("left: %q", b.keys())
	}
}

func TestTwoOfABatchDoNotShareAnAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, took, err := b.LockBatch(t.Context(), site, []store.Claim{
		{ID: id, Emails: []string{"a@x.org", "b@x.org"}},
		{ID: other, Emails: []string{"c@x.org", "A@x.org"}},
		{ID: memberID(1), Emails: []string{"c@x.org", "C@x.org"}}, // one address, spelt twice
		{ID: memberID(2)},
		{ID: id},
	}, time.Minute)
	if diff := cmp.Diff([]bool{true, false, true, true, false}, took); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestTheLocksOfABatchEndByThemselves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.batch(0, 3)
	if n := len(b.keys()); n != 6 {
		t.Errorf("%d locks", n)
	}
	for _, key := range b.keys() {
		if ttl := b.ttl(key); ttl <= 0 || ttl > time.Minute {
			t.Errorf("%s ends in %v", key, ttl)
		}
	}
}

func TestABatchRenewsItsOwnLocksAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	batch, _ := b.batch(0, 150) // more than one call renews
	lost, lent := "{ghostcm}:lock:"+site+":m:"+memberID(3), "{ghostcm}:lock:"+site+":m:"+memberID(4)
	b.do(b.redis.Del(t.Context(), lost, lent).Err())
	b.tryLock(memberID(4))
	b.do(batch.Renew(t.Context(), time.Hour))
	longer := 0
	for _, key := range b.keys() {
		if b.ttl(key) > time.Minute {
			longer++
		}
	}
	if longer != 298 || b.ttl(lent) > time.Minute || b.redis.Exists(t.Context(), lost).Val() != 0 {
		t.Errorf("%d of 298 were renewed", longer)
	}
}

func TestABatchKeepsWhatSaveKeeps(t *testing.T) {
	t.Parallel()
	one, two := setup(t), setup(t)
	histories := [][]*member.Case{
		{caseOf(0), caseOf(1), caseOf(2)},
		{
			{ID: memberID(0), Memory: member.Memory{DeletedAt: 5}, Addresses: map[string]member.Address{emailOf(0): {}}},
			{ID: memberID(1), Memory: member.Memory{Email: "b@x.org"}, Addresses: map[string]member.Address{
				emailOf(1): {}, "b@x.org": {Owner: memberID(1)}, "c@x.org": {OptOut: &member.OptOut{State: "206"}},
			}},
			{ID: memberID(3), Memory: member.Memory{Status: "paid"}},
		},
		{{ID: memberID(0), Memory: member.Memory{Email: emailOf(0)}}}, // the delete was a mistake
	}
	for _, cases := range histories {
		batch, _ := one.batch(0, 4)
		if kept, err := batch.Save(t.Context(), cases); err != nil || count(kept) != len(cases) {
			t.Fatalf("kept %v: %v", kept, err)
		}
		one.do(batch.Unlock(t.Context()))
		for _, c := range cases {
			lease, _ := two.tryLock(c.ID)
			two.do(two.Save(t.Context(), site, c, lease))
			two.unlock(lease)
		}
		if diff := cmp.Diff(two.dump(), one.dump()); diff != "" {
			t.Fatalf("(-save +batch) %s", diff)
		}
	}
}

// dump is every key that is a string with its value, and whether it ends.
func (b *bundle) dump() map[string]string {
	b.t.Helper()
	all := map[string]string{}
	for _, key := range b.keys() {
		all[key] = b.redis.Get(b.t.Context(), key).Val()
		if ttl := b.ttl(key); ttl > 0 {
			all[key] += " for " + ttl.Round(time.Hour).String()
		}
	}
	return all
}

func TestOfABatchOnlyTheHeldAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	batch, _ := b.batch(0, 230)
	for _, n := range []int{0, 99, 100, 229} {
		b.redis.Del(t.Context(), "{ghostcm}:lock:"+site+":m:"+memberID(n))
	}
	b.tryLock(memberID(99)) // another writes it now
	var cases []*member.Case
	for n := range 240 { // ten were never claimed
		cases = append(cases, caseOf(n))
	}
	kept, err := batch.Save(t.Context(), cases)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for n, ok := range kept {
		if ok != (n < 229 && n != 0 && n != 99 && n != 100) {
			t.Errorf("member %d: %t", n, ok)
		}
		ids = append(ids, memberID(n))
	}
	for n, got := range b.recallAll(ids...) {
		if got.Known != kept[n] {
			t.Errorf("member %d: %+v", n, got)
		}
	}
	if addresses, err := b.RecallAddresses(t.Context(), site, []string{emailOf(99), emailOf(235)}); err != nil || len(addresses) != 0 {
		t.Errorf("kept addresses of them: %v, %v", addresses, err)
	}
	if got := b.redis.Get(t.Context(), "{ghostcm}:members:"+site).Val(); got != "226" {
		t.Errorf("%s members are known", got)
	}
}
