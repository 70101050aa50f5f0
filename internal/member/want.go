package member

import (
	"strconv"
	"time"
)

// Want is the subscriber that Ghost's newest facts ask for.
type Want struct {
	Email string
	// Name is unknown when no source told it; then the list keeps what it has.
	Name Maybe[string]
	// Values are the custom fields to write; those not told of are left out.
	Values []Value
	// Inactive is whether the policy wants this person off the list.
	Inactive bool
}

// texts are the name and the facts in the form in which a list keeps them, by their
// places in Digests.
type texts [len(columnOrder) + 1]Maybe[string]

// history is a member's status and how it came to be.
type history struct {
	status, previous string
	changedAt        time.Time
}

// want sets the goal, but for its values.
func (c *Case) want() {
	c.goal.Email = c.facts.Email.Value
	if !c.facts.Email.Known || c.goal.Email == "" {
		c.goal.Email = c.Memory.Email
	}
	c.goal.Inactive = c.wantsInactive()
	if c.facts.Name.Known {
		c.goal.Name = Some(CleanText(c.facts.Name.Value))
		c.asked[placeOfName] = c.goal.Name
	}
	for _, f := range c.layout.fields() {
		if value, known := c.render(f.fact, f.Column); known {
			c.asked[f.place] = Some(value)
		}
	}
}

// wanted is the goal, to be written. Most members are as they should be: they need
// no values.
func (c *Case) wanted() Want {
	w := c.goal
	w.Values = make([]Value, 0, len(c.layout.fields()))
	for _, f := range c.layout.fields() {
		if asked := c.asked[f.place]; asked.Known {
			w.Values = append(w.Values, Value{Key: f.Key, Value: asked.Value})
		}
	}
	return w
}

// columnOrder fixes the order of fields in a write, and the places of their digests
// in records (see bitOfPlace): new facts go to the end.
var columnOrder = [...]Fact{FactStatus, FactSignupDate, FactLastUpdated, FactStatusChangedAt, FactPreviousStatus,
	FactLabels, FactEmailEnabled, FactTiers, FactNewsletters}

func (c *Case) render(fact Fact, column Column) (value string, known bool) {
	f := &c.facts
	switch fact {
	case FactStatus:
		return CleanText(f.Status.Value), f.Status.Known
	case FactSignupDate:
		return renderTime(column, f.CreatedAt)
	case FactLastUpdated:
		return renderTime(column, f.UpdatedAt)
	case FactStatusChangedAt:
		return renderTime(column, Maybe[time.Time]{c.history.changedAt, !c.history.changedAt.IsZero()})
	case FactPreviousStatus:
		return CleanText(c.history.previous), c.history.previous != ""
	case FactLabels:
		return JoinNames(f.Labels.Value), f.Labels.Known
	case FactTiers:
		return JoinNames(f.Tiers.Value), f.Tiers.Known
	case FactNewsletters:
		return JoinNames(f.Newsletters.Value), f.Newsletters.Known
	case FactEmailEnabled:
		return strconv.FormatBool(f.Subscribed.Value && !f.Suppressed.Value), f.Subscribed.Known
	}
	return "", false
}

// renderTime leaves out a time that the field cannot hold: Campaign Monitor
// would ignore it in silence.
func renderTime(column Column, t Maybe[time.Time]) (string, bool) {
	if !t.Known {
		return "", false
	}
	v := column.timeValue(t.Value)
	return v, v != ""
}

func (c *Case) wantsInactive() bool {
	subscribed := c.subscribed()
	optedOut := subscribed.Known && !subscribed.Value && c.policy.OnOptOut == OptOutUnsubscribes
	suppressed := c.facts.Suppressed.Value && c.policy.OnSuppressed == OptOutUnsubscribes && !c.Memory.Included
	return optedOut || suppressed
}

// subscribed is Ghost's newest answer, which may be older than the entry.
func (c *Case) subscribed() Maybe[bool] {
	if c.facts.Subscribed.Known {
		return c.facts.Subscribed
	}
	return c.Memory.Subscribed
}

// statusHistory joins what is remembered of the status with what the entry
// tells; the newest change that either knows of wins.
func (c *Case) statusHistory(e Entry) history {
	h := history{c.Memory.Status, c.Memory.PreviousStatus, c.Memory.StatusChangedAt}
	if !c.facts.Status.Known {
		return h
	}
	now := c.facts.Status.Value
	var was string
	at, told := e.was(keyWasStatus, &was)
	switch {
	case told && was != now && at > c.Memory.AppliedAt:
		return history{now, was, millis(at)}
	case h.status != "" && h.status != now && e.SentAt == 0: // no event told when: a sync found it
		return history{now, h.status, c.now.UTC().Truncate(time.Second)}
	case h.status != "" && h.status != now:
		return history{now, h.status, millis(e.SentAt)}
	}
	h.status = now
	return h
}

// optIn returns when Ghost showed a newer opt-in than was compared with
// Campaign Monitor; 0 if it did not.
func (c *Case) optIn(e Entry) int64 {
	if c.policy.Resubscribe != ResubscribeGhostOptIns || !c.subscribed().Value {
		return 0
	}
	var was bool
	if at, told := e.was(keyWasSubscribed, &was); told && !was && at > c.Memory.AppliedAt {
		return at
	}
	if before := c.Memory.Subscribed; before.Known && !before.Value {
		// No event told when; it was some time after the last word to the contrary.
		return c.Memory.AppliedAt - c.Memory.Lag["subscribed"]
	}
	return c.Memory.OptInAt
}
