package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

func (b *bundle) mark(name string) {
	b.t.Helper()
	b.do(b.Mark(b.t.Context(), site, []store.Mark{{ID: id, Job: job(name)}}))
}

func TestAMarkedMemberIsDoubted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.mark("one")
	b.mark("two")
	if diff := cmp.Diff([]string{"raw one"}, b.queued()); diff != "" {
		t.Errorf("queue: %s", diff)
	}
	overdue, err := b.Overdue(t.Context(), b.now.Add(time.Second), 10)
	if len(overdue) != 1 || err != nil {
		t.Errorf("a sweeper would find %+v, %v", overdue, err)
	}
	taken := b.take()
	if !taken.Doubt || taken.Version != "two" || !taken.ReceivedAt.Equal(b.now) || taken.Entry.SentAt != 0 {
		t.Errorf("%+v", taken)
	}
	backlog, err := b.Backlog(t.Context())
	if backlog.Members != 1 || err != nil {
		t.Errorf("%+v, %v", backlog, err)
	}
}

func TestAMarkJoinsWhatWaitsAndForgetsNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		waits func(b *bundle)
		jobs  []string
	}{
		"queued":             {func(*bundle) {}, []string{"raw one"}},
		"running":            {func(b *bundle) { b.take() }, []string{"raw one"}},
		"waiting for a slot": {func(b *bundle) { b.release(b.take(), store.ForSlot, "unused") }, []string{"raw one"}},
		"waiting to retry":   {func(b *bundle) { b.release(b.take(), store.ForRetry, "unused") }, []string{"raw one", "raw mark"}},
		"dead":               {func(b *bundle) { b.release(b.take(), store.Dead, "unused") }, []string{"raw one", "raw mark"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.accept("one", member.Event{Type: member.Edited, SentAt: b.now, Facts: member.Facts{Name: member.Some("Jo")}})
			c.waits(b)
			b.mark("mark")
			if diff := cmp.Diff(c.jobs, b.queued()); diff != "" {
				t.Errorf("queue: %s", diff)
			}
			if ttl := b.ttl("{ghostcm}:inbox:" + site + ":" + id); ttl >= 0 {
				t.Errorf("the entry ends in %v", ttl)
			}
			if taken := b.take(); !taken.Doubt || taken.Entry.Known["name"].JSON != `"Jo"` {
				t.Errorf("%+v", taken)
			}
			if backlog, err := b.Backlog(t.Context()); backlog.Members != 1 || err != nil {
				t.Errorf("%+v, %v", backlog, err)
			}
		})
	}
}

func TestAMarkThatComesWhileAWorkerIsAtItIsNotClearedByIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	taken := b.take()
	b.mark("mark")
	if b.complete(taken.Version) {
		t.Fatal("the mark was cleared by a worker that never saw it")
	}
	if again := b.take(); !again.Doubt || !b.complete(again.Version) {
		t.Errorf("the mark is lost or stays: %+v", again)
	}
}

func TestManyAreMarked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var marks []store.Mark
	var ids []string
	for n := range 1234 {
		marks = append(marks, store.Mark{ID: memberID(n), Job: job(memberID(n))})
		ids = append(ids, memberID(n))
	}
	b.do(b.Mark(t.Context(), site, marks))
	if n := len(b.queued()); n != 1234 {
		t.Errorf("%d jobs", n)
	}
	for n, got := range b.recallAll(ids...) {
		if got.Waiting != store.Queued {
			t.Fatalf("member %d: %+v", n, got)
		}
	}
}

func TestWhatBecameOfTheMarkedIsCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pending := func(ids ...string) store.Pending {
		p, err := b.Pending(t.Context(), site, ids)
		b.do(err)
		return p
	}
	if diff := cmp.Diff(store.Pending{Done: 2}, pending(other, id)); diff != "" {
		t.Errorf("before: %s", diff)
	}
	b.mark("one")
	for why, want := range map[store.Waiting]store.Pending{
		store.ForSlot:  {Done: 1, Waiting: 1, Left: []string{id}},
		store.ForRetry: {Done: 1, Retrying: 1, Left: []string{id}},
		store.Dead:     {Done: 1, Dead: 1},
	} {
		if diff := cmp.Diff(store.Pending{Done: 1, Waiting: 1, Left: []string{id}}, pending(other, id)); diff != "" {
			t.Errorf("queued: %s", diff)
		}
		taken := b.take()
		if diff := cmp.Diff(store.Pending{Done: 1, Waiting: 1, Left: []string{id}}, pending(other, id)); diff != "" {
			t.Errorf("running: %s", diff)
		}
		b.release(taken, why, "unused")
		if diff := cmp.Diff(want, pending(other, id)); diff != "" {
			t.Errorf("%s: %s", why, diff)
		}
		b.mark("again")
	}
	var many []string
	for n := range 6000 {
		many = append(many, memberID(n))
	}
	b.do(b.Mark(t.Context(), site, []store.Mark{{ID: many[0], Job: job("first")}, {ID: many[5999], Job: job("last")}}))
	if diff := cmp.Diff(store.Pending{Done: 5998, Waiting: 2, Left: []string{many[0], many[5999]}}, pending(many...)); diff != "" {
		t.Errorf("of many: %s", diff)
	}
}
