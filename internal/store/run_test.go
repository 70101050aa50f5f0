package store_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/store"
)

const runKeyOfSite = "{ghostcm}:run:" + site

func (b *bundle) openRun() *store.Run {
	b.t.Helper()
	run, err := b.OpenRun(b.t.Context(), site, time.Minute, "host 1, process 2")
	if err != nil {
		b.t.Fatal(err)
	}
	return run
}

// do fails the test if one of the steps failed.
func (b *bundle) do(errs ...error) {
	b.t.Helper()
	if err := errors.Join(errs...); err != nil {
		b.t.Fatal(err)
	}
}

func TestASiteHasOneRunAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.openRun()
	b.pass(time.Hour)
	_, err := b.OpenRun(t.Context(), site, time.Minute, "another")
	var held *store.ErrRunHeld
	if !errors.As(err, &held) || held.Who != "host 1, process 2" || !held.Since.Equal(b.now.Add(-time.Hour)) {
		t.Errorf("a second run: %v", err)
	}
	if _, err := b.OpenRun(t.Context(), "another", time.Minute, "another"); err != nil {
		t.Errorf("of another site: %v", err)
	}
	b.do(first.Close(t.Context()))
	b.do(b.openRun().Finish(t.Context()))
	b.openRun()
}

func TestARunThatDiesIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dead := b.openRun()
	for _, key := range b.keys() {
		if ttl := b.ttl(key); ttl <= 0 || ttl > time.Minute {
			t.Errorf("%s ends in %v", key, ttl)
		}
	}
	b.redis.PExpire(t.Context(), runKeyOfSite, time.Second)
	b.redis.PExpire(t.Context(), "{ghostcm}:touched:"+site, time.Second)
	b.do(dead.Renew(t.Context()))
	for _, key := range b.keys() {
		if ttl := b.ttl(key); ttl < 50*time.Second {
			t.Errorf("%s ends in %v", key, ttl)
		}
	}
	b.redis.Del(t.Context(), runKeyOfSite)
	next := b.openRun()
	for name, err := range map[string]error{
		"renewed": dead.Renew(t.Context()), "kept a checkpoint": dead.Checkpoint(t.Context(), store.Checkpoint{}),
		"finished": dead.Finish(t.Context()),
	} {
		if !errors.Is(err, store.ErrRunLost) {
			t.Errorf("a dead run %s: %v", name, err)
		}
	}
	b.do(dead.Close(t.Context()), next.Renew(t.Context())) // the dead one has closed nothing of the other's
}

func TestARunGoesOnFromTheCheckpointOfTheOneBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.openRun()
	if _, found, err := run.Resume(t.Context()); found || err != nil {
		t.Fatalf("resumes from nothing: %t, %v", found, err)
	}
	want := store.Checkpoint{
		RunID: "r1", Cursor: memberID(7), Options: "prune", Began: b.now.UTC(), Counts: json.RawMessage(`{"add":3}`),
	}
	b.do(run.Checkpoint(t.Context(), store.Checkpoint{RunID: "r1"}), run.Checkpoint(t.Context(), want), run.Close(t.Context()))
	if ttl := b.ttl("{ghostcm}:checkpoint:" + site); ttl < 23*time.Hour || ttl > 24*time.Hour {
		t.Errorf("the checkpoint ends in %v", ttl)
	}
	next := b.openRun()
	got, found, err := next.Resume(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || !found || err != nil {
		t.Errorf("resumes: %t, %v, %s", found, err, diff)
	}
	b.do(next.Finish(t.Context()))
	if _, found, err := b.openRun().Resume(t.Context()); found || err != nil {
		t.Errorf("resumes what was finished: %t, %v", found, err)
	}
}
