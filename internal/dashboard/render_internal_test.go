package dashboard

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// evil is text that strangers may choose.
const evil = `"><script>alert(1)</script>'` + "\u202eback\u202c\x00\n" + `{{.Form}}`

// Every page is made of hostile data, in each of its states.
func TestEveryPageShowsTextAsText(t *testing.T) {
	t.Parallel()
	now := time.Now()
	letter := jobs.DeadLetter{
		ID: evil, Site: evil, Kind: evil, Event: evil, Key: evil, EmailHash: evil, Reason: evil, Code: evil, Attempts: 3, DiedAt: now, ReceivedAt: now,
		History: []jobs.Attempt{{At: now, Code: evil, Reason: evil}},
	}
	entry := store.Activity{ID: "1-0", At: now, Site: "blog", Event: evil, MemberID: evil, EmailHash: evil, Outcome: evil, Code: evil, Attempt: 2,
		Lag: time.Second, Who: evil, Counts: map[string]int{evil: 3}}
	task := store.Task{ID: evil, Kind: evil, Site: evil, Who: evil, On: evil, State: store.TaskRunning, Began: now, Seen: now, Phase: evil, Done: 1, Total: 3,
		Counts: map[string]int{"add": 1, "delete": 2, evil: 3}, Skipped: map[string]int{evil: 1}, Reason: evil}
	lost, plan, done := task, task, task
	lost.Seen = now.Add(-time.Hour)
	plan.State, plan.Kind = store.TaskDone, "plan"
	done.State, done.Kind, done.Journal = store.TaskPartly, "sync", true
	site := Site{Name: "blog", HasGhost: true, Gate: store.Gate{Upstream: upstreamGhost, Paused: true, Reason: evil, Since: now},
		CatchUp: store.CatchUp{Last: now, Reason: evil}, Pace: store.Pace{PerSecond: 10, Burst: 20}}
	site.Heard = store.Heard{RefusedAt: now, Refusal: evil}
	site.Flow.Done[3], site.Flow.Failed[3], site.Ahead, site.Held = 5, 2, time.Minute, time.Second
	broken := Site{Name: "shop", Gate: store.Gate{Upstream: upstreamList, Reason: evil, Since: now}}
	o := Overview{Sites: []Site{site, broken}, Queue: jobs.Stats{Depth: 1200345, Dead: 2}, Workers: []jobs.Worker{{Host: evil, StartedAt: now}}}
	view := overviewView{Overview: o, Now: now, Needs: needsOf(o, now), Failures: []jobs.DeadLetter{letter}}
	for _, s := range o.Sites {
		view.Cards = append(view.Cards, cardOf(s, now))
	}
	query := LetterQuery{Site: evil, Kind: evil, ID: evil, Reason: evil, From: evil, To: evil, EmailHash: evil}
	all := allView{Query: query, Verb: Drop, Fields: map[string]string{"site": evil}}
	report := doctor.Report{Findings: []doctor.Finding{{Site: evil, Name: evil, Status: doctor.Fail, Detail: evil, Remedy: evil}}}
	d := New(Options{Examiner: nobody{}, Tills: evilTills{}})
	sold := Purchase{ID: evil, Site: evil, Provider: evil, Product: evil, Tier: evil, MemberID: evil, EmailHash: evil, State: "needs_attention",
		Reason: evil, Remedy: evil, Paid: evil, Test: true, EndsAt: now, HeardAt: now}
	odd := sold
	odd.State = evil
	bought := PurchaseDetail{Purchase: sold, Products: []string{evil}, Aliases: []string{evil}, LinkedBy: evil, Customer: evil,
		History: []PurchaseEvent{{At: now, Type: evil, Action: evil, EventID: evil}}}
	purchases := paymentsView{PurchasePage: PurchasePage{Purchases: []Purchase{sold, odd}, MoreUrgent: true}, Shops: d.Tills.Shops(), NextURL: evil, FirstURL: evil,
		Query: PurchaseQuery{Whose: evil}, Providers: []string{evil}, Back: evil, Urgent: []string{sold.Ref()}, Problem: &BadQuery{"site", evil},
		Gaps: []UnmappedProduct{{evil, evil, evil, 2, []string{evil, evil}}, {Site: "blog"}}, Refused: []refusedAt{{evil, Quarantine{evil, 3, 50, 2}}}}
	purchases.count([]Tally{{Site: evil, States: map[string]int{"failed": 2}}})
	view.Spool, view.Needs = Spool{3, time.Minute}, append(view.Needs, spoolNeeds(Spool{3, time.Minute})...)
	for name, tt := range map[string]struct {
		page, block string
		data        any
	}{
		"overview":       {"overview", "layout", view},
		"empty overview": {"overview", "layout", overviewView{Now: now}},
		"activity":       {"activity", "layout", activityView{ActivityPage: ActivityPage{Entries: []store.Activity{entry}}, Query: ActivityQuery{Whose: evil}, Narrow: true, OlderURL: evil, Live: true}},
		"no activity":    {"activity", "layout", activityView{Live: true}},
		"row":            {"activity", "row", entry},
		"letters": {"letters", "layout", lettersView{LetterPage: LetterPage{Letters: []jobs.DeadLetter{letter}, Total: 3}, Query: query, NextURL: evil, FirstURL: evil,
			Sites: []string{"blog"}, Kinds: letterKinds(), AllURL: func(string) string { return evil }, Back: evil, Problem: &BadQuery{"from", evil}}},
		"no letters": {"letters", "layout", lettersView{}},
		"letter":     {"letter", "layout", letterView{Letter: Letter{DeadLetter: letter, Kept: store.Kept{Waiting: evil}}, Ref: evil, Problem: evil, Open: true}},
		"revealed":   {"letter", "layout", letterView{Letter: Letter{DeadLetter: letter, Kept: store.Kept{Waiting: "dead"}}, Address: evil}},
		"all":        {"all", "layout", all},
		"count":      {"all", "count", countView{allView: all, Groups: []LetterGroup{{evil, evil, evil, 3}}, Total: 3, Older: 1}},
		"no count":   {"all", "count", countView{allView: all}},
		"syncs":      {"syncs", "layout", syncsView{Now: now, Tasks: []taskView{viewTask(lost, now), viewTask(done, now)}, Running: []taskView{viewTask(task, now)}, Sites: []syncSite{{"blog", ""}, {"shop", evil}}}},
		"no syncs":   {"syncs", "layout", syncsView{Now: now}},
		"running":    {"sync", "layout", syncView{taskView: viewTask(task, now)}},
		"lost":       {"sync", "layout", syncView{taskView: viewTask(lost, now)}},
		"done":       {"sync", "layout", syncView{taskView: viewTask(done, now)}},
		"plan": {"sync", "layout", syncView{taskView: viewTask(plan, now), Plan: true, Removals: 2, Examples: []Example{{Kind: evil, MemberID: evil, Name: evil, Hash: evil, ToHash: evil,
			Reason: evil, Fields: []Field{{evil, evil, evil}}}, {Kind: "fail", MemberID: "x"}}}},
		"health":         {"health", "layout", viewHealth(exam{At: now, Report: report}, false, now)},
		"being examined": {"health", "layout", viewHealth(exam{}, true, now)},
		"not examined":   {"health", "layout", viewHealth(exam{}, false, now)},
		"failed exam":    {"health", "findings", viewHealth(exam{At: now, Err: errors.New(evil)}, false, now)},
		"payments":       {"payments", "layout", purchases},
		"no payments":    {"payments", "layout", paymentsView{}},
		"nothing sold":   {"payments", "layout", paymentsView{Shops: d.Tills.Shops(), GapsLater: true}},
		"gaps":           {"payments", "gaps", purchases},
		"purchase":       {"purchase", "layout", purchaseView{PurchaseDetail: bought, Problem: evil}},
		"bare purchase":  {"purchase", "state", purchaseView{PurchaseDetail: PurchaseDetail{Purchase: Purchase{State: "granted"}}}},
		"sign-in":        {"signin", "layout", signInView{Next: evil, Problem: evil}},
		"problem":        {"problem", "layout", problem{Heading: evil, Text: evil, Todo: evil, Back: evil, Retry: evil, Spool: Spool{2, time.Minute}}},
	} {
		v := visit{Request: httptest.NewRequest(http.MethodGet, "/dashboard", nil), token: newToken()}
		f := d.frame(v, tt.page, evil, tt.data)
		f.Note = &note{Tone: "warn", Text: evil, Link: Base, More: evil}
		html, err := d.pages.make(tt.page, tt.block, f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, bad := range []string{"<script>alert", "\u202e", "ZgotmplZ", "<no value>", " style=", "%!"} {
			if at := strings.Index(string(html), bad); at >= 0 {
				t.Errorf("%s holds %q: …%s", name, bad, html[max(0, at-200):min(len(html), at+100)])
			}
		}
	}
}

// evilTills is a shop whose owner chose hostile names.
type evilTills struct{ Tills }

func (evilTills) Shops() []Shop { return []Shop{{Site: evil, Providers: []string{evil}}} }

func TestWhatWaitsOnDiskIsToldOnlyIfSomethingDoes(t *testing.T) {
	t.Parallel()
	if told := spoolNeeds(Spool{}); told != nil {
		t.Errorf("of nothing: %+v", told)
	}
	if told := spoolNeeds(Spool{2, 3 * time.Minute}); len(told) != 1 || !strings.Contains(told[0].Text, "2 webhooks wait") || !strings.Contains(told[0].Text, "3 min") {
		t.Errorf("of two: %+v", told)
	}
}

// nobody examines nothing.
type nobody struct{ Examiner }

func TestAdviceSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"cm:1": "Correct it in Ghost", "cm:211": "Correct it in Ghost", "cm:500": "Campaign Monitor’s own", "ghost:503": "Ghost’s own", "timeout": "too long",
		"": "Mend what the reason names", "cm:50": "Mend what the reason names", "<b>:500": "Mend what the reason names",
	} {
		if got := advice(code); !strings.Contains(got, want) {
			t.Errorf("of %q: %q", code, got)
		}
	}
}

func TestSpansAndNumbersAreForPeople(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 1500 * time.Microsecond: "1.5 ms", 999 * time.Millisecond: "999 ms", 3200 * time.Millisecond: "3.2 s", 59 * time.Second: "59 s",
		90 * time.Minute: "1 h 30 min", 2 * time.Hour: "2 h", 47 * time.Hour: "47 h", 49 * time.Hour: "2 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567", -1000: "-1\u202f000"} {
		if got := num(n); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
}

func TestOnlyPagesOfTheDashboardAreGoneTo(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/dashboard/letters?site=blog": "/dashboard/letters?site=blog", "/dashboard": "/dashboard", "": Base, "/": Base, "//evil.example/dashboard": Base,
		"https://evil.example/dashboard": Base, "/dashboard/..//evil": Base, "/dashboard\n": Base, "/dashboard\\..": Base, "/dashboardx": Base,
	} {
		if got := ownPath(next); got != want {
			t.Errorf("%q leads to %q", next, got)
		}
	}
}
