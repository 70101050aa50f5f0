package member

import (
	"slices"
	"strings"
	"time"
)

// Sighting is what a listing of a whole list shows at one address.
type Sighting struct {
	At    string // the address that was looked up
	Found bool   // false: the listing has nobody there

	Email, Name, State string
	Date               string    // since when in that state, as Campaign Monitor spells it
	Since              time.Time // the same in real time, if the caller could tell
	// Values are the fields, one for each of Layout.Facts; "" where one is empty.
	Values []string
}

// Emails are the addresses that the case of a re-read member looks at: those to
// be looked up in a listing, recalled and locked. It is what Keys tells, for
// less.
func (in *Input) Emails() []string { return in.AppendEmails(nil) }

// AppendEmails appends Emails to a slice that is empty.
func (in *Input) AppendEmails(emails []string) []string {
	add := func(email string) {
		if email != "" && !slices.ContainsFunc(emails, func(had string) bool { return SameAddress(had, email) }) {
			emails = append(emails, email)
		}
	}
	if in.Fresh != nil {
		add(in.Fresh.Email.Value)
	}
	add(in.Memory.Email)
	for _, more := range [][]string{in.Memory.Perhaps, in.Memory.Stale, in.Entry.Addresses} {
		for _, email := range more {
			add(email)
		}
	}
	return emails
}

// believe replaces what is remembered of the list by what a listing shows of it:
// changes made there by hand, or by a write whose end is not known, and all that
// was forgotten, are found so.
func (c *Case) believe(shown []Sighting) {
	if len(shown) == 0 || c.late {
		return
	}
	for i := range shown {
		c.sight(&shown[i])
	}
	c.adopt(shown)
	c.prior = Digests{}
	for i := range shown {
		if s := &shown[i]; s.Found && c.Memory.Email != "" && SameAddress(s.At, c.Memory.Email) {
			c.show(s)
			c.recallHistory(s)
		}
	}
	c.Memory.Written, c.Memory.Layout = c.prior, ""
	if c.listed {
		c.Memory.Layout = c.print
	}
}

// show takes in what the list has, as if it had been written so.
func (c *Case) show(s *Sighting) {
	c.listed = true
	c.shown[placeOfName], c.prior[placeOfName] = Some(s.Name), digest(s.Name)
	for i, f := range c.layout.fields() {
		value := f.Normal(s.Values[i])
		c.shown[f.place], c.prior[f.place] = Some(value), digest(value)
	}
}

// sight takes in what the listing shows at one address, as a read would, but not
// where we removed a subscriber: the listing may be older than the removal, or
// have missed a subscriber who moved from state to state while it was read.
func (c *Case) sight(s *Sighting) {
	key := AddressKey(s.At)
	a := c.Addresses[key]
	if a.Removal != nil {
		return
	}
	if !s.Found {
		c.absent.add(key)
		c.seen.put(key, Result{Answer: Absent})
		return
	}
	r := Result{State: s.State, Date: s.Date, Since: s.Since}
	c.seen.put(key, r)
	before := a
	a.Observe(r)
	if a != before {
		c.keep(key, a)
	}
}

// adopt makes the subscriber at the member's address the member's own, if none
// is remembered and nobody else owns it.
func (c *Case) adopt(shown []Sighting) {
	m := &c.Memory
	for i := range shown {
		s := &shown[i]
		if m.Email != "" || !s.Found || !SameAddress(s.At, c.facts.Email.Value) || !c.owns(s.At) {
			continue
		}
		if c.Addresses[AddressKey(s.At)].Removal != nil {
			continue
		}
		m.Email, c.was = s.Email, s.Email
		c.address(s.At, c.own)
	}
	if m.Email != "" && c.owns(m.Email) && slices.ContainsFunc(m.Perhaps, c.isRemembered) && !c.absent.has(m.Email) {
		m.Perhaps = slices.DeleteFunc(slices.Clone(m.Perhaps), c.isRemembered)
	}
}

func (c *Case) isRemembered(email string) bool { return SameAddress(email, c.Memory.Email) }

// Normal is a value that was read from the column in the spelling in which it is
// written: dates are read as yyyy-mm-dd.
func (c Column) Normal(value string) string {
	const day = len("2006-01-02")
	if !c.Date || len(value) < day {
		return value
	}
	value = value[:day]
	if !strings.Contains(value, "-") {
		return value
	}
	return strings.ReplaceAll(value, "-", "/")
}

// recallHistory lets a history that is not remembered survive in the list's own
// fields.
func (c *Case) recallHistory(s *Sighting) {
	m := &c.Memory
	if m.PreviousStatus != "" || !m.StatusChangedAt.IsZero() {
		return
	}
	for i, f := range c.layout.fields() {
		if s.Values[i] == "" {
			continue
		}
		switch f.fact {
		case FactStatus:
			if m.Status == "" {
				m.Status = s.Values[i]
			}
		case FactPreviousStatus:
			m.PreviousStatus = s.Values[i]
		case FactStatusChangedAt:
			m.StatusChangedAt = readTime(s.Values[i])
		}
	}
}

// readTime reads a time as timeValue wrote it or a list shows it; zero if it is
// none.
func readTime(value string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02", "2006/01/02", time.DateTime} {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// include adds someone whom Ghost suppressed, and who is not on the list, though
// the policy would not: the operator asked for it. It holds until Ghost takes the
// suppression back, so that no later run or webhook undoes it.
func (c *Case) include(wished bool) {
	f := c.facts
	if f.Suppressed.Known && !f.Suppressed.Value {
		c.Memory.Included = false
	}
	key := AddressKey(f.Email.Value)
	if wished && f.Suppressed.Value && c.absent.has(key) && c.Addresses[key].OptOut == nil {
		c.Memory.Included = true
	}
}
