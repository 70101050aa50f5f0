package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// People are called by their address where nobody gave a name, and fields may
// hold one, too.
func TestATraceHasAddressesOnlyIfRevealed(t *testing.T) {
	t.Parallel()
	const email = "jo@example.org"
	found := program.Trace{
		Site: "blog",
		Ghost: &member.Facts{
			Email: member.Some(email), Name: member.Some(email), Labels: member.Some([]string{"from " + email}), Tiers: member.Some([]string{email}),
		},
		List: []program.Subscribed{{At: email, Found: true, Subscriber: campaignmonitor.Subscriber{
			Email: email, Name: email, Fields: []campaignmonitor.Field{{Key: "invited_by", Value: "Al <" + email + ">"}},
		}}},
		Next: reconcile.Change{Kind: reconcile.Update, Email: email, Fields: []reconcile.FieldChange{{Field: "name", From: email, To: email}}},
	}
	for _, reveal := range []bool{false, true} {
		a, stdout, _ := testApp()
		if err := a.showTrace(found, traceOptions{reveal: reveal}); err != nil {
			t.Fatal(err)
		}
		document, err := json.Marshal(tracePage{Trace: found, app: a, reveal: reveal}.document())
		if err != nil {
			t.Fatal(err)
		}
		for how, got := range map[string]string{"page": stdout.String(), "document": string(document)} {
			if strings.Contains(got, email) != reveal {
				t.Errorf("reveal %t, the %s:\n%s", reveal, how, got)
			}
		}
	}
}
