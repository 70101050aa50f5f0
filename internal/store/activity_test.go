package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

// written is an entry with everything in it.
func written(b *bundle) store.Activity {
	return store.Activity{
		At: b.now, Site: site, Event: "member.edited", MemberID: id, EmailHash: "b6be3cb544f7", Outcome: "updated", Code: "none",
		Attempt: 2, Took: 31 * time.Millisecond, Lag: 1500 * time.Millisecond, JobID: "job", EventIDs: []string{"one", "two"},
		Who: "cli", Counts: map[string]int{"add": 3, "update": 14},
	}
}

// noted are the outcomes of a site's activity, the newest first.
func (b *bundle) noted(site, upTo string, since time.Time) (all []store.Activity) {
	b.t.Helper()
	for a, err := range b.Activities(b.t.Context(), site, upTo, since) {
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

func (b *bundle) note(entries ...store.Activity) {
	b.t.Helper()
	if err := b.Note(b.t.Context(), entries...); err != nil {
		b.t.Fatal(err)
	}
}

func outcomes(all []store.Activity) (names []string) {
	for _, a := range all {
		names = append(names, a.Outcome)
	}
	return names
}

func TestActivityIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bare := store.Activity{At: b.now, Site: site, Event: "sync", Outcome: "begun"}
	elsewhere := store.Activity{At: b.now, Site: "weekly", Outcome: "created"}
	b.note(written(b), bare, elsewhere)
	noID := cmpopts.IgnoreFields(store.Activity{}, "ID")
	if diff := cmp.Diff([]store.Activity{bare, written(b)}, b.noted(site, "", time.Time{}), noID); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]store.Activity{elsewhere}, b.noted("weekly", "", time.Time{}), noID); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnEntryHasTheLastTenOfItsEventIDs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []string
	for i := range 25 {
		ids = append(ids, fmt.Sprint(i))
	}
	b.note(store.Activity{Site: site, EventIDs: ids})
	if diff := cmp.Diff(ids[15:], b.noted(site, "", time.Time{})[0].EventIDs); diff != "" {
		t.Error(diff)
	}
}

func TestMoreThanAPageIsReadToItsEndWithoutGapsOrRepeats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var entries []store.Activity
	var want []string
	for i := range 1203 {
		entries = append(entries, store.Activity{Site: site, Outcome: fmt.Sprint(i)})
		want = append(want, fmt.Sprint(i))
	}
	b.note(entries...)
	slices.Reverse(want)
	all := b.noted(site, "", time.Time{})
	if diff := cmp.Diff(want, outcomes(all)); diff != "" {
		t.Errorf("all: %s", diff)
	}
	if diff := cmp.Diff(want[700:], outcomes(b.noted(site, all[700].ID, time.Time{}))); diff != "" {
		t.Errorf("up to one: %s", diff)
	}
	if got := b.noted(site, "", time.Now().Add(time.Hour)); len(got) > 0 {
		t.Errorf("%d entries of the future", len(got))
	}
}

func TestWhatComesAfterTheEndComesOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.note(store.Activity{Site: site, Outcome: "before"})
	ends, err := b.ActivityEnds(t.Context(), []string{site, "weekly"})
	if err != nil {
		t.Fatal(err)
	}
	b.note(store.Activity{Site: site, Outcome: "first"})
	b.note(store.Activity{Site: "weekly", Outcome: "second"})
	next := func() []string {
		t.Helper()
		news, err := b.NextActivity(t.Context(), ends, 10*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		return outcomes(news)
	}
	came := next()
	slices.Sort(came) // of two sites in one millisecond either may be first
	if diff := cmp.Diff([]string{"first", "second"}, came); diff != "" {
		t.Error(diff)
	}
	if again := next(); len(again) > 0 {
		t.Errorf("came again: %v", again)
	}
	arrived := make(chan []store.Activity)
	go func() {
		news, _ := b.NextActivity(t.Context(), ends, 10*time.Second)
		arrived <- news
	}()
	b.note(store.Activity{Site: site, Outcome: "third"})
	if diff := cmp.Diff([]string{"third"}, outcomes(<-arrived)); diff != "" {
		t.Errorf("waited for: %s", diff)
	}
}

// A member's event may wait for hours, and its job looks every minute.
func TestAWaitIsNotedOnceForEachCause(t *testing.T) {
	t.Parallel()
	b := setup(t)
	waits := func(why string) {
		b.note(store.Activity{Site: site, MemberID: id, Event: why, Outcome: store.Waits, Code: why})
	}
	waits("nothing waits")
	b.accept("a", b.edited())
	waits("breaker")
	waits("breaker")
	waits("paused")
	taken := b.take()
	b.complete(taken.Version)
	waits("too late")
	b.accept("b", b.edited())
	waits("paused")
	var causes []string
	for _, a := range b.noted(site, "", time.Time{}) {
		causes = append(causes, a.Code)
	}
	if diff := cmp.Diff([]string{"paused", "paused", "breaker"}, causes); diff != "" {
		t.Error(diff)
	}
	if n := len(taken.Entry.Known) + len(taken.Entry.Addresses); n > 0 {
		t.Errorf("the note shows as %d facts: %+v", n, taken.Entry)
	}
}

func TestOldActivityIsDroppedAndWhatNobodyTrimsVanishes(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"with MINID", "without, as Redis 6.0"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for age := range 5 {
				at := b.now.Add(time.Duration(age-4) * time.Hour).UnixMilli()
				if err := b.redis.Do(t.Context(), "xadd", "{ghostcm}:activity:"+site, at, "outcome", 4-age).Err(); err != nil {
					t.Fatal(err)
				}
			}
			trimming := b.Store
			if how != "with MINID" {
				trimming = withoutMinID(t, b)
			}
			if err := trimming.TrimActivity(t.Context(), []string{site, "quiet"}, 2*time.Hour); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"0", "1", "2"}, outcomes(b.noted(site, "", time.Time{}))); diff != "" {
				t.Error(diff)
			}
			left := b.redis.PTTL(t.Context(), "{ghostcm}:activity:"+site).Val()
			if left <= 0 || left > 2*time.Hour {
				t.Errorf("it stays for %v", left)
			}
		})
	}
}

// withoutMinID is a store whose Redis refuses to trim by age.
func withoutMinID(t *testing.T, b *bundle) *store.Store {
	t.Helper()
	err := b.redis.Do(t.Context(), "acl", "setuser", "old", "on", ">hunter2", "~*", "+@all", "-xtrim").Err()
	if err != nil {
		t.Fatal(err)
	}
	client := open(t, store.Options{URL: "unix://old:hunter2@" + b.redis.Options().Addr, Timeouts: store.WorkerTimeouts()})
	return store.New(client, func() time.Time { return b.now })
}

func TestActivityIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	entries := make([]store.Activity, 10_000)
	for i := range entries {
		entries[i] = written(b)
	}
	for range 6 {
		b.note(entries...)
	}
	n := b.redis.XLen(t.Context(), "{ghostcm}:activity:"+site).Val()
	if n < 50_000 || n > 50_500 {
		t.Errorf("%d entries are kept", n)
	}
	size := b.redis.MemoryUsage(t.Context(), "{ghostcm}:activity:"+site).Val()
	t.Logf("%d bytes an entry", size/n)
	if size/n > 250 {
		t.Errorf("%d bytes an entry", size/n)
	}
}

func TestAWriteThatRedisRefusesIsToldOf(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := open(t, store.Options{URL: server, Timeouts: store.WorkerTimeouts()})
	if err := client.Set(t.Context(), "{ghostcm}:activity:"+site, "no stream", 0).Err(); err != nil {
		t.Fatal(err)
	}
	err := store.New(client, time.Now).Note(t.Context(), store.Activity{Site: site})
	if err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("told %v", err)
	}
}
