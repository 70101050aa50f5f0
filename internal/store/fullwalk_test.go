package store_test

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

func TestAGateThatFlapsHasTheSiteWalkedOnceAnHour(t *testing.T) {
	t.Parallel()
	b := setup(t)
	paused := store.Gate{Paused: true}
	flap := func() { b.do(b.AskFullWalkAfter(t.Context(), site, paused)) }
	walks := 0
	for range 10 * 60 { // ten hours
		flap()
		if turn := b.turn("a"); turn.Due {
			if turn.Full {
				walks++
			}
			b.caughtUp(store.Outcome{Who: "a", OK: true, Full: turn.Full})
		}
		b.age(time.Minute)
	}
	if walks != 10 {
		t.Errorf("%d walks in ten hours", walks)
	}
	b.age(time.Hour)
	if turn := b.turn("a"); turn.Why != "pause_ended" {
		t.Errorf("the last one is lost: %+v", turn)
	}
}

func TestAWalkAfterAnOutageComesAtOnceUnlessOneJustWas(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		was   store.Gate
		after time.Duration // the last that was asked for
		want  string
	}{
		{"a pause", store.Gate{Paused: true}, 2 * time.Hour, "pause_ended"},
		{"a long fault", store.Gate{Since: time.UnixMilli(1_700_000_000_000).Add(-time.Hour)}, 2 * time.Hour, "breaker_closed"},
		{"a short fault", store.Gate{Since: time.UnixMilli(1_700_000_000_000).Add(-time.Minute)}, 2 * time.Hour, ""},
		{"soon after a walk", store.Gate{Paused: true}, time.Minute, ""},
	} {
		b := setup(t)
		b.do(b.AskFullWalk(t.Context(), site, "silence"))
		b.turn("a")
		b.caughtUp(store.Outcome{Who: "a", OK: true, Full: true})
		b.age(test.after)
		b.turn("a")
		b.caughtUp(store.Outcome{Who: "a", OK: true})
		b.do(b.AskFullWalkAfter(t.Context(), site, test.was))
		if turn := b.turn("a"); turn.Why != test.want || turn.Due != (test.want != "") {
			t.Errorf("%s: %+v", test.name, turn)
		}
	}
}

// A walk that fails costs what it cost: it is tried ever more rarely, but what the
// census finds is carried out all the same.
func TestAFullWalkThatFailsIsTriedEverMoreRarely(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]struct {
		end   store.Outcome
		walks int
	}{
		"it fails":                  {store.Outcome{Reason: "no room"}, 9}, // after 0, 15, 45, 105, 225, 465, 825, 1185, 1545 minutes
		"it is met by another run":  {store.Outcome{Cut: true}, 4 * 26},
		"it goes well all the time": {store.Outcome{OK: true}, 2}, // the second is the day's
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.do(b.AskFullWalk(t.Context(), site, "silence"))
			walks, turns := 0, 0
			for range 4 * 26 { // quarters of an hour
				turn := b.turn("a")
				turns++
				end := o.end
				end.Who, end.Full = "a", turn.Full
				if turn.Full {
					walks++
				}
				if !turn.Due || turn.Full == (turn.Why == "") || turn.Full && turn.Later {
					t.Fatalf("%+v", turn)
				}
				b.caughtUp(end)
				b.age(quarter)
			}
			if walks != o.walks || turns != 4*26 {
				t.Errorf("%d walks in %d turns", walks, turns)
			}
			b.do(b.AskFullWalk(t.Context(), site, "pause_ended"))
			if turn := b.turn("a"); !turn.Full || turn.Later {
				t.Errorf("one that is asked for: %+v", turn)
			}
			b.caughtUp(store.Outcome{Who: "a", OK: true, Full: true})
			b.age(day)
			if turn := b.turn("a"); turn.Why != store.DailyWalk {
				t.Errorf("after one that went well: %+v", turn)
			}
		})
	}
}

func TestAWalkThatIsPutOffComesAtOnceWhereItIsUrgent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(b.AskFullWalk(t.Context(), site, "silence"))
	b.turn("a")
	b.caughtUp(store.Outcome{Who: "a", OK: true, Full: true})
	b.do(b.AskFullWalkAfter(t.Context(), site, store.Gate{Paused: true}))
	if turn := b.turn("a"); turn != none {
		t.Fatalf("%+v", turn)
	}
	b.do(b.AskFullWalk(t.Context(), site, "spool drained"))
	b.do(b.AskFullWalkAfter(t.Context(), site, store.Gate{Paused: true}))
	if turn := b.turn("a"); !turn.Full {
		t.Errorf("%+v", turn)
	}
}
