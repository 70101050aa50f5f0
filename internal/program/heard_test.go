package program

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

func TestWhenWebhooksCameIsKeptAtOnceThenEveryFewSecondsAndAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		all, calls := map[string]store.Heard{}, 0
		h := newHearing(func(_ context.Context, news map[string]store.Heard) error {
			mu.Lock()
			defer mu.Unlock()
			calls++
			maps.Copy(all, news)
			return nil
		}, slog.New(slog.DiscardHandler))
		kept := func() (heard map[string]store.Heard, times int) {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return maps.Clone(all), calls
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); h.run(ctx) }()
		first, second := time.UnixMilli(1000), time.UnixMilli(2000)
		time.Sleep(time.Hour) // of the bubble's clock
		h.note(webhook.Outcome{Site: "new", Result: "accepted", At: first})
		if heard, _ := kept(); heard["new"].At != first {
			t.Error("the first after a silence was not kept at once")
		}
		h.note(webhook.Outcome{Site: "blog", Result: "accepted", At: first, Contradicted: true})
		h.note(webhook.Outcome{Site: "blog", Result: "accepted", At: second})
		h.note(webhook.Outcome{Site: "other", Result: "signature_mismatch", At: second})
		h.note(webhook.Outcome{Site: "other", Result: "unavailable", At: second}) // says nothing of Ghost
		h.note(webhook.Outcome{Result: "unknown_site", At: second})
		if _, times := kept(); times != 1 {
			t.Errorf("what came right after it was not gathered: kept %d times", times)
		}
		time.Sleep(3 * keepHeardEvery)
		want := map[string]store.Heard{
			"new":  {At: first},
			"blog": {At: second, ContradictedAt: first}, "other": {RefusedAt: second, Refusal: "signature_mismatch"},
		}
		heard, times := kept()
		if diff := cmp.Diff(want, heard); diff != "" || times != 2 {
			t.Errorf("kept %d times: %s", times, diff)
		}
		h.note(webhook.Outcome{Site: "last", Result: "accepted", At: second})
		stop()
		<-done
		if heard, _ := kept(); heard["last"].At != second {
			t.Error("what came last was not kept")
		}
	})
}

func TestNewsThatRedisDoesNotTakeHoldNothingUp(t *testing.T) {
	t.Parallel()
	h := newHearing(func(context.Context, map[string]store.Heard) error { return errors.New("away") }, slog.New(slog.DiscardHandler))
	h.note(webhook.Outcome{Site: "blog", Result: "accepted", At: time.UnixMilli(1000)})
	h.flush(t.Context())
	if h.news != nil {
		t.Errorf("news pile up: %v", h.news)
	}
}
