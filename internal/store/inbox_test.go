package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// drawnEvent is any event of one member.
func drawnEvent(t *rapid.T) member.Event {
	text := rapid.SampledFrom([]string{"", "a@x.org", "B|:@x.org", "ü,'\"\\", "\x00"})
	e := member.Event{Type: rapid.SampledFrom([]member.EventType{member.Added, member.Edited, member.Deleted}).Draw(t, "type")}
	if sent := rapid.Int64Range(0, 6).Draw(t, "sent"); sent > 0 {
		e.SentAt = time.UnixMilli(sent)
	}
	if rapid.Bool().Draw(t, "tells email") {
		e.Facts.Email, e.Previous.Email = member.Some(text.Draw(t, "email")), member.Some(text.Draw(t, "previous email"))
	}
	if rapid.Bool().Draw(t, "tells labels") {
		e.Facts.Labels = member.Some(rapid.SliceOfN(text, 0, 2).Draw(t, "labels"))
	}
	if rapid.Bool().Draw(t, "tells status") {
		e.Facts.Status, e.Previous.Status = member.Some(text.Draw(t, "status")), member.Some(text.Draw(t, "previous status"))
		e.Previous.Subscribed = member.Some(rapid.Bool().Draw(t, "was subscribed"))
	}
	return e
}

func TestTheInboxMergesAsEntriesDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		want := member.Entry{ID: id}
		for _, e := range rapid.SliceOfN(rapid.Custom(drawnEvent), 1, 6).Draw(rt, "events") {
			e.Facts.ID = id
			b.accept("job", e)
			want = want.Merge(member.EntryOf(e))
		}
		taken := b.take()
		slices.Sort(taken.Entry.Addresses)
		if diff := cmp.Diff(want, taken.Entry, cmp.Transformer("empty", emptyIsNil)); diff != "" {
			rt.Fatalf("(-entries +inbox):\n%s", diff)
		}
		if !b.complete(taken.Version) {
			rt.Fatal("not cleared")
		}
	})
}

func emptyIsNil(s []string) []string {
	if len(s) == 0 {
		return nil
	}
	return s
}

func TestAnEventJoinsTheJobThatWillSeeIt(t *testing.T) {
	t.Parallel()
	for name, living := range map[string]func(b *bundle){
		"queued":             func(*bundle) {},
		"running":            func(b *bundle) { b.take() },
		"waiting for a slot": func(b *bundle) { b.release(b.take(), store.ForSlot, "unused") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			if first := b.accept("one", b.edited()); first != (store.Receipt{JobID: "one"}) {
				t.Fatalf("the first: %+v", first)
			}
			living(b)
			if second := b.accept("two", b.edited()); second != (store.Receipt{JobID: "one", Coalesced: true}) {
				t.Errorf("the second: %+v", second)
			}
			if diff := cmp.Diff([]string{"raw one"}, b.queued()); diff != "" {
				t.Errorf("queue: %s", diff)
			}
		})
	}
}

func TestAnEventDoesNotWaitForARetryNorForTheDead(t *testing.T) {
	t.Parallel()
	for name, why := range map[string]store.Waiting{"retry": store.ForRetry, "dead": store.Dead} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.accept("one", member.Event{Type: member.Edited, SentAt: b.now, Facts: member.Facts{Name: member.Some("Jo")}})
			b.release(b.take(), why, "unused")
			if second := b.accept("two", b.edited()); second != (store.Receipt{JobID: "two"}) {
				t.Errorf("the second: %+v", second)
			}
			if diff := cmp.Diff([]string{"raw one", "raw two"}, b.queued()); diff != "" {
				t.Errorf("queue: %s", diff)
			}
			if ttl := b.ttl("{ghostcm}:inbox:" + site + ":" + id); ttl >= 0 {
				t.Errorf("the entry ends in %v", ttl)
			}
			if taken := b.take(); taken.Entry.Known["name"].JSON != `"Jo"` {
				t.Errorf("what the first told is forgotten: %+v", taken.Entry)
			}
		})
	}
}

func (b *bundle) ttl(key string) time.Duration {
	b.t.Helper()
	d, err := b.redis.PTTL(b.t.Context(), key).Result()
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

func TestOnlyWhatWasTakenIsCleared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	taken := b.take()
	b.accept("two", b.edited())
	if b.complete(taken.Version) {
		t.Error("a newer event is cleared")
	}
	if !b.complete(b.take().Version) {
		t.Error("the newest is not cleared")
	}
	if begun := b.begin(id); begun.Found {
		t.Errorf("still there: %+v", begun)
	}
	if n, err := b.Backlog(t.Context()); n.Members != 0 || err != nil {
		t.Errorf("%d entries wait, %v", n, err)
	}
}

func TestAWorkerThatWokeLateClearsNothingNew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	frozen := b.take()
	b.complete(b.take().Version) // by another worker
	b.accept("two", b.edited())
	if b.complete(frozen.Version) {
		t.Error("the new entry is cleared")
	}
}

func TestAnEntryKnowsItsNewestEventsAndItsAge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	begun := b.now
	for range 300 {
		b.accept("one", b.edited())
		b.pass(time.Second)
	}
	b.accept("new", b.edited())
	taken := b.take()
	if !taken.ReceivedAt.Equal(begun) {
		t.Errorf("received at %v, want %v", taken.ReceivedAt, begun)
	}
	n := len(taken.Events)
	if n < 100 || n > 200 || taken.Events[n-1] != "event-new" {
		t.Errorf("%d events: %q", n, taken.Events)
	}
	for _, e := range taken.Events {
		if e != "event-one" && e != "event-new" {
			t.Errorf("half an id: %q", e)
		}
	}
}

func TestNoKeyHoldsAnAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email := "jo@example.org"
	b.accept("one", member.Event{
		Type: member.Edited, SentAt: b.now,
		Facts: member.Facts{Email: member.Some(email)}, Previous: member.Previous{Email: member.Some("old-" + email)},
	})
	lease := b.lock()
	if _, ok, err := lease.LockAddresses(t.Context(), site, []string{email}, time.Minute); !ok || err != nil {
		t.Fatal(ok, err)
	}
	c := &member.Case{ID: id, Memory: member.Memory{Email: email}, Addresses: map[string]member.Address{email: {Owner: id}}}
	if err := b.Save(t.Context(), site, c, lease); err != nil {
		t.Fatal(err)
	}
	for _, key := range b.keys() {
		if contains(key, email) {
			t.Errorf("key %q", key)
		}
		mayHold := key == "{ghostcm}:inbox:"+site+":"+id || key == "{ghostcm}:member:"+site+":"+id
		if dump := b.redis.Dump(t.Context(), key).Val(); contains(dump, email) && !mayHold {
			t.Errorf("the value of %q", key)
		}
	}
}
