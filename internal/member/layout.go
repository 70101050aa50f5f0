package member

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Fact names something known of a member that a custom field can hold.
type Fact string

// The facts that custom fields are made from. The first seven fields always
// exist; the others are written where the list has them.
const (
	FactStatus          Fact = "status"
	FactSignupDate      Fact = "signup_date"
	FactLastUpdated     Fact = "last_updated"
	FactStatusChangedAt Fact = "status_changed_at"
	FactPreviousStatus  Fact = "previous_status"
	FactLabels          Fact = "labels"
	FactEmailEnabled    Fact = "email_enabled"
	FactTiers           Fact = "tiers"
	FactNewsletters     Fact = "newsletters"
)

// factName is the subscriber's name: compared like a fact, but no custom field.
const factName Fact = "name"

// Column is the custom field of a list that holds a fact.
type Column struct {
	Key  string // as Campaign Monitor spells it
	Date bool   // a Date field takes yyyy/mm/dd, any other the full timestamp
}

// Layout is where a list keeps facts, and what its settings ask of removals.
type Layout struct {
	ListID  string
	Columns map[Fact]Column
	// RemoveByDelete is set for a list whose UnsubscribeSetting is AllClientLists:
	// an unsubscribe there would reach every list of the client and suppress the
	// person, so every removal is a delete.
	RemoveByDelete bool

	settled *settledLayout
}

// settledLayout is what many cases ask of one layout.
type settledLayout struct {
	print  string
	facts  []Fact
	fields []field
}

// field is a column of a layout, and what goes there.
type field struct {
	Column
	fact  Fact
	place int // in Digests
}

// Settled is the same layout, made to be asked by many cases. Its columns must
// not change any more.
func (l Layout) Settled() Layout {
	l.settled = nil
	settled := &settledLayout{print: l.Fingerprint(), facts: l.Facts()}
	for _, fact := range settled.facts {
		settled.fields = append(settled.fields, field{l.Columns[fact], fact, fact.place()})
	}
	l.settled = settled
	return l
}

// fields are those of Facts, in their order. The layout must be settled.
func (l Layout) fields() []field { return l.settled.fields }

// settle is Settled, if it is not.
func (l Layout) settle() Layout {
	if l.settled != nil {
		return l
	}
	return l.Settled()
}

// Facts are the facts that the layout has columns for, in the order of writing.
func (l Layout) Facts() []Fact {
	if l.settled != nil {
		return l.settled.facts
	}
	facts := make([]Fact, 0, len(l.Columns))
	for _, fact := range columnOrder {
		if _, exists := l.Columns[fact]; exists {
			facts = append(facts, fact)
		}
	}
	return facts
}

// Fingerprint changes whenever a remembered write says nothing about this
// layout: another list, or a fact in another field.
func (l Layout) Fingerprint() string {
	if l.settled != nil {
		return l.settled.print
	}
	parts := []string{l.ListID}
	for fact, column := range l.Columns {
		parts = append(parts, fmt.Sprintf("%s=%s/%t", fact, column.Key, column.Date))
	}
	slices.Sort(parts[1:])
	return digest(strings.Join(parts, "\n")).text()
}

// Value is what a custom field should hold. An empty value clears the field.
type Value struct {
	Key   string
	Value string
}

// Campaign Monitor ignores dates outside these bounds without a word
// (https://www.campaignmonitor.com/api/v3-3/subscribers/).
var (
	firstDate = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	afterDate = time.Date(2076, 6, 7, 0, 0, 0, 0, time.UTC)
)

// timeValue writes t as the column takes it; "" when it cannot hold t.
func (c Column) timeValue(t time.Time) string {
	t = t.UTC()
	if !c.Date {
		return t.Format(time.RFC3339)
	}
	if t.Before(firstDate) || !t.Before(afterDate) {
		return ""
	}
	year, month, day := t.Date()
	digit := func(n int) byte { return '0' + byte(n%10) }
	return string([]byte{
		digit(year / 1000), digit(year / 100), digit(year / 10), digit(year), '/',
		digit(int(month) / 10), digit(int(month)), '/', digit(day / 10), digit(day),
	})
}
