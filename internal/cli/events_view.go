package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// eventView is an entry of the activity in --json.
type eventView struct {
	ID        string         `json:"id"`
	At        time.Time      `json:"at"`
	Site      string         `json:"site"`
	Event     string         `json:"event"`
	MemberID  string         `json:"member_id"`
	EmailHash string         `json:"email_hash"`
	Outcome   string         `json:"outcome"`
	Code      string         `json:"code"`
	Attempt   int            `json:"attempt"`
	TookMS    int64          `json:"took_ms"`
	LagMS     int64          `json:"lag_ms"`
	JobID     string         `json:"job_id"`
	EventIDs  []string       `json:"event_ids"`
	Who       string         `json:"who"`
	Counts    map[string]int `json:"counts"`
}

func viewEvent(a store.Activity) eventView {
	v := eventView{
		ID: a.ID, At: a.At.UTC(), Site: a.Site, Event: a.Event, MemberID: a.MemberID, EmailHash: a.EmailHash, Outcome: a.Outcome,
		Code: a.Code, Attempt: a.Attempt, TookMS: a.Took.Milliseconds(), LagMS: a.Lag.Milliseconds(), JobID: a.JobID,
		EventIDs: a.EventIDs, Who: a.Who, Counts: a.Counts,
	}
	if v.EventIDs == nil {
		v.EventIDs = []string{}
	}
	if v.Counts == nil {
		v.Counts = map[string]int{}
	}
	return v
}

// eventPage writes events: those that are there as a table, and those that come
// under it.
type eventPage struct {
	*app
	asJSON bool
}

func eventHeader() []string {
	return []string{"At", "Site", "Event", "Member", "Email hash", "Outcome", "Code", "Lag", "Details"}
}

func (p eventPage) show(events []store.Activity) error {
	if p.asJSON {
		for _, e := range events {
			if err := p.line(e); err != nil {
				return err
			}
		}
		return nil
	}
	if len(events) == 0 {
		return nil
	}
	rows := make([][]string, len(events))
	for i, e := range events {
		rows[i] = p.row(e)
	}
	return p.table(eventHeader(), rows)
}

// line writes one event that has just come. On a terminal its columns are about
// as wide as those of the table.
func (p eventPage) line(e store.Activity) error {
	switch {
	case p.asJSON:
		encoder := json.NewEncoder(p.stdout)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(viewEvent(e))
	case !p.terminal:
		return p.table(eventHeader(), [][]string{p.row(e)})
	}
	c := printables(p.row(e))
	_, err := fmt.Fprintf(p.stdout, "%-19s  %-8s  %-14s  %-24s  %-12s  %-10s  %-6s  %-6s  %s\n",
		c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8])
	return err
}

func (p eventPage) row(e store.Activity) []string {
	lag := "-"
	if e.Lag > 0 {
		lag = e.Lag.Round(time.Millisecond).String()
	}
	return []string{
		p.moment(&e.At), e.Site, dash(e.Event), dash(e.MemberID), dash(e.EmailHash), dash(e.Outcome), dash(e.Code), lag, dash(details(e)),
	}
}

// details are what only some events have.
func details(e store.Activity) string {
	var parts []string
	if e.Attempt > 1 {
		parts = append(parts, "attempt "+strconv.Itoa(e.Attempt))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Counts)) {
		parts = append(parts, name+"="+strconv.Itoa(e.Counts[name]))
	}
	if e.Who != "" {
		parts = append(parts, "by "+e.Who)
	}
	return strings.Join(parts, " ")
}
