package store_test

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

func (b *bundle) claimBooks(who string, every time.Duration, now bool) store.BackfillTurn {
	b.t.Helper()
	turn, err := b.ClaimBackfill(b.t.Context(), site, "polar", every, who, now)
	if err != nil {
		b.t.Fatal(err)
	}
	return turn
}

func (b *bundle) closeBooks(who string, end store.BackfillEnd) bool {
	b.t.Helper()
	ours, err := b.FinishBackfill(b.t.Context(), site, "polar", who, end)
	if err != nil {
		b.t.Fatal(err)
	}
	return ours
}

func TestOneProcessReadsAProvidersBooksAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if turn := b.claimBooks("one", time.Hour, false); !turn.Ours || !turn.Through.IsZero() {
		t.Errorf("the first turn: %+v", turn)
	}
	for _, now := range []bool{false, true} {
		if turn := b.claimBooks("two", time.Hour, now); turn.Ours || !turn.Busy {
			t.Errorf("another's turn meanwhile, now %t: %+v", now, turn)
		}
	}
	through := time.UnixMilli(1_700_000_000_000).UTC()
	if !b.closeBooks("one", store.BackfillEnd{OK: true, Through: through, Read: 7, Fresh: 2, Next: time.Hour}) {
		t.Error("the turn was lost")
	}
	if turn := b.claimBooks("two", time.Hour, false); turn.Ours || turn.Busy || !turn.Through.Equal(through) {
		t.Errorf("within the hour: %+v", turn)
	}
	if turn := b.claimBooks("two", time.Hour, true); !turn.Ours || !turn.Through.Equal(through) {
		t.Errorf("on demand: %+v", turn)
	}
	got, err := b.Backfill(t.Context(), site, "polar")
	if err != nil || !got.OK || got.Read != 7 || got.Fresh != 2 || !got.Through.Equal(through) || got.Last.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatIsKnownOfABookNeverGoesBackAndAFailureKnowsNothingMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	through := time.UnixMilli(1_700_000_000_000).UTC()
	for _, end := range []store.BackfillEnd{
		{OK: true, Through: through},
		{OK: true, Through: through.Add(-time.Hour)},
		{Through: through.Add(time.Hour), Reason: "polar: orders: rate limited (HTTP 429)"},
	} {
		b.claimBooks("one", time.Hour, true)
		b.closeBooks("one", end)
	}
	got, err := b.Backfill(t.Context(), site, "polar")
	if err != nil || !got.Through.Equal(through) || got.OK || got.Reason == "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestATurnToBackfillThatWasLostEndsAndRenewsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.claimBooks("one", time.Hour, true)
	if ours, err := b.RenewBackfill(t.Context(), site, "polar", "one"); !ours || err != nil {
		t.Errorf("a living turn: %t, %v", ours, err)
	}
	// The process died, and its time passed.
	b.redis.HSet(t.Context(), "{ghostcm}:backfill:blog:polar", "until", 1)
	if turn := b.claimBooks("two", time.Hour, false); !turn.Ours {
		t.Errorf("after a death: %+v", turn)
	}
	if ours, err := b.RenewBackfill(t.Context(), site, "polar", "one"); ours || err != nil {
		t.Errorf("a lost turn was renewed: %t, %v", ours, err)
	}
	if b.closeBooks("one", store.BackfillEnd{OK: true, Through: time.Now()}) {
		t.Error("a lost turn was ended")
	}
	if !b.closeBooks("two", store.BackfillEnd{OK: true, Through: time.Now()}) {
		t.Error("the living turn was not")
	}
}
