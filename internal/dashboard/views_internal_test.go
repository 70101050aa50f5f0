package dashboard

import (
	"errors"
	"time"

	"github.com/a-h/templ"

	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// everyView is every page and part, in each of its states, with one text in all
// places where strangers, or the configuration, choose what stands there.
func everyView(d *Dashboard, now time.Time, evil string) map[string]content {
	page := func(c content) content { return func(f frame) templ.Component { return layout(f, c(f)) } }
	letter := jobs.DeadLetter{
		ID: evil, Site: evil, Kind: evil, Event: evil, Key: evil, EmailHash: evil, Reason: evil, Code: evil, Attempts: 3, DiedAt: now, ReceivedAt: now,
		History: []jobs.Attempt{{At: now, Code: evil, Reason: evil}},
	}
	entry := store.Activity{ID: "1-0", At: now, Site: evil, Event: evil, MemberID: evil, EmailHash: evil, Outcome: evil, Code: evil, Attempt: 2,
		Lag: time.Second, Who: evil, Counts: map[string]int{evil: 3}}
	task := store.Task{ID: evil, Kind: evil, Site: evil, Who: evil, On: evil, State: store.TaskRunning, Began: now, Seen: now, Phase: evil, Done: 1, Total: 3,
		Counts: map[string]int{"add": 1, "delete": 2, evil: 3}, Skipped: map[string]int{evil: 1}, Reason: evil}
	lost, plan, done := task, task, task
	lost.Seen = now.Add(-time.Hour)
	plan.State, plan.Kind = store.TaskDone, "plan"
	done.State, done.Kind, done.Journal = store.TaskPartly, "sync", true
	site := Site{Name: evil, HasGhost: true, Gate: store.Gate{Upstream: upstreamGhost, Paused: true, Reason: evil, Since: now},
		CatchUp: store.CatchUp{Last: now, Reason: evil}, Pace: store.Pace{PerSecond: 10, Burst: 20}}
	site.Heard = store.Heard{RefusedAt: now, Refusal: evil}
	site.Flow.Done[3], site.Flow.Failed[3], site.Ahead, site.Held = 5, 2, time.Minute, time.Second
	broken := Site{Name: evil, Gate: store.Gate{Upstream: upstreamList, Reason: evil, Since: now}}
	o := Overview{Sites: []Site{site, broken}, Queue: jobs.Stats{Depth: 1200345, Dead: 2}, Workers: []jobs.Worker{{Host: evil, StartedAt: now}}}
	view := overviewView{Overview: o, Now: now, Needs: needsOf(o, now), Failures: []jobs.DeadLetter{letter}}
	for _, s := range o.Sites {
		view.Cards = append(view.Cards, cardOf(s, now))
	}
	query := LetterQuery{Site: evil, Kind: evil, ID: evil, Reason: evil, From: evil, To: evil, EmailHash: evil}
	all := allView{Query: query, Verb: Drop}
	report := doctor.Report{Findings: []doctor.Finding{{Site: evil, Name: evil, Status: doctor.Fail, Detail: evil, Remedy: evil}}}
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
	return map[string]content{
		"overview":       page(of(overviewPage, view)),
		"empty overview": page(of(overviewPage, overviewView{Now: now})),
		"activity":       page(of(activityPage, activityView{ActivityPage: ActivityPage{Entries: []store.Activity{entry}}, Query: ActivityQuery{Whose: evil}, Narrow: true, OlderURL: evil, Live: true})),
		"no activity":    page(of(activityPage, activityView{Live: true})),
		"row":            of(activityRow, entry),
		"letters": page(of(lettersPage, lettersView{LetterPage: LetterPage{Letters: []jobs.DeadLetter{letter}, Total: 3}, Query: query, NextURL: evil, FirstURL: evil,
			Sites: []string{evil}, Kinds: letterKinds(), Back: evil, Problem: &BadQuery{"from", evil}})),
		"no letters": page(of(lettersPage, lettersView{})),
		"letter":     page(of(letterPage, letterView{Letter: Letter{DeadLetter: letter, Kept: store.Kept{Waiting: evil}}, Ref: evil, Problem: evil, Open: true})),
		"revealed":   page(of(letterPage, letterView{Letter: Letter{DeadLetter: letter, Kept: store.Kept{Waiting: "dead"}}, Address: evil})),
		"all":        page(of(allPage, all)),
		"count":      of(allCount, countView{allView: all, Groups: []LetterGroup{{evil, evil, evil, 3}}, Total: 3, Older: 1}),
		"no count":   of(allCount, countView{allView: all}),
		"syncs":      page(of(syncsPage, syncsView{Now: now, Tasks: []taskView{viewTask(lost, now), viewTask(done, now)}, Running: []taskView{viewTask(task, now)}, Sites: []syncSite{{"blog", ""}, {evil, evil}}, OptOuts: []string{evil}})),
		"no syncs":   page(of(syncsPage, syncsView{Now: now})),
		"running":    page(of(syncPage, syncView{taskView: viewTask(task, now)})),
		"lost":       page(of(syncPage, syncView{taskView: viewTask(lost, now)})),
		"done":       page(of(syncPage, syncView{taskView: viewTask(done, now)})),
		"plan": page(of(syncPage, syncView{taskView: viewTask(plan, now), Plan: true, Removals: 2, Examples: []Example{{Kind: evil, MemberID: evil, Name: evil, Hash: evil, ToHash: evil,
			Reason: evil, Fields: []Field{{evil, evil, evil}}}, {Kind: "fail", MemberID: "x"}}})),
		"health":         page(of(healthPage, viewHealth(exam{At: now, Report: report}, false, now))),
		"being examined": page(of(healthPage, viewHealth(exam{}, true, now))),
		"not examined":   page(of(healthPage, viewHealth(exam{}, false, now))),
		"failed exam":    of(healthFindings, viewHealth(exam{At: now, Err: errors.New(evil)}, false, now)),
		"payments":       page(of(paymentsPage, purchases)),
		"no payments":    page(of(paymentsPage, paymentsView{})),
		"nothing sold":   page(of(paymentsPage, paymentsView{Shops: d.Tills.Shops(), GapsLater: true})),
		"gaps":           of(gapTable, purchases.Gaps),
		"purchase":       page(of(purchasePage, purchaseView{PurchaseDetail: bought, Problem: evil})),
		"bare purchase":  of(purchaseState, purchaseView{PurchaseDetail: PurchaseDetail{Purchase: Purchase{State: "granted"}}}),
		"sign-in":        page(of(signInPage, signInView{Next: evil, Problem: evil})),
		"problem":        page(of(problemPage, problem{Heading: evil, Text: evil, Todo: evil, Back: evil, Retry: evil, Spool: Spool{2, time.Minute}})),
		"nice overview":  page(of(overviewPage, overviewView{Overview: Overview{Sites: []Site{{Name: "b"}}}, Now: now})),
		"nice activity": page(of(activityPage, activityView{ActivityPage: ActivityPage{Entries: []store.Activity{
			{ID: "2-1", At: now, Site: "blog", Event: "member.added", Outcome: "created", Attempt: 1},
			{ID: "2-2", At: now, Site: "shop", Event: "sync", Outcome: "failed", Who: "cli", Counts: map[string]int{"add": 2, "skip": 1200}, Code: "cm:50", Attempt: 3}}},
			Sites: []string{"blog", "shop"}, Query: ActivityQuery{Site: "blog", Outcome: "failed", Event: "sync"}, Choices: outcomeChoices(), Events: eventChoices()})),
		"narrow activity": page(of(activityPage, activityView{Narrow: true})),
		"narrow older":    page(of(activityPage, activityView{Narrow: true, OlderURL: "/dashboard/activity?before=1"})),
		"narrow letters":  page(of(lettersPage, lettersView{Narrow: true})),
		"next letters":    page(of(lettersPage, lettersView{LetterPage: LetterPage{Next: "x"}, NextURL: "/dashboard/letters?after=x"})),
		"nice letters": page(of(lettersPage, lettersView{LetterPage: LetterPage{Letters: []jobs.DeadLetter{{ID: "a1", DiedAt: now}}}, Query: LetterQuery{Site: "blog", Kind: "optout"},
			Sites: []string{"blog", "shop"}, Kinds: letterKinds(), Back: Base, Problem: &BadQuery{"to", "x"}})),
		"nice letter":   page(of(letterPage, letterView{Letter: Letter{Kept: store.Kept{}}, Ref: "a.1"})),
		"closed letter": page(of(letterPage, letterView{Letter: Letter{DeadLetter: letter}, Ref: "a.1"})),
		"replay count":  of(allCount, countView{allView: allView{Verb: Replay, Query: LetterQuery{Site: "blog", EmailHash: "0123"}}, Groups: []LetterGroup{{"blog", "member", "cm:1", 1}}, Total: 1}),
		"replay all":    page(of(allPage, allView{Verb: Replay, Back: Base, CountURL: "/dashboard/letters/count?verb=replay"})),
		"optout syncs": page(of(syncsPage, syncsView{Now: now, OptOuts: []string{"a", "b"}, Sites: []syncSite{{"a", ""}, {"b", ""}, {"c", "x"}},
			Tasks: []taskView{viewTask(store.Task{ID: "1", Kind: "plan", State: store.TaskDone, Began: now, Ended: now.Add(3 * time.Second), Counts: map[string]int{"add": 3}}, now),
				viewTask(store.Task{ID: "1", Kind: "dlq.drop", State: store.TaskDone, Began: now, Ended: now, Site: "b", Counts: map[string]int{"done": 3}}, now)},
			Running: []taskView{viewTask(store.Task{ID: "3", Kind: "sync", State: store.TaskRunning, Began: now, Seen: now, Done: 4}, now)}})),
		"all optout syncs": page(of(syncsPage, syncsView{Now: now, OptOuts: []string{"a", "b"}, Sites: []syncSite{{"a", ""}, {"b", ""}}})),
		"just begun":       page(of(syncPage, syncView{taskView: viewTask(store.Task{ID: "1", Kind: "sync", State: store.TaskRunning, Began: now, Seen: now}, now)})),
		"so far":           page(of(syncPage, syncView{taskView: viewTask(store.Task{ID: "1", Kind: "sync", State: store.TaskRunning, Began: now, Seen: now, Done: 7, Members: 8, Subscribers: 9}, now)})),
		"failed sync":      page(of(syncPage, syncView{taskView: viewTask(store.Task{ID: "1", Kind: "sync", State: "failed", Reason: "x", Began: now, Ended: now, Options: map[string]string{"run": "r"}}, now)})),
		"unchanged plan":   page(of(syncPage, syncView{Plan: true, taskView: viewTask(store.Task{ID: "1", Kind: "plan", State: store.TaskDone, Began: now, Ended: now}, now)})),
		"skip plan": page(of(syncPage, syncView{Plan: true, taskView: viewTask(store.Task{ID: "1", Kind: "plan", State: store.TaskDone, Began: now, Ended: now, Counts: map[string]int{"add": 1, "active": 4, "skip": 5}, Skipped: map[string]int{"unknown": 5}}, now),
			Examples: []Example{{Kind: "skip", Name: "N", Hash: "h"}, {Kind: "add", MemberID: "0123456789ab", Hash: "h", ToHash: "i"}}})),
		"good health":     page(of(healthPage, viewHealth(exam{At: now, Report: doctor.Report{Findings: []doctor.Finding{{Name: "redis", Status: doctor.OK, Detail: "x"}, {Name: "list", Site: "blog", Status: doctor.Warn, Remedy: "y"}}}}, false, now))),
		"narrow payments": page(of(paymentsPage, paymentsView{Shops: d.Tills.Shops(), Narrow: true})),
		"next payments":   page(of(paymentsPage, paymentsView{Shops: []Shop{{Site: "a"}, {Site: "b"}}, Query: PurchaseQuery{Site: "a", State: "failed", Provider: "polar"}, Providers: []string{"polar"}, PurchasePage: PurchasePage{Next: "x"}})),
		"sold": page(of(paymentsPage, paymentsView{Shops: d.Tills.Shops(), PurchasePage: PurchasePage{Purchases: []Purchase{{ID: "p", Site: "a", State: "granted"}}}, Urgent: []string{"a p", "a q"},
			States: []stateCount{{"failed", 3, "/x"}, {"granted", 3000, "/y"}}, Query: PurchaseQuery{State: "failed"}})),
		"bad payments":    page(of(paymentsPage, paymentsView{Shops: d.Tills.Shops(), Problem: &BadQuery{"x", "y"}})),
		"nice purchase":   page(of(purchasePage, purchaseView{PurchaseDetail: PurchaseDetail{Purchase: Purchase{ID: "1", State: "failed", MemberID: "m", EmailHash: "e", Reason: "because"}, LinkedBy: "operator"}})),
		"nice sign-in":    page(of(signInPage, signInView{Next: "/dashboard"})),
		"nice problem":    page(of(problemPage, problem{Heading: "a", Text: "b", Todo: "c"})),
		"waiting problem": page(of(problemPage, problem{Heading: "a", Text: "b", Todo: "c", Retry: "/dashboard"})),
		"state letters":   of(lettersState, lettersView{LetterPage: LetterPage{Total: 1}}),
		"state overview":  of(overviewState, view),
		"state syncs":     of(syncsState, syncsView{}),
		"state sync":      of(syncState, syncView{taskView: viewTask(task, now)}),
		"state payments":  of(paymentsState, purchases),
	}
}
