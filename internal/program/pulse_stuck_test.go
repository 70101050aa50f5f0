package program

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAQuestionToRedisThatNeverEndsIsNoPulse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		lock := make(chan struct{}) // held for ever, whatever the context says
		if err := comesBack(ctx, func(context.Context) error { <-lock; return nil }); !errors.Is(err, errStuck) {
			t.Errorf("got %v", err)
		}
		close(lock)
	})
}

// That Redis is away, or silent, is no reason to restart.
func TestAQuestionToRedisThatFailsIsAPulse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, ask := range []func(context.Context) error{
			func(context.Context) error { return errors.New("connection refused") },
			func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		} {
			if err := comesBack(ctx, ask); err != nil {
				t.Error(err)
			}
		}
	})
}
