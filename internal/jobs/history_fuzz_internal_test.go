package jobs

import (
	"strings"
	"testing"
	"time"
)

// FuzzHistory wants that a job goes on whatever stands in its history, which stays short.
func FuzzHistory(f *testing.F) {
	f.Add(`[{"at":"2026-11-22T12:00:00Z","code":"cm:1","reason":"no"}]`, "refused")
	f.Add("null", "\xff\x00")
	f.Add("["+strings.Repeat(`{},`, 30)+"{}]", "")
	f.Fuzz(func(t *testing.T, kept, reason string) {
		args := map[string]string{argHistory: kept}
		before := historyOf(args)
		remember(args, Attempt{At: time.UnixMilli(1790000000000).UTC(), Reason: reason})
		after := historyOf(args)
		if len(after) != min(len(before)+1, maxHistory) && len(before) <= maxHistory {
			t.Fatalf("%d attempts, then %d", len(before), len(after))
		}
		if len(after) == 0 || len(after) > maxHistory || after[len(after)-1].Reason != strings.ToValidUTF8(reason, "\ufffd") && strings.ToValidUTF8(reason, "") == reason {
			t.Fatalf("%q: %+v", reason, after)
		}
	})
}
