package demo

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// heard is a reporter whose lines are kept, and the log that it listens to.
func heard() (r *reporter, log *slog.Logger, out *screen) {
	out = &screen{}
	r = newReporter(newPrinter(out, false, false))
	return r, slog.New(&listener{reporter: r}), out
}

func does(t *testing.T, r *reporter, what string) {
	t.Helper()
	if err := r.expect("mainblog", what, func() (string, string, error) { return "1", "Ana", nil }); err != nil {
		t.Fatal(err)
	}
}

func done(log *slog.Logger, outcome string, events ...string) {
	log.Info("member.done", "site", "mainblog", "member_id", "1", "event_ids", events, "outcome", outcome)
}

// lines are the told lines without time and duration.
func lines(out *screen) []string {
	var all []string
	for line := range strings.Lines(out.String()) {
		words := strings.Fields(line)
		all = append(all, strings.TrimSuffix(strings.Join(words[1:len(words)-2], " "), " "))
	}
	return all
}

func TestChangesAreToldWithWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	r, log, out := heard()
	done(log, "created") // handed over by the sync
	does(t, r, "is renamed")
	done(log, "updated", "e1")
	does(t, r, "is edited")
	does(t, r, "is edited")
	does(t, r, "leaves")
	done(log, "updated", "e2", "e3")
	if r.told() {
		t.Error("a change that nothing was heard of counts as told")
	}
	done(log, "removed", "e2", "e3", "e4") // the entry kept the older two
	want := []string{
		"mainblog Ana is renamed → fields updated",
		"mainblog Ana is edited, 2 times → fields updated",
		"mainblog Ana leaves → unsubscribed",
	}
	if diff := cmp.Diff(want, lines(out)); diff != "" {
		t.Error(diff)
	}
	if !r.told() {
		t.Error("something is left to tell")
	}
}

func TestARecordWithManyEventsEndsAllThatWaits(t *testing.T) {
	t.Parallel()
	r, log, _ := heard()
	var ids []string
	for i := range mostEvents + 5 {
		does(t, r, "is edited")
		ids = append(ids, fmt.Sprint("e", i))
	}
	done(log, "updated", ids[5:]...)
	if !r.told() {
		t.Error("the events that the inbox has no room for are waited for")
	}
}

func TestADeadLetterIsToldAndWaitedForNoMore(t *testing.T) {
	t.Parallel()
	r, log, out := heard()
	does(t, r, "is edited")
	log.Warn("member.retry", "site", "mainblog", "member_id", "1", "attempt", 1, "reason", "no answer")
	log.Error("member.dead", "site", "mainblog", "member_id", "1", "reason", "no answer")
	log.Info("webhook.accepted", "site", "mainblog", "coalesced", true)
	log.Info("webhook.accepted", "site", "mainblog", "coalesced", false)
	if diff := cmp.Diff(tally{accepted: 2, coalesced: 1, retries: 1, dead: 1}, r.count("mainblog"), cmp.AllowUnexported(tally{})); diff != "" {
		t.Error(diff)
	}
	if !r.told() || !out.shows("Ana: attempt 1 failed") || !out.shows("Ana: became a dead letter: no answer") {
		t.Errorf("told: %t\n%s", r.told(), out)
	}
}

func TestWhatDidNotHappenIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	r, _, _ := heard()
	refused := errors.New("refused")
	if err := r.expect("mainblog", "joins", func() (string, string, error) { return "", "", refused }); !errors.Is(err, refused) || !r.told() {
		t.Errorf("%v, told: %t", err, r.told())
	}
}
