package member

import (
	"crypto/sha256"
	"encoding/base64"
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
	print string
	facts []Fact
}

// Settled is the same layout, made to be asked by many cases. Its columns must
// not change any more.
func (l Layout) Settled() Layout {
	l.settled = nil
	l.settled = &settledLayout{print: l.Fingerprint(), facts: l.Facts()}
	return l
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
	return digest(strings.Join(parts, "\n"))
}

// Value is what a custom field should hold. An empty value clears the field.
type Value struct {
	Key   string
	Value string
}

// digest shortens a value to what tells it apart: 36 bits of SHA-256.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	var text [7]byte
	base64.RawURLEncoding.Encode(text[:], sum[:5])
	return string(text[:6])
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
	return t.Format("2006/01/02")
}
