package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/store"
)

func TestStatusSaysWhenASiteWasCaughtUpAndWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC)
	earlier, soon := now.Add(-2*time.Minute), now.Add(13*time.Minute)
	gate := store.Gate{Open: true}
	v := viewStatus(program.Overview{Sites: []program.SiteState{
		{Name: "new", Gate: gate},
		{Name: "well", Gate: gate, CatchUp: store.CatchUp{Last: earlier, OK: true, Next: soon}},
		{Name: "ill", Gate: gate, CatchUp: store.CatchUp{Last: earlier, Reason: "ghost: members: HTTP 502", Next: soon}},
		{Name: "held", Gate: gate, CatchUp: store.CatchUp{Last: earlier, OK: true, Reason: "21 removals are held", Next: earlier}},
		{Name: "busy", Gate: gate, CatchUp: store.CatchUp{Who: "host 1"}},
	}})
	want := [][]string{
		{"new", "open", "-", "-", "-", "-"},
		{"well", "open", "-", "-", "2m0s ago", "in 13m0s"},
		{"ill", "open", "-", "-", "failed 2m0s ago", "in 13m0s"},
		{"held", "open", "-", "-", "2m0s ago", "now"},
		{"busy", "open", "-", "-", "-", "running"},
	}
	if diff := cmp.Diff(want, v.siteRows(now)); diff != "" {
		t.Errorf("sites (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"ill", "ghost: members: HTTP 502"}, {"held", "21 removals are held"}}, v.catchUpRows()); diff != "" {
		t.Errorf("catch-ups (-want +got):\n%s", diff)
	}
}
