package cli

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// heard is a service manager that remembers what it is told.
func heard(log *slog.Logger, said *[]string) manager {
	return manager{
		log: log, watchdog: 30 * time.Second, startEvery: time.Second,
		say: func(state string) (bool, error) { *said = append(*said, state); return true, nil },
	}
}

func TestTheWatchdogIsFedOnlyWhileThereIsAPulse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var said []string
		var stuck atomic.Bool
		a, _, stderr := testApp()
		m := heard(a.logger("json", slog.LevelInfo), &said)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			m.attend(ctx, func(context.Context) error {
				if stuck.Load() {
					return errors.New("the loop stands still")
				}
				return nil
			}, "at work")
		}()
		fed := func() int {
			return len(slices.DeleteFunc(slices.Clone(said), func(s string) bool { return s != "WATCHDOG=1" }))
		}
		time.Sleep(time.Minute) // of the test's own time
		synctest.Wait()
		if n := fed(); n != 7 {
			t.Errorf("fed %d times in a minute of three times in 30 s", n)
		}
		stuck.Store(true)
		before := fed()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := fed() - before; n != 0 {
			t.Errorf("fed %d times by a process that stands still", n)
		}
		if !strings.Contains(stderr.String(), `"msg":"watchdog.no_pulse","reason":"the loop stands still"`) {
			t.Errorf("the log does not tell: %s", stderr)
		}
		cancel()
		<-ended
	})
}

func TestReadinessWaitsForThePulse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var said []string
		m := heard(slog.New(slog.DiscardHandler), &said)
		m.watchdog = 0
		var beats atomic.Bool
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			m.attend(ctx, func(context.Context) error {
				if !beats.Load() {
					return errors.New("not yet")
				}
				return nil
			}, "at work")
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"STATUS=starting"}, said); diff != "" {
			t.Error(diff)
		}
		beats.Store(true)
		time.Sleep(time.Second)
		synctest.Wait()
		cancel()
		<-ended
		want := []string{"STATUS=starting", "READY=1\nSTATUS=at work", "STOPPING=1\nSTATUS=ending what has begun"}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Error(diff)
		}
	})
}

// A pulse that hangs is no pulse: it is looked at no longer than the watchdog allows.
func TestALookAtThePulseIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := feel(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 10*time.Second)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 10*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestWithoutAServiceManagerNothingIsSaid(t *testing.T) {
	t.Parallel()
	asked := 0
	m := manager{log: slog.New(slog.DiscardHandler), say: func(string) (bool, error) { asked++; return false, nil }}
	m.attend(t.Context(), func(context.Context) error { t.Error("the pulse is felt for nobody"); return nil }, "")
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
