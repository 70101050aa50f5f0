package worker

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestASlowSiteLeavesRoomForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShare(8, 2)
		for range 8 {
			if !s.enter(t.Context(), "slow") {
				t.Fatal("a site may not use the workers that nobody needs")
			}
		}
		began := time.Now()
		if s.enter(t.Context(), "slow") {
			t.Error("a site takes the spare workers, too")
		}
		if waited := time.Since(began); waited != shareWait {
			t.Errorf("a denied job waited %v, want %v", waited, shareWait)
		}
		began = time.Now()
		if s.enter(t.Context(), "slow") || time.Since(began) != 0 {
			t.Error("a site known to be slow is waited for again")
		}
		if !s.enter(t.Context(), "other") {
			t.Error("another site finds no room")
		}
	})
}

func TestAQuickSiteMakesRoomForItsNextJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShare(1, 2)
		s.enter(t.Context(), "quick")
		entered := make(chan bool)
		go func() { entered <- s.enter(t.Context(), "quick") }()
		synctest.Wait()
		s.leave("quick")
		if !<-entered {
			t.Error("the next job is sent away though its site has made room")
		}
	})
}

func TestASingleSiteHasAllWorkers(t *testing.T) {
	t.Parallel()
	s := newShare(2, 1)
	for range 5 { // the job layer bounds it
		if !s.enter(context.Background(), "only") {
			t.Fatal("a single site is denied a worker")
		}
	}
}
