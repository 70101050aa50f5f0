package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

const dead = "{ghostcm}:dead"

// letter puts a dead letter there, of the job with that name.
func (b *bundle) letter(name string) store.Letter {
	b.t.Helper()
	if err := b.redis.ZAdd(b.t.Context(), dead, redis.Z{Score: 1, Member: "letter " + name}).Err(); err != nil {
		b.t.Fatal(err)
	}
	return store.Letter{Site: site, ID: id, Key: dead, Raw: "letter " + name, JobID: name}
}

// dies takes what waits for the member and puts it back for good, with a letter.
func (b *bundle) dies(name string) store.Letter {
	b.t.Helper()
	b.release(b.take(), store.Dead, "unused")
	if err := b.redis.Del(b.t.Context(), queue).Err(); err != nil {
		b.t.Fatal(err)
	}
	return b.letter(name)
}

func (b *bundle) revive(l store.Letter, keep bool, name string) store.Revived {
	b.t.Helper()
	became, err := b.Revive(b.t.Context(), l, keep, job(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return became
}

func (b *bundle) drops(l store.Letter) bool {
	b.t.Helper()
	dropped, err := b.DropLetter(b.t.Context(), l)
	if err != nil {
		b.t.Fatal(err)
	}
	return dropped
}

func (b *bundle) kept() store.Kept {
	b.t.Helper()
	kept, err := b.Kept(b.t.Context(), site, id)
	if err != nil {
		b.t.Fatal(err)
	}
	return kept
}

func (b *bundle) letters() []string {
	b.t.Helper()
	left, err := b.redis.ZRange(b.t.Context(), dead, 0, -1).Result()
	if err != nil {
		b.t.Fatal(err)
	}
	return left
}

// telling is an event that tells an address.
func (b *bundle) telling(email string) member.Event {
	e := b.edited()
	e.Facts.Email = member.Some(email)
	return e
}

func TestAReplayTakesTheFactsThatTheLetterKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.telling("jo@example.org"))
	l := b.dies("one")
	b.pass(time.Hour)
	if became := b.revive(l, false, "again"); became != store.Requeued {
		t.Fatalf("it became %q", became)
	}
	if diff := cmp.Diff([]string{"raw again"}, b.queued()); diff != "" || len(b.letters()) > 0 {
		t.Errorf("queue: %s; letters %v", diff, b.letters())
	}
	if diff := cmp.Diff([]time.Duration{0}, b.overdue(0)); diff != "" {
		t.Errorf("a lost job of a replay is not found again: %s", diff)
	}
	if backlog, err := b.Backlog(t.Context()); err != nil || backlog != (store.Backlog{Members: 1, Oldest: time.Hour}) {
		t.Errorf("backlog %+v, %v", backlog, err)
	}
	if ttl := b.ttl("{ghostcm}:inbox:" + site + ":" + id); ttl >= 0 {
		t.Errorf("what is replayed ends in %v", ttl)
	}
	want := store.Kept{Waiting: "queued", JobID: "again", ReceivedAt: b.now.Add(-time.Hour), Events: []string{"event-one"}, Email: "jo@example.org"}
	if diff := cmp.Diff(want, b.kept()); diff != "" {
		t.Errorf("kept: %s", diff)
	}
	if again := b.revive(l, false, "twice"); again != store.Missing || len(b.queued()) != 1 {
		t.Errorf("a second replay: %q, queue %v", again, b.queued())
	}
}

func TestAReplayDoesNotRunBesideAJobThatSeesTheSame(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state  func(b *bundle)
		became store.Revived
		queue  []string
	}{
		"a newer event's job is queued":  {func(b *bundle) { b.accept("newer", b.edited()) }, store.Joined, []string{"raw newer"}},
		"one is running":                 {func(b *bundle) { b.accept("newer", b.edited()); b.take() }, store.Joined, []string{"raw newer"}},
		"one waits for its slot":         {func(b *bundle) { b.accept("newer", b.edited()); b.release(b.take(), store.ForSlot, "x") }, store.Joined, []string{"raw newer"}},
		"one waits for its retry":        {func(b *bundle) { b.accept("newer", b.edited()); b.release(b.take(), store.ForRetry, "x") }, store.Requeued, []string{"raw newer", "raw again"}},
		"a newer event has been applied": {func(b *bundle) { b.accept("newer", b.edited()); b.complete(b.take().Version) }, store.Applied, []string{"raw newer"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.accept("one", b.edited())
			l := b.dies("one")
			c.state(b)
			if became := b.revive(l, false, "again"); became != c.became || len(b.letters()) > 0 {
				t.Errorf("it became %q; letters %v", became, b.letters())
			}
			if diff := cmp.Diff(c.queue, b.queued()); diff != "" {
				t.Errorf("queue: %s", diff)
			}
		})
	}
}

func TestALetterThatIsKeptIsStillThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	l := b.dies("one")
	if became := b.revive(l, true, "again"); became != store.Requeued || len(b.letters()) != 1 || len(b.queued()) != 1 {
		t.Errorf("it became %q; letters %v, queue %v", became, b.letters(), b.queued())
	}
	b.drops(l)
	if became := b.revive(l, true, "gone"); became != store.Missing || len(b.queued()) != 1 {
		t.Errorf("a letter that is gone became %q, queue %v", became, b.queued())
	}
}

func TestWhatIsDroppedLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.telling("jo@example.org"))
	l := b.dies("one")
	if !b.drops(l) || b.drops(l) {
		t.Error("it was not dropped once")
	}
	if left, err := b.redis.Keys(t.Context(), "*").Result(); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestADropLeavesWhatOthersNeed(t *testing.T) {
	t.Parallel()
	for name, state := range map[string]func(b *bundle){
		"a newer event":          func(b *bundle) { b.accept("newer", b.edited()) },
		"a newer event's letter": func(b *bundle) { b.accept("newer", b.edited()); b.dies("newer") },
		"its own replay":         func(b *bundle) { b.revive(b.letter("one"), true, "again") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.accept("one", b.telling("jo@example.org"))
			l := b.dies("one")
			state(b)
			before := b.kept()
			if !b.drops(l) {
				t.Error("it was gone")
			}
			if diff := cmp.Diff(before, b.kept()); diff != "" || before.Email == "" {
				t.Errorf("the facts went, too: %s", diff)
			}
		})
	}
}

func TestWhyMembersWaitIsAskedForManyAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accept("one", b.edited())
	waits, err := b.Waits(t.Context(), []store.Ref{{Site: site, ID: "nobody"}, {Site: site, ID: id}})
	if diff := cmp.Diff([]string{"", "queued"}, waits); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if none, err := b.Waits(t.Context(), nil); len(none) > 0 || err != nil {
		t.Errorf("%v, %v", none, err)
	}
	if none, err := b.Kept(t.Context(), site, "nobody"); err != nil || cmp.Diff(store.Kept{Events: []string{}}, none) != "" {
		t.Errorf("%+v, %v", none, err)
	}
}
