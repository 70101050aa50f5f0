package store

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Activity is what became of one thing: an event of a member, a full sync, or
// something that an operator did. It holds no address and no text of strangers.
type Activity struct {
	// ID grows with time within a site; "" until the entry is written.
	ID   string
	At   time.Time // when it was decided, to the millisecond
	Site string
	// Event is what it came from: a webhook's event, or a name of the flow that
	// wrote it, such as "sync" or "dlq.replay".
	Event string
	// MemberID and EmailHash say whom it is about; "" where that is nobody alone.
	MemberID, EmailHash string
	Outcome             string
	// Code is why: of a failure its code, such as "cm:50"; of a person who is left
	// alone, the state that they are in. "" where the outcome says it all.
	Code    string
	Attempt int
	// Took is how long the work took, Lag how long it was from the event in Ghost
	// to its end; zero if unknown. Both to the millisecond.
	Took, Lag time.Duration
	JobID     string   // of a full sync the id of its run
	EventIDs  []string // of the webhooks in it, the last ten
	// Who did it: "" is ghostcm itself, for a webhook; else "cli", "schedule" or
	// "dashboard".
	Who    string
	Counts map[string]int // of what concerns many; nil else
}

// Waits is the outcome of an event that waits for its site's gate. It is written
// once for all the time that the entry in the inbox waits for one cause.
const Waits = "waiting"

// maxEvents bounds the ids of webhooks in one entry.
const maxEvents = 10

// fields are the entry's, always the same and in one order: Redis then keeps
// their names once for about a hundred entries.
func (a Activity) fields() []any {
	return []any{
		"at", a.At.UnixMilli(), "event", a.Event, "member", a.MemberID, "email", a.EmailHash, "outcome", a.Outcome, "code", a.Code,
		"attempt", a.Attempt, "took", a.Took.Milliseconds(), "lag", a.Lag.Milliseconds(), "job", a.JobID,
		"events", strings.Join(a.EventIDs[max(0, len(a.EventIDs)-maxEvents):], " "), "who", a.Who, "counts", countsText(a.Counts),
	}
}

func countsText(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, name+"="+strconv.Itoa(counts[name]))
	}
	return strings.Join(parts, " ")
}

func readCounts(text string) map[string]int {
	if text == "" {
		return nil
	}
	counts := map[string]int{}
	for part := range strings.FieldsSeq(text) {
		name, n, _ := strings.Cut(part, "=")
		counts[name] = int(number(n))
	}
	return counts
}

func activityOf(site string, m redis.XMessage) Activity {
	text := func(field string) string { t, _ := m.Values[field].(string); return t }
	millis := func(field string) time.Duration { return time.Duration(number(text(field))) * time.Millisecond }
	a := Activity{
		ID: m.ID, Site: site, At: time.UnixMilli(number(text("at"))), Event: text("event"), MemberID: text("member"),
		EmailHash: text("email"), Outcome: text("outcome"), Code: text("code"), Attempt: int(number(text("attempt"))),
		Took: millis("took"), Lag: millis("lag"), JobID: text("job"), Who: text("who"), Counts: readCounts(text("counts")),
	}
	if ids := text("events"); ids != "" {
		a.EventIDs = strings.Fields(ids)
	}
	return a
}

func activityKey(site string) string { return namespace + "activity:" + site }
