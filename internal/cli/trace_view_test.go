package cli

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/store"
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

func TestATraceHasOneTimeZoneWhereverItIsRead(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 23, 30, 0, 0, time.FixedZone("far", 9*60*60))
	const utc = "2026-11-22T14:30:00Z"
	found := program.Trace{
		Site: "blog", Ghost: &member.Facts{CreatedAt: member.Some(at)}, Waiting: store.Kept{Waiting: "queued", ReceivedAt: at},
		Letters: []jobs.DeadLetter{{ID: "x", DiedAt: at}}, Events: []store.Activity{{At: at, Event: "member.added"}},
	}
	a, stdout, _ := testApp()
	if err := a.showTrace(found, traceOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(stdout.String(), utc); got != 4 {
		t.Errorf("%d of 4 times are in UTC:\n%s", got, stdout)
	}
}

func TestATraceWithoutRedisIsAFailure(t *testing.T) {
	t.Parallel()
	away := errors.New("connection refused")
	for name, row := range map[string]struct {
		trace program.Trace
		fails bool
	}{
		"Redis is away":      {program.Trace{Ghost: &member.Facts{}, MemoryErr: away, LettersErr: away, EventsErr: away}, true},
		"nobody to ask for":  {program.Trace{Ghost: &member.Facts{}, LettersErr: program.ErrNothing, EventsErr: program.ErrNothing}, false},
		"everything answers": {program.Trace{Ghost: &member.Facts{}}, false},
		"the list is away":   {program.Trace{Ghost: &member.Facts{}, ListErr: away}, false},
	} {
		if err := traceVerdict(row.trace); (err != nil) != row.fails {
			t.Errorf("%s: %v", name, err)
		}
	}
}
