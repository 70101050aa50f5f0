package program_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/worker"
)

func (r *rig) letters() worker.Letters { return worker.Letters{Store: r.Store, Queue: r.Queue} }

// replayAll replays every dead letter there is, and waits for what comes of it.
func (r *rig) replayAll() (fates map[worker.Fate]int, ended worker.Ended) {
	r.t.Helper()
	const run = "the replay of the test"
	following := r.letters().Follow(run)
	fates = map[worker.Fate]int{}
	for letter, err := range r.Queue.Dead(r.t.Context(), jobs.DeadFilter{Except: run}) {
		if err != nil {
			r.t.Fatal(err)
		}
		fate, err := r.letters().Replay(r.t.Context(), letter, jobs.Revival{Run: run})
		if err != nil {
			r.t.Fatal(err)
		}
		if fates[fate]++; fate == worker.Replayed {
			following.Add(letter)
		}
	}
	ended, err := following.Wait(r.t.Context(), 30*time.Second, 10*time.Millisecond)
	if err != nil {
		r.t.Fatal(err)
	}
	return fates, ended
}

// A Ghost that is not the site's own fills the dead letters; once that is mended,
// a replay brings every member to what Ghost says by then.
func TestWhatDiedOfAMistakeIsMendedAndReplayed(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true})
	site := r.sites[0]
	r.add(site, 30)
	r.eventually("all are on the list", 10*time.Second, r.settled)
	stranger := ghosttest.Run(t, ghosttest.Options{})
	wrong := newRigOn(t, r, "SITE1_GHOST_URL="+stranger.URL(), "SITE1_GHOST_ADMIN_API_KEY="+stranger.AdminKey())
	label := func(label string) {
		for _, m := range site.Members() {
			if err := site.EditMember(m.ID, func(m *ghosttest.Member) { m.Labels = []string{label} }); err != nil {
				t.Fatal(err)
			}
		}
		site.Flush()
	}
	label("touched")
	wrong.eventually("the rest are dead letters", 20*time.Second, func() string {
		if n := len(wrong.dead()); n != 10 {
			return fmt.Sprintf("%d dead letters", n)
		}
		return ""
	})
	wrong.stop()
	label("touched while nobody listened")
	mended := newRigOn(t, wrong)
	fates, ended := mended.replayAll()
	if diff := cmp.Diff(map[worker.Fate]int{worker.Replayed: 10}, fates); diff != "" {
		t.Errorf("fates: %s", diff)
	}
	if diff := cmp.Diff(worker.Ended{Done: 10}, ended); diff != "" || len(mended.dead()) > 0 {
		t.Errorf("ended: %s; %d dead", diff, len(mended.dead()))
	}
	newest := 0
	for _, s := range r.list.Subscribers(site.listID) {
		if s.State == "Active" && s.Fields["ghost_labels"] == "touched while nobody listened" {
			newest++
		}
	}
	if newest != 10 {
		t.Errorf("%d subscribers have the newest state", newest)
	}
}

func TestAReplayOfWhatCannotBeMendedDiesOnceMoreAndEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true})
	site := r.sites[0]
	m, err := site.AddMember(ghosttest.Member{Email: refusing, Name: "Odd"})
	if err != nil {
		t.Fatal(err)
	}
	r.dies(1)
	if err := site.EditMember(m.ID, func(m *ghosttest.Member) { m.Name = "Odder" }); err != nil {
		t.Fatal(err)
	}
	r.dies(2) // of one member: one write will do
	fates, ended := r.replayAll()
	if fates[worker.Replayed] != 2 || ended != (worker.Ended{DiedAgain: 2}) {
		t.Errorf("fates %v, ended %+v", fates, ended)
	}
	r.dies(1)
	if d := r.dead()[0]; len(d.History) != 2 || d.History[1].Code != "member:invalid_address" || d.Attempts != 1 {
		t.Errorf("the letter says %+v", d)
	}
	if kept, err := r.letters().Kept(t.Context(), r.dead()[0]); err != nil || kept.Waiting != "dead" || kept.Email != refusing {
		t.Errorf("kept %+v, %v", kept, err)
	}
	if ok, err := r.letters().Drop(t.Context(), r.dead()[0]); !ok || err != nil {
		t.Errorf("dropped: %t, %v", ok, err)
	}
	if err := site.EditMember(m.ID, func(m *ghosttest.Member) { m.Email = "odd@example.org" }); err != nil {
		t.Fatal(err)
	}
	r.eventually("a newer event is applied", 10*time.Second, func() string { return r.agrees(site) })
}

func TestWaitingForAReplayEndsWithPatience(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true})
	if _, err := r.sites[0].AddMember(ghosttest.Member{Email: refusing}); err != nil {
		t.Fatal(err)
	}
	r.dies(1)
	r.stop() // nobody will do it
	ctx, cancel := context.WithCancel(t.Context())
	following := r.letters().Follow("run")
	for letter, err := range r.Queue.Dead(t.Context(), jobs.DeadFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.letters().Replay(t.Context(), letter, jobs.Revival{Run: "run"}); err != nil {
			t.Fatal(err)
		}
		following.Add(letter)
	}
	for range 20 { // also at the very moment when it ends
		if ended, err := following.Wait(ctx, 2*time.Millisecond, time.Millisecond); ended != (worker.Ended{Waiting: 1}) || err != nil {
			t.Errorf("ended %+v, %v", ended, err)
		}
	}
	cancel()
	if ended, err := following.Wait(ctx, time.Hour, time.Hour); ended != (worker.Ended{Waiting: 1}) || err != nil {
		t.Errorf("ended by Ctrl-C %+v, %v", ended, err)
	}
}

// dies waits until there are n dead letters.
func (r *rig) dies(n int) {
	r.t.Helper()
	r.eventually("dead", 10*time.Second, func() string {
		if have := len(r.dead()); have != n {
			return fmt.Sprintf("%d dead letters", have)
		}
		return ""
	})
}
