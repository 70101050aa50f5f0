package member

import (
	"encoding/json"
	"maps"
	"reflect"
	"testing"
	"time"
)

// A fact that is new in Facts and not in byKey would be lost between a webhook and
// its job.
func TestAnEntryHoldsEveryKnownFactAsItsJSONAndGivesItBack(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 0, 13, 38, 0, time.UTC)
	facts := Facts{
		Email: Some("a<b>&\u2028@example.org"), Name: Some(""), Status: Some("free"), CreatedAt: Some(at), UpdatedAt: Some(at.Add(time.Second)),
		Labels: Some([]string{"VIP"}), Tiers: Some([]string{}), Newsletters: Some[[]string](nil), Subscribed: Some(true), Suppressed: Some(false),
	}
	fields := reflect.ValueOf(facts)
	for i := range fields.NumField() {
		if name := fields.Type().Field(i).Name; name != "ID" && fields.Field(i).IsZero() {
			t.Errorf("the test leaves %s out", name)
		}
	}
	raw, err := json.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	got := map[string]json.RawMessage{}
	for key, value := range facts.byKey() {
		got[key] = json.RawMessage(value)
	}
	if !maps.EqualFunc(got, want, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
		t.Errorf("the entry holds %s, the JSON form %s", got, want)
	}
	if read := EntryOf(Event{Facts: facts, SentAt: at}).facts(Memory{}); !reflect.DeepEqual(read, facts) {
		t.Errorf("out of the entry comes %+v", read)
	}
	if unknown := (Facts{}).byKey(); len(unknown) != 0 {
		t.Errorf("facts that nobody told: %v", unknown)
	}
}
