package payment

import (
	"cmp"
	"reflect"
	"slices"
	"time"
)

// What is kept of each entitlement, at most.
const (
	maxHistory = 50
	maxAliases = 36 // a payment has up to three: a year of months
	maxSpans   = 24
	maxMoney   = 24
	maxUndated = 8
	maxOverdue = 16
	maxLists   = 12 // of products
	maxIDs     = 20 // of one event
	maxWord    = 255
)

// Merge adds an event to what is known, and says whether anything became known by
// it. In whatever order events come, and however often, the result is the same. The
// event may be told under any id of the purchase: that it belongs here is the
// caller's to know.
func (e *Entitlement) Merge(ev Event) (changed bool) {
	if ev.Action == ActionIgnore {
		return false
	}
	before := *e // what is changed is made anew, so this stays as it is
	ev = ev.sound()
	if e.ID == "" && ev.Subject.ID != "" {
		e.ID, e.Provider, e.Subject = EntitlementID(ev.Provider, ev.Subject), ev.Provider, ev.Subject
	}
	f := &e.Facts
	f.mergeLife(ev)
	f.mergeTime(ev)
	f.mergeMoney(ev)
	f.mergeProducts(ev)
	f.mergeNames(ev)
	e.History = remembered(e.History, ev)
	e.summarise()
	return !reflect.DeepEqual(before, *e)
}

// sound is the event with times and words that can be kept.
func (e Event) sound() Event {
	e.OccurredAt = e.OccurredAt.UTC().Round(0)
	latest := e.OccurredAt.AddDate(Lifetime, 0, 0)
	if e.PeriodEnd.After(latest) {
		e.PeriodEnd = latest
	}
	e.PeriodEnd = e.PeriodEnd.UTC().Round(0)
	long := func(word string) bool { return word == "" || len(word) > maxWord }
	e.Products = slices.DeleteFunc(slices.Clone(e.Products), long)
	e.Aliases = slices.DeleteFunc(slices.Clone(e.Aliases), long)
	e.Products = e.Products[:min(len(e.Products), maxIDs)]
	var items [][]string
	for _, item := range e.Items[:min(len(e.Items), maxIDs)] {
		items = append(items, slices.DeleteFunc(slices.Clone(item[:min(len(item), maxIDs)]), long))
	}
	e.Items = items
	return e
}

// restores says whether the event speaks of living access.
func (e Event) restores() bool {
	switch e.Action {
	case ActionGrant, ActionExtend, ActionUncancel, ActionResume:
		return true
	}
	return false
}

// grants says whether the event speaks of access that was bought or paid again.
func (e Event) grants() bool { return e.Action == ActionGrant || e.Action == ActionExtend }

// lives says whether the event is about the life of the purchase, not its money.
func (e Event) lives() bool {
	switch e.Action {
	case ActionKeepUntil, ActionPastDue, ActionRevoke, ActionSuspend:
		return true
	}
	return e.restores()
}

// mergeLife takes status, cancellation and renewal. Of two events of one moment
// (a provider's clock may know only seconds) the one that ends more wins, and of
// renewing and not, renewing: the end of it comes by other events.
func (f *Facts) mergeLife(ev Event) {
	if is := statusOf(ev); is != "" {
		if newer(ev.OccurredAt, f.Status.At, is.weight()-f.Status.Status.weight()) {
			f.Status = StatusFact{At: ev.OccurredAt, Status: is}
		}
	}
	if cancel, knows := cancelOf(ev); knows && cancel.beats(f.Cancel) {
		f.Cancel = cancel
	}
	knows := ev.Renews || ev.Snapshot && ev.restores() // a payment that does not renew may be a first one
	if knows && ev.lives() && newer(ev.OccurredAt, f.Renews.At, compareBool(ev.Renews, f.Renews.Renews)) {
		f.Renews = RenewsFact{At: ev.OccurredAt, Renews: ev.Renews}
	}
}

func statusOf(ev Event) Status {
	switch {
	case ev.restores():
		return Active
	case ev.Action == ActionPastDue:
		return PastDue
	case ev.Action == ActionSuspend:
		return Paused
	case ev.Action == ActionRevoke:
		return Ended
	}
	return ""
}

// cancelOf is what the event knows about a cancellation: a payment, nothing.
func cancelOf(ev Event) (c CancelFact, knows bool) {
	c.At = ev.OccurredAt
	switch {
	case ev.Action == ActionKeepUntil:
		c.Cancelled, c.EndsAt = true, ev.PeriodEnd
		return c, true
	case ev.Action == ActionUncancel:
		return c, true
	case ev.Snapshot && ev.Renews && ev.lives():
		return c, true
	}
	return c, false
}

func (c CancelFact) beats(had CancelFact) bool {
	return newer(c.At, had.At, cmp.Or(compareBool(c.Cancelled, had.Cancelled), c.EndsAt.Compare(had.EndsAt)))
}

// newer says whether one word goes before another: the later, and of one moment the
// greater.
func newer(at, had time.Time, greater int) bool {
	return cmp.Or(at.Compare(had), greater) > 0
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// remembered adds an event to a history. Of one fact under two ids one entry stays.
func remembered(history []Entry, ev Event) []Entry {
	entry := Entry{At: ev.OccurredAt, EventID: ev.ID, Type: ev.Type, Action: ev.Action}
	if ev.Key != ev.ID {
		entry.Key = ev.Key
	}
	return top(append(slices.Clone(history), entry), maxHistory, Entry.key, func(a, b Entry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.EventID, b.EventID),
			cmp.Compare(a.Key, b.Key), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Action, b.Action))
	})
}

// top keeps of each name the greatest and of those the n greatest, the least first.
// Since an entry only ever grows, one that fell out comes back if it belongs in: the
// result does not depend on the order in which entries came.
func top[T any, N comparable](all []T, n int, name func(T) N, compare func(a, b T) int) []T {
	slices.SortFunc(all, func(a, b T) int { return compare(b, a) })
	seen := map[N]bool{}
	all = slices.DeleteFunc(all, func(t T) bool {
		known := seen[name(t)]
		seen[name(t)] = true
		return known
	})
	all = all[:min(len(all), n)]
	slices.Reverse(all)
	return slices.Clip(all)
}
