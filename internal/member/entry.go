package member

import (
	"encoding/json"
	"slices"
	"time"
)

// Entry is what waits in the inbox for one member: the newest known value of
// each key over all events that were not yet applied, so that a burst becomes
// one write and nothing that any of them told is forgotten.
type Entry struct {
	ID        string
	Known     map[string]Stamped // by key: the JSON names of Facts, and the two below
	SentAt    int64              // highest send time, Unix milliseconds
	DeletedAt int64              // send time of a delete; 0 without one
	Addresses []string           // every address the member had before
}

// Stamped is a value in JSON and when Ghost sent it, in Unix milliseconds.
type Stamped struct {
	At   int64
	JSON string
}

// What an event says of the time before it, and whether a delete was inferred,
// kept beside the facts.
const (
	keyWasStatus     = "was_status"
	keyWasSubscribed = "was_subscribed"
	keyInferred      = "inferred"
)

// EntryOf turns one event into an entry.
func EntryOf(e Event) Entry {
	at := max(e.SentAt.UnixMilli(), 1) // without a send time, older than any with one
	known := e.Facts.byKey()
	entry := Entry{ID: e.Facts.ID, Known: make(map[string]Stamped, len(known)+3), SentAt: at}
	for key, value := range known {
		entry.Known[key] = Stamped{At: at, JSON: value}
	}
	if e.Previous.Status.Known {
		entry.Known[keyWasStatus] = Stamped{At: at, JSON: encode(e.Previous.Status)}
	}
	if e.Previous.Subscribed.Known {
		entry.Known[keyWasSubscribed] = Stamped{At: at, JSON: encode(e.Previous.Subscribed)}
	}
	if e.Previous.Email.Known && e.Previous.Email.Value != "" {
		entry.Addresses = []string{e.Previous.Email.Value}
	}
	if e.Type == Deleted {
		entry.DeletedAt = at
		if e.Inferred {
			entry.Known[keyInferred] = Stamped{At: at, JSON: encode(true)}
		}
		if e.Facts.Email.Value != "" {
			entry.Addresses = append(entry.Addresses, e.Facts.Email.Value)
		}
	}
	return entry
}

// Merge joins two entries of one member; the order of the two does not matter.
func (e Entry) Merge(o Entry) Entry {
	m := Entry{ID: e.ID, Known: map[string]Stamped{}, SentAt: max(e.SentAt, o.SentAt), DeletedAt: max(e.DeletedAt, o.DeletedAt)}
	for _, from := range []map[string]Stamped{e.Known, o.Known} {
		for key, value := range from {
			if had, ok := m.Known[key]; !ok || newer(value, had) {
				m.Known[key] = value
			}
		}
	}
	m.Addresses = slices.Concat(e.Addresses, o.Addresses)
	slices.Sort(m.Addresses)
	m.Addresses = slices.Compact(m.Addresses)
	return m
}

// toldDeleted says whether the newest delete was told by Ghost, not inferred.
func (e Entry) toldDeleted() bool {
	return e.DeletedAt != 0 && e.Known[keyInferred].At != e.DeletedAt
}

func newer(a, b Stamped) bool { return a.At > b.At || a.At == b.At && a.JSON > b.JSON }

// facts are the entry's facts that are newer than what was applied before; none
// where one is not of its form.
func (e Entry) facts(applied Memory) Facts {
	if len(e.Known) == 0 { // as in a full sync, of very many
		return Facts{ID: e.ID}
	}
	r := reader{entry: e, applied: applied}
	f := Facts{ID: e.ID}
	takeKnown(&r, "email", &f.Email)
	takeKnown(&r, "name", &f.Name)
	takeKnown(&r, "status", &f.Status)
	takeKnown(&r, "created_at", &f.CreatedAt)
	takeKnown(&r, "updated_at", &f.UpdatedAt)
	takeKnown(&r, "labels", &f.Labels)
	takeKnown(&r, "tiers", &f.Tiers)
	takeKnown(&r, "newsletters", &f.Newsletters)
	takeKnown(&r, "subscribed", &f.Subscribed)
	takeKnown(&r, "suppressed", &f.Suppressed)
	if r.broken {
		return Facts{ID: e.ID}
	}
	return f
}

// reader takes facts out of an entry.
type reader struct {
	entry   Entry
	applied Memory
	broken  bool // a value was not of its form
}

func takeKnown[T any](r *reader, key string, into *Maybe[T]) {
	value, ok := r.entry.Known[key]
	if !ok || value.At < r.applied.AppliedAt-r.applied.Lag[key] {
		return
	}
	r.broken = r.broken || into.UnmarshalJSON([]byte(value.JSON)) != nil
}

// was returns what the entry says of a key's value before its newest change.
func (e Entry) was(key string, into any) (at int64, ok bool) {
	v, ok := e.Known[key]
	if !ok || json.Unmarshal([]byte(v.JSON), into) != nil {
		return 0, false
	}
	return v.At, true
}

// byKey is each known fact as JSON, under its JSON name. Every webhook passes here,
// so it goes no detour over an object of all.
func (f Facts) byKey() map[string]string {
	all := make(map[string]string, 12) // the facts, and what may join them
	addKnown(all, "email", f.Email)
	addKnown(all, "name", f.Name)
	addKnown(all, "status", f.Status)
	addKnown(all, "created_at", f.CreatedAt)
	addKnown(all, "updated_at", f.UpdatedAt)
	addKnown(all, "labels", f.Labels)
	addKnown(all, "tiers", f.Tiers)
	addKnown(all, "newsletters", f.Newsletters)
	addKnown(all, "subscribed", f.Subscribed)
	addKnown(all, "suppressed", f.Suppressed)
	return all
}

func addKnown[T any](to map[string]string, key string, value Maybe[T]) {
	if value.Known {
		to[key] = encode(value.Value)
	}
}

func encode(v any) string {
	b, _ := json.Marshal(v) // strings, times, booleans and lists of names: cannot fail
	return string(b)
}

func millis(t int64) time.Time { return time.UnixMilli(t).UTC() }
