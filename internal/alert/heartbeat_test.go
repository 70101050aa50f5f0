package alert

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// pulses is a process whose heartbeat the test drives, and how often its monitor
// was pinged.
func (w *world) heart(moved func(context.Context) error, pings *atomic.Int32) *Heartbeat {
	w.does(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.Header.Get(SignatureHeader) == "" && r.ContentLength == 0 {
			pings.Add(1)
		}
	})
	return NewHeartbeat(HeartbeatOptions{
		Claims: w.store, Moved: moved, Target: w.target, Log: slog.New(slog.NewJSONHandler(w.log, nil)), Metrics: w.metrics, Now: w.clock,
	})
}

func moves(context.Context) error { return nil }

// next lets the fleet's minute be over.
func (w *world) next() {
	w.t.Helper()
	if err := w.client.PExpire(w.t.Context(), "{ghostcm}:heartbeat", 0).Err(); err != nil {
		w.t.Fatal(err)
	}
}

func TestTheFleetPingsOnceAMinuteWhileItWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var pings atomic.Int32
	fleet := []*Heartbeat{w.heart(moves, &pings), w.heart(moves, &pings), w.heart(moves, &pings)}
	for range 3 {
		for _, h := range fleet {
			h.beat(t.Context())
		}
	}
	if n := pings.Load(); n != 1 {
		t.Errorf("%d pings", n)
	}
	if left, err := w.client.PTTL(t.Context(), "{ghostcm}:heartbeat").Result(); err != nil || left < 50*time.Second || left > time.Minute {
		t.Errorf("the next is due in %s, %v", left, err)
	}
	w.next()
	fleet[2].beat(t.Context())
	if n := pings.Load(); n != 2 {
		t.Errorf("%d pings after a minute", n)
	}
	if text := w.metric(); !strings.Contains(text, `ghostcm_heartbeats_total{result="sent"} 2`) {
		t.Errorf("the counters say %s", text)
	}
}

func TestAWedgedProcessDoesNotPingAndAnotherDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var pings atomic.Int32
	wedged := w.heart(func(context.Context) error { return errors.New("no worker has come round") }, &pings)
	wedged.beat(t.Context())
	if n := pings.Load(); n != 0 {
		t.Errorf("%d pings of a process that hangs", n)
	}
	w.heart(moves, &pings).beat(t.Context())
	if n := pings.Load(); n != 1 {
		t.Errorf("%d pings of one that works", n)
	}
}

func TestNothingIsPingedWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var pings atomic.Int32
	h := w.heart(moves, &pings)
	w.redis.Kill()
	h.beat(t.Context())
	if n := pings.Load(); n != 0 {
		t.Errorf("%d pings", n)
	}
}

func TestAMonitorThatFailsIsLoggedNowAndThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var pings atomic.Int32
	h := w.heart(moves, &pings)
	w.does(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNotFound) })
	for range 3 {
		h.beat(t.Context())
		w.next()
	}
	if n := strings.Count(w.log.String(), `"heartbeat.failed"`); n != 1 || strings.Contains(w.log.String(), "token-of-the-receiver") {
		t.Errorf("the log says %s", w.log)
	}
	w.pass(saidEvery)
	h.beat(t.Context())
	if !strings.Contains(w.log.String(), `"suppressed":2`) {
		t.Errorf("the log says %s", w.log)
	}
	if text := w.metric(); !strings.Contains(text, `ghostcm_heartbeats_total{result="failed"} 4`) {
		t.Errorf("the counters say %s", text)
	}
}

func TestWithoutAMonitorNothingIsClaimed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := NewHeartbeat(HeartbeatOptions{Claims: w.store, Moved: moves, Target: func() Target { return Target{} }, Now: w.clock})
	h.beat(t.Context())
	if mine, err := w.store.ClaimHeartbeat(t.Context(), time.Minute); err != nil || !mine {
		t.Errorf("claimed: %t, %v", mine, err)
	}
}
