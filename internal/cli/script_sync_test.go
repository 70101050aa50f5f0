package cli_test

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/store"
)

// scriptCommands are what scripts can do beside running ghostcm.
func scriptCommands(t *testing.T) map[string]func(*testscript.TestScript, bool, []string) {
	all := worldCommands(t)
	maps.Copy(all, paymentCommands(t))
	maps.Copy(all, map[string]func(*testscript.TestScript, bool, []string){
		"readable": readable, "member": member, "suppressed": suppressed, "gone": gone, "newsletters": newsletters, "ghostdown": ghostDown,
		"listed": listed, "state": state, "field": field, "nofield": noField, "confirming": confirming, "run": latestRun,
		"held": func(ts *testscript.TestScript, _ bool, args []string) { held(t, ts, args) },
	})
	return all
}

// readable gives ghostcm the Admin API key of the blog.
func readable(ts *testscript.TestScript, _ bool, _ []string) {
	w := worldOf(ts)
	ts.Setenv("SITE1_GHOST_URL", w.ghost.URL())
	ts.Setenv("SITE1_GHOST_ADMIN_API_KEY", w.ghost.AdminKey())
	ts.Setenv("RIGHT_KEY", cmtest.DefaultKey)
	ts.Setenv("CM_RATE_LIMIT", "1000")
	ts.Setenv("CM_RATE_BURST", "1000")
}

// member makes or changes a member, which no webhook tells of:
// member jo@example.org 'Jo Reed' paid. An address like %d@example.org with a
// number at the end makes so many.
func member(ts *testscript.TestScript, _ bool, args []string) {
	m := ghosttest.Member{Email: args[0]}
	if len(args) > 1 {
		m.Name = args[1]
	}
	if len(args) > 2 {
		m.Status = args[2]
	}
	records := []ghosttest.Member{m}
	if strings.Contains(m.Email, "%d") {
		n, err := strconv.Atoi(args[3])
		ts.Check(err)
		records = nil
		for i := range n {
			one := m
			one.Email = fmt.Sprintf(m.Email, i)
			records = append(records, one)
		}
	}
	if n := worldOf(ts).ghost.Import(records); n != len(records) {
		ts.Fatalf("Ghost took %d of %d members", n, len(records))
	}
}

// memberAt finds a member of the blog by the address.
func memberAt(ts *testscript.TestScript, email string) ghosttest.Member {
	for _, m := range worldOf(ts).ghost.Members() {
		if m.Email == email {
			return m
		}
	}
	ts.Fatalf("Ghost has no %s", email)
	return ghosttest.Member{}
}

// suppressed has Ghost stop mailing a member.
func suppressed(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(worldOf(ts).ghost.SetSuppressed(memberAt(ts, args[0]).ID, !neg))
}

// gone deletes members, which no webhook tells of: gone jo@example.org.
func gone(ts *testscript.TestScript, _ bool, args []string) {
	worldOf(ts).ghost.BulkDelete(func(m ghosttest.Member) bool { return strings.HasSuffix(m.Email, args[0]) })
}

// newsletters checks how many a member has: newsletters jo@example.org 0.
func newsletters(ts *testscript.TestScript, _ bool, args []string) {
	if got := strconv.Itoa(len(memberAt(ts, args[0]).Newsletters)); got != args[1] {
		ts.Fatalf("%s has %s newsletters", args[0], got)
	}
}

// ghostdown makes Ghost answer 503.
func ghostDown(ts *testscript.TestScript, neg bool, _ []string) { worldOf(ts).ghost.SetDown(!neg) }

// listed puts somebody on the list: listed jo@example.org Unsubscribed.
func listed(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	if _, known := w.list.Subscriber(w.listID, args[0]); known {
		w.list.SetState(w.listID, args[0], args[1])
		return
	}
	w.list.Seed(w.listID, cmtest.Subscriber{Email: args[0], Name: "From Elsewhere", State: args[1]})
}

// state checks a subscriber's state: state jo@example.org Active. ! state
// jo@example.org means that the address was never on the list.
func state(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	s, known := w.list.Subscriber(w.listID, args[0])
	switch {
	case neg && known:
		ts.Fatalf("%s is on the list, %s", args[0], s.State)
	case !neg && s.State != args[1]:
		ts.Fatalf("%s is %q", args[0], s.State)
	}
}

// field checks a subscriber's custom field: field jo@example.org ghost_status paid.
func field(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	if s, _ := w.list.Subscriber(w.listID, args[0]); s.Fields[args[1]] != args[2] {
		ts.Fatalf("%s of %s is %q", args[1], args[0], s.Fields[args[1]])
	}
}

// nofield takes a custom field from the list; ! nofield brings it back.
func noField(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	if neg {
		w.list.AddField(w.listID, args[0], "Text")
		return
	}
	w.list.RemoveField(w.listID, args[0])
}

// confirming gives the blog another list, where everybody has to confirm.
func confirming(ts *testscript.TestScript, _ bool, _ []string) {
	w := worldOf(ts)
	w.listID = w.list.CreateList(cmtest.ListOptions{ConfirmedOptIn: true, UnsubscribeSetting: "OnlyThisList"})
	for _, name := range []string{"ghost_status", "ghost_signup_date", "ghost_last_updated", "ghost_status_changed_at",
		"ghost_previous_status", "ghost_labels", "ghost_email_enabled"} {
		w.list.AddField(w.listID, name, "Text")
	}
	ts.Setenv("SITE1_CM_LIST_ID", w.listID)
}

// held runs the rest of its line while another sync holds the blog.
func held(t *testing.T, ts *testscript.TestScript, args []string) {
	redis, err := store.Open(store.Options{URL: ts.Getenv("REDIS_URL"), Timeouts: store.WorkerTimeouts()})
	ts.Check(err)
	defer redis.Close()
	run, err := store.New(redis, time.Now).OpenRun(t.Context(), "blog", time.Minute, "another host, process 7")
	ts.Check(err)
	defer func() { ts.Check(run.Close(context.WithoutCancel(t.Context()))) }()
	exits(ts, false, args)
}

// latestRun puts the id of the latest run into a variable: run RUN.
func latestRun(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("ghostcm", "sync", "runs"))
	id, _, _ := strings.Cut(ts.ReadFile("stdout"), "\t")
	ts.Setenv(args[0], id)
}
