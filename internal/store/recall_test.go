package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// memberID is the id of the n-th of many members.
func memberID(n int) string { return fmt.Sprintf("%024x", n) }

func emailOf(n int) string { return fmt.Sprintf("m%d@example.org", n) }

// caseOf is the case of the n-th member, as written.
func caseOf(n int) *member.Case {
	return &member.Case{
		ID: memberID(n), Memory: member.Memory{Email: emailOf(n), Status: "free"},
		Addresses: map[string]member.Address{emailOf(n): {Owner: memberID(n)}},
	}
}

// batch locks members from…to.
func (b *bundle) batch(from, to int) (*store.Batch, []bool) {
	b.t.Helper()
	var claims []store.Claim
	for n := from; n < to; n++ {
		claims = append(claims, store.Claim{ID: memberID(n), Emails: []string{emailOf(n)}})
	}
	batch, took, err := b.LockBatch(b.t.Context(), site, claims, time.Minute)
	if err != nil {
		b.t.Fatal(err)
	}
	return batch, took
}

// known saves members from…to, as a batch does.
func (b *bundle) known(from, to int) {
	b.t.Helper()
	batch, _ := b.batch(from, to)
	var cases []*member.Case
	for n := from; n < to; n++ {
		cases = append(cases, caseOf(n))
	}
	kept, err := batch.Save(b.t.Context(), cases)
	if err != nil || count(kept) != to-from {
		b.t.Fatalf("kept %d of %d: %v", count(kept), to-from, err)
	}
	if err := batch.Unlock(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func count(flags []bool) (n int) {
	for _, flag := range flags {
		if flag {
			n++
		}
	}
	return n
}

func (b *bundle) recallAll(ids ...string) []store.Recalled {
	b.t.Helper()
	got, err := b.Recall(b.t.Context(), site, ids)
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

// workerSaves saves a member as a worker does.
func (b *bundle) workerSaves(id string) {
	b.t.Helper()
	lease, free := b.tryLock(id)
	if !free {
		b.t.Fatal("the lock is not free")
	}
	if err := b.Save(b.t.Context(), site, &member.Case{ID: id, Memory: member.Memory{Email: "w@x.org"}}, lease); err != nil {
		b.t.Fatal(err)
	}
	b.unlock(lease)
}

func TestManyAreRecalledInTheirOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.known(0, 6000)
	var ids, emails []string
	for n := 6999; n >= 0; n-- { // more than one round trip takes, and a thousand whom nobody knows
		ids, emails = append(ids, memberID(n)), append(emails, "M"+emailOf(n)[1:])
	}
	for i, got := range b.recallAll(ids...) {
		n, want := 6999-i, store.Recalled{}
		if n < 6000 {
			want = store.Recalled{Memory: caseOf(n).Memory, Known: true}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("member %d: %s", n, diff)
		}
	}
	addresses, err := b.RecallAddresses(t.Context(), site, emails)
	if err != nil || len(addresses) != 6000 {
		t.Fatalf("%d addresses, %v", len(addresses), err)
	}
	for n := range 6000 {
		if got := addresses[emailOf(n)].Owner; got != memberID(n) {
			t.Fatalf("the address of %d is owned by %q", n, got)
		}
	}
}

func TestNothingIsRecalledOfNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if got := b.recallAll(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	got, err := b.RecallAddresses(t.Context(), site, nil)
	if err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatWaitsForAMemberIsRecalled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	told := func() store.Recalled { return b.recallAll(other, id)[1] }
	if got := told(); got.Known || got.Waiting != "" {
		t.Errorf("before: %+v", got)
	}
	b.accept("one", b.edited())
	if got := told().Waiting; got != store.Queued {
		t.Errorf("queued: %q", got)
	}
	for _, why := range []store.Waiting{store.ForSlot, store.ForRetry, store.Dead} {
		taken := b.take()
		if got := told().Waiting; got != store.Running {
			t.Errorf("running: %q", got)
		}
		b.release(taken, why, "unused")
		if got := told().Waiting; got != why {
			t.Errorf("%s: %q", why, got)
		}
	}
	if got := b.recallAll(other)[0].Waiting; got != "" {
		t.Errorf("another: %q", got)
	}
}

func TestWhomAWorkerSavesDuringARunIsTouched(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.workerSaves(id) // before the run
	run := b.openRun()
	if b.recallAll(id)[0].Touched {
		t.Error("touched before the run")
	}
	b.known(1, 2)
	b.workerSaves(other)
	for i, want := range []bool{false, false, true} {
		if got := b.recallAll(id, memberID(1), other)[i]; got.Touched != want || !got.Known {
			t.Errorf("member %d: %+v", i, got)
		}
	}
	if err := run.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.recallAll(other)[0].Touched {
		t.Error("touched after the run")
	}
	b.workerSaves(id)
	b.openRun()
	if b.recallAll(id)[0].Touched || b.recallAll(other)[0].Touched {
		t.Error("the next run begins with those of another")
	}
}
