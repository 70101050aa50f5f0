package cli

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/store"
)

// tracePage is a trace as it is shown: parts of names and values, in their order.
type tracePage struct {
	program.Trace
	app    *app
	reveal bool
}

// part is one part of the page.
type part struct {
	name, title string // in a pipe and in --json, and on a terminal
	rows        [][]string
}

func (a *app) showTrace(t program.Trace, o traceOptions) error {
	page := tracePage{Trace: t, app: a, reveal: o.reveal}
	if o.asJSON {
		return a.writeJSON(page.document())
	}
	for _, p := range page.parts() {
		if err := a.section(p.name, []string{p.title, ""}, p.rows); err != nil {
			return err
		}
	}
	return page.lists()
}

func (p tracePage) parts() []part {
	return []part{
		{"member", "Member", [][]string{{"site", p.Site}, {"id", dash(p.MemberID)}}},
		{"ghost", "Ghost", orWhyNot(p.GhostErr, p.ghost)},
		{"campaign_monitor", "Campaign Monitor", orWhyNot(p.ListErr, p.list)},
		{"remembered", "Remembered", orWhyNot(p.MemoryErr, p.remembered)},
		{"waiting", "Waiting", orWhyNot(p.MemoryErr, p.waiting)},
		{"sync", "A sync now", orWhyNot(p.NextErr, p.sync)},
	}
}

// lists are dead letters and events, which have columns of their own.
func (p tracePage) lists() error {
	rows := orWhyNot(p.LettersErr, func() (rows [][]string) {
		for _, l := range p.Letters {
			v := viewLetter(l)
			rows = append(rows, []string{v.ID, dash(v.Event), dash(momentText(v.DiedAt)), dash(v.Code), v.Reason})
		}
		return rows
	})
	if err := p.app.section("letter", []string{"Dead letter", "Event", "Died", "Code", "Reason"}, rows); err != nil {
		return err
	}
	rows = orWhyNot(p.EventsErr, func() (rows [][]string) {
		for _, e := range p.Events {
			rows = append(rows, []string{dash(timeText(e.At)), dash(e.Event), dash(e.Outcome), dash(e.Code), dash(details(e))})
		}
		return rows
	})
	return p.app.section("event", []string{"At", "Event", "Outcome", "Code", "Details"}, rows)
}

// orWhyNot is a part, or why it is not available.
func orWhyNot(err error, rows func() [][]string) [][]string {
	if err != nil {
		return [][]string{{"not available", err.Error()}}
	}
	return rows()
}

// who is an address, hashed unless the operator asked for it.
func (p tracePage) who(email string) string {
	if p.reveal || email == "" {
		return dash(email)
	}
	return member.AddressHash(email)
}

// told is a text of somebody's own, without the addresses in it.
func (p tracePage) told(text string) string {
	if !p.reveal {
		text = program.Discreet(text)
	}
	return dash(text)
}

func (p tracePage) ghost() [][]string {
	if p.Ghost == nil {
		return [][]string{{"found", "no"}}
	}
	f := p.Ghost
	return [][]string{
		{"found", "yes"}, {"email", p.who(f.Email.Value)}, {"name", p.told(f.Name.Value)}, {"status", dash(f.Status.Value)},
		{"subscribed", yesNo(f.Subscribed)}, {"suppressed", yesNo(f.Suppressed)},
		{"labels", p.told(strings.Join(f.Labels.Value, ", "))}, {"tiers", p.told(strings.Join(f.Tiers.Value, ", "))},
		{"created", dash(timeText(f.CreatedAt.Value))}, {"updated", dash(timeText(f.UpdatedAt.Value))},
	}
}

func yesNo(m member.Maybe[bool]) string {
	switch {
	case !m.Known:
		return "unknown"
	case m.Value:
		return "yes"
	}
	return "no"
}

// timeText is a time as a trace shows it: in UTC, as the records of Ghost and the logs
// have it, to be laid side by side.
func timeText(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

func momentText(at *time.Time) string {
	if at == nil {
		return ""
	}
	return timeText(*at)
}

func (p tracePage) list() (rows [][]string) {
	for _, s := range p.List {
		rows = append(rows, []string{"email", p.who(s.At)})
		if !s.Found {
			rows = append(rows, []string{"state", "not on the list"})
			continue
		}
		rows = append(rows, []string{"state", s.State}, []string{"since_client_time", dash(s.Date)}, []string{"name", p.told(s.Name)})
		for _, f := range s.Fields {
			rows = append(rows, []string{f.Key, p.told(f.Value)})
		}
	}
	return rows
}

func (p tracePage) remembered() [][]string {
	rows := [][]string{{"known", map[bool]string{true: "yes", false: "no"}[p.Memory.Known]}}
	if m := p.Memory.Memory; p.Memory.Known {
		rows = append(rows, []string{"email", p.who(m.Email)}, []string{"status", dash(m.Status)},
			[]string{"previous_status", dash(m.PreviousStatus)}, []string{"status_changed", dash(timeText(m.StatusChangedAt))})
		if m.AppliedAt > 0 {
			rows = append(rows, []string{"newest_event", timeText(time.UnixMilli(m.AppliedAt))})
		}
		if m.DeletedAt > 0 {
			rows = append(rows, []string{"deleted", timeText(time.UnixMilli(m.DeletedAt))})
		}
	}
	for _, email := range slices.Sorted(maps.Keys(p.Addresses)) {
		rows = append(rows, []string{"address", p.who(email), p.standing(p.Addresses[email])})
	}
	return rows
}

// standing says in words what is remembered of an address.
func (p tracePage) standing(a member.Address) string {
	words := "nobody's"
	switch a.Owner {
	case "":
	case p.MemberID:
		words = "this member's"
	default:
		words = "of the member " + a.Owner
	}
	if a.OptOut != nil {
		words += "; opted out: " + strings.TrimSpace(a.OptOut.State+" "+a.OptOut.Date)
	}
	if a.Removal != nil {
		words += "; removed by ghostcm: " + strings.TrimSpace(cmp.Or(a.Removal.State, "not confirmed")+" "+a.Removal.Date)
	}
	return words
}

func (p tracePage) waiting() [][]string {
	var rows [][]string
	if w := p.Waiting; w.Waiting == "" {
		rows = append(rows, []string{"event", "none"})
	} else {
		rows = append(rows, []string{"event", waitsInWords(w.Waiting)}, []string{"since", dash(timeText(w.ReceivedAt))},
			[]string{"job", dash(w.JobID)}, []string{"events", strconv.Itoa(len(w.Events))})
	}
	gate := viewGate(p.Site, p.Gate)
	rows = append(rows, []string{"gate", gate.Gate})
	if gate.Reason != "" {
		rows = append(rows, []string{"gate_reason", gate.Reason})
	}
	return rows
}

func waitsInWords(why string) string {
	switch store.Waiting(why) {
	case store.Queued:
		return "waits for a worker"
	case store.Running:
		return "a worker is at it"
	case store.ForSlot:
		return "waits for its turn: the rate limit, a lock, or the site's gate"
	case store.ForRetry:
		return "failed, and waits for its retry"
	case store.Dead:
		return "failed for good: a dead letter; ghostcm dlq replay"
	}
	return why
}

func (p tracePage) sync() [][]string {
	c := p.Next
	rows := [][]string{{"would", string(c.Kind)}}
	if c.Reason != "" {
		rows = append(rows, []string{"because", string(c.Reason)})
	}
	if p.Prune {
		rows = append(rows, []string{"only", "with --prune"})
	}
	if c.ToEmail != "" {
		rows = append(rows, []string{"email", p.who(c.Email), p.who(c.ToEmail)})
	}
	for _, f := range c.Fields {
		rows = append(rows, []string{f.Field, p.told(f.From), p.told(f.To)})
	}
	return rows
}

// document is the page for programs: of the parts without lists of their own,
// what is repeated is a list.
func (p tracePage) document() map[string]any {
	doc := map[string]any{"site": p.Site, "member_id": p.MemberID}
	for _, part := range p.parts()[1:] {
		doc[part.name] = fieldsOf(part.rows)
	}
	letters, events := []letterView{}, []eventView{}
	for _, l := range p.Letters {
		letters = append(letters, viewLetter(l))
	}
	for _, e := range p.Events {
		events = append(events, viewEvent(e))
	}
	doc["dead_letters"], doc["events"] = any(letters), any(events)
	if p.LettersErr != nil {
		doc["dead_letters"] = fieldsOf(orWhyNot(p.LettersErr, nil))
	}
	if p.EventsErr != nil {
		doc["events"] = fieldsOf(orWhyNot(p.EventsErr, nil))
	}
	return doc
}

func fieldsOf(rows [][]string) map[string]any {
	fields := map[string]any{}
	for _, row := range rows {
		name := strings.ReplaceAll(row[0], " ", "_")
		var value any = row[1]
		if len(row) > 2 {
			value = row[1:]
		}
		switch had := fields[name].(type) {
		case nil:
			fields[name] = value
		case []any:
			fields[name] = append(had, value)
		default:
			fields[name] = []any{had, value}
		}
	}
	return fields
}
