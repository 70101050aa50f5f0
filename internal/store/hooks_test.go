package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/store"
)

func TestRegisteredWebhooksAreRememberedBySiteAndEvent(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	added := store.Hook{ID: "1", URL: "https://cm.example/webhook/ghost/blog", Digest: "abc", At: time.UnixMilli(1_700_000_000_000).UTC()}
	deleted := store.Hook{ID: "2", URL: "https://cm.example/x", Digest: "abc", At: added.At}
	for event, h := range map[string]store.Hook{"member.added": added, "member.deleted": deleted} {
		if err := b.KeepHook(ctx, site, event, h); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.KeepHook(ctx, "other", "member.added", deleted); err != nil {
		t.Fatal(err)
	}
	got, err := b.Hooks(ctx, site)
	if diff := cmp.Diff(map[string]store.Hook{"member.added": added, "member.deleted": deleted}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if err := b.ForgetHook(ctx, site, "member.deleted"); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Hooks(ctx, site); err != nil || len(got) != 1 || got["member.added"] != added {
		t.Errorf("after forgetting one: %v, %v", got, err)
	}
}

func TestAWebhookThatCannotBeReadIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.redis.HSet(t.Context(), "{ghostcm}:hooks:"+site, "member.added", "{", "member.edited", `{"url":"x"}`).Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Hooks(t.Context(), site); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}
