package program

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

func TestWhenWebhooksCameIsKeptEveryFewSecondsAndAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := map[string]store.Heard{}
		times := 0
		h := &hearing{log: slog.New(slog.DiscardHandler), keep: func(_ context.Context, news map[string]store.Heard) error {
			times++
			for site, heard := range news {
				kept[site] = heard
			}
			return nil
		}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); h.run(ctx) }()
		first, second := time.UnixMilli(1000), time.UnixMilli(2000)
		h.note(webhook.Outcome{Site: "blog", Result: "accepted", At: first, Contradicted: true})
		h.note(webhook.Outcome{Site: "blog", Result: "accepted", At: second})
		h.note(webhook.Outcome{Site: "other", Result: "signature_mismatch", At: second})
		h.note(webhook.Outcome{Site: "other", Result: "unavailable", At: second}) // says nothing of Ghost
		h.note(webhook.Outcome{Result: "unknown_site", At: second})
		time.Sleep(3 * keepHeardEvery) // of the bubble's clock
		synctest.Wait()
		want := map[string]store.Heard{
			"blog": {At: second, ContradictedAt: first}, "other": {RefusedAt: second, Refusal: "signature_mismatch"},
		}
		if diff := cmp.Diff(want, kept); diff != "" || times != 1 {
			t.Errorf("kept %d times: %s", times, diff)
		}
		h.note(webhook.Outcome{Site: "last", Result: "accepted", At: second})
		stop()
		<-done
		if kept["last"].At != second {
			t.Error("what came last was not kept")
		}
	})
}

func TestNewsThatRedisDoesNotTakeHoldNothingUp(t *testing.T) {
	t.Parallel()
	h := &hearing{log: slog.New(slog.DiscardHandler), keep: func(context.Context, map[string]store.Heard) error {
		return errors.New("away")
	}}
	h.note(webhook.Outcome{Site: "blog", Result: "accepted", At: time.UnixMilli(1000)})
	h.flush(t.Context())
	if h.news != nil {
		t.Errorf("news pile up: %v", h.news)
	}
}
