package payment

import (
	"cmp"
	"slices"
	"time"
)

// mergeTime takes what the event says about what is paid until when.
func (f *Facts) mergeTime(ev Event) {
	if ev.Action == ActionPastDue {
		f.Overdue = top(append(slices.Clone(f.Overdue), Overdue{At: ev.OccurredAt, Since: ev.PeriodEnd}), maxOverdue,
			func(o Overdue) Overdue { return o },
			func(a, b Overdue) int { return cmp.Or(a.At.Compare(b.At), a.Since.Compare(b.Since)) })
	}
	if !ev.restores() {
		return
	}
	f.Restored = later(f.Restored, ev.OccurredAt)
	if ev.grants() {
		if f.First.IsZero() || ev.OccurredAt.Before(f.First) {
			f.First = ev.OccurredAt
		}
		f.Last = later(f.Last, ev.OccurredAt)
	}
	if ev.Period > 0 && newer(ev.OccurredAt, f.Period.At, cmp.Compare(ev.Period, f.Period.Is)) {
		f.Period = PeriodFact{At: ev.OccurredAt, Is: ev.Period}
	}
	until := ev.PeriodEnd
	if until.IsZero() && ev.Period > 0 && ev.Paid {
		until = ev.OccurredAt.Add(ev.Period)
	}
	span := Span{At: ev.OccurredAt, Until: until}
	switch {
	case until.IsZero() && ev.Paid && ev.grants():
		f.Undated = top(append(slices.Clone(f.Undated), ev.OccurredAt), maxUndated,
			func(t time.Time) time.Time { return t }, time.Time.Compare)
	case until.IsZero():
	case ev.Paid:
		f.Paid = stairs(f.Paid, span)
	default:
		f.Shown = stairs(f.Shown, span)
	}
	f.mergeAhead(ev, until)
}

// stairs keeps spans that end later than all that were told before them: what was
// paid until when, as of any time. Of more than 24 the newest stay; the others could
// only tell what an old refund took back.
func stairs(spans []Span, add Span) []Span {
	all := append(slices.Clone(spans), add)
	slices.SortFunc(all, func(a, b Span) int { return cmp.Or(a.At.Compare(b.At), b.Until.Compare(a.Until)) })
	var highest time.Time
	all = slices.DeleteFunc(all, func(s Span) bool {
		if !s.Until.After(highest) {
			return true
		}
		highest = s.Until
		return false
	})
	return slices.Clip(all[max(0, len(all)-maxSpans):])
}

// mergeAhead keeps how long periods of a product are. Of too many products those
// stay whose names come first, whatever came when.
func (f *Facts) mergeAhead(ev Event, until time.Time) {
	by := until.Sub(ev.OccurredAt)
	if until.IsZero() || by <= 0 {
		return
	}
	product := ""
	if len(ev.Products) > 0 {
		product = ev.Products[0]
	}
	all := append(slices.Clone(f.Ahead), Ahead{Product: product, By: by})
	slices.SortFunc(all, func(a, b Ahead) int { return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(b.By, a.By)) })
	all = slices.CompactFunc(all, func(a, b Ahead) bool { return a.Product == b.Product })
	f.Ahead = slices.Clip(all[:min(len(all), maxLists)])
}
