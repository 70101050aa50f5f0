package cli

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/jobs"
)

func TestALetterHasExactlyTheDocumentedKeys(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 15, 4, 5, 0, time.FixedZone("", 3600))
	raw, err := json.Marshal(viewLetter(jobs.DeadLetter{ID: "1", ReceivedAt: at, DiedAt: at, History: []jobs.Attempt{{Reason: "x"}}}))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	want := []string{"attempts", "code", "died_at", "email_hash", "event", "id", "kind", "member_id", "reason", "received_at", "site"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got["died_at"] != "2026-11-22T14:04:05Z" {
		t.Errorf("died_at is %v", got["died_at"])
	}
}

func TestWhatIsNotKnownOfAnUnreadableLetterIsNull(t *testing.T) {
	t.Parallel()
	if v := viewLetter(jobs.DeadLetter{}); v.ReceivedAt != nil || v.DiedAt != nil {
		t.Errorf("times are %v, %v", v.ReceivedAt, v.DiedAt)
	}
}

func TestTheFilterOfLettersIsWhatWasTyped(t *testing.T) {
	t.Parallel()
	cfg := &config.Config{Sites: []config.Site{{Name: "Blog"}}}
	now := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	f := letterFilter{from: "24h", to: "2026-11-22", site: "blog", kind: "member", id: "7", reason: "cm:", email: "JO@example.org", limit: 3}
	got, err := f.filter(cfg, now)
	want := jobs.DeadFilter{
		From: now.Add(-24 * time.Hour), To: time.Date(2026, 11, 22, 23, 59, 59, 0, time.UTC),
		Site: "Blog", Kind: "member", ID: "7", Reason: "cm:", Limit: 3,
		EmailHash: "b6be3cb544f7", // of jo@example.org
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	for _, wrong := range []letterFilter{{from: "x"}, {to: "x"}, {limit: -1}, {site: "x"}} {
		if _, err := wrong.filter(cfg, now); err == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
}
