package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/store"
)

func TestWhatWasHeardOfASiteIsRemembered(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	first, second := time.UnixMilli(1_700_000_000_000), time.UnixMilli(1_700_000_005_000)
	hear := func(h store.Heard) {
		t.Helper()
		if err := b.Hear(ctx, map[string]store.Heard{site: h, "quiet": {}}); err != nil {
			t.Fatal(err)
		}
	}
	hear(store.Heard{})
	hear(store.Heard{At: first, ContradictedAt: first})
	hear(store.Heard{RefusedAt: second, Refusal: "signature_mismatch"})
	got, err := b.Heard(ctx, site)
	want := store.Heard{At: first, ContradictedAt: first, RefusedAt: second, Refusal: "signature_mismatch"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if got, err := b.Heard(ctx, "quiet"); err != nil || got != (store.Heard{}) {
		t.Errorf("of a site that nothing was heard of: %+v, %v", got, err)
	}
}
