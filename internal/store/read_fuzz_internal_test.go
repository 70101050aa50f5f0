package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
)

// FuzzInboxFields reads anything as a field of a member's inbox: nothing panics, and
// what can be read of the member is only what its field says.
func FuzzInboxFields(f *testing.F) {
	f.Add("k:email", `1790000000000|"a@example.com"`)
	f.Add("k:name", "|")
	f.Add("a:x@example.com", "1")
	f.Add("events", "e1 e2 3")
	f.Add("sent", "99999999999999999999")
	f.Fuzz(func(t *testing.T, field, value string) {
		taken := Taken{Entry: member.Entry{ID: "650000000000000000000001", Known: map[string]member.Stamped{}}}
		taken.read(field, value)
		taken.read("k:email", `5|"a@example.com"`)
		merged := taken.Entry.Merge(taken.Entry)
		if len(merged.Known) != len(taken.Entry.Known) || merged.SentAt != taken.Entry.SentAt || len(merged.Addresses) > len(taken.Entry.Addresses) {
			t.Fatalf("%+v merged with itself is %+v", taken.Entry, merged)
		}
		for _, id := range taken.Events {
			if id == "" || len(id) > len(value) {
				t.Fatalf("the id %q out of %q", id, value)
			}
		}
	})
}

// FuzzActivities reads anything as an entry of the activity, and any id that a page
// may ask for: the one before it is less.
func FuzzActivities(f *testing.F) {
	f.Add("1790000000000-0", "at", "1790000000000")
	f.Add("0-0", "counts", "add=1 =2 x y=z")
	f.Add("18446744073709551615-18446744073709551615", "took", "-9223372036854775808")
	f.Add("x", "events", " a  b ")
	f.Fuzz(func(t *testing.T, id, field, value string) {
		a := activityOf("blog", redis.XMessage{ID: id, Values: map[string]any{field: value}})
		if a.ID != id || a.Site != "blog" || len(a.EventIDs) > len(value)+1 || len(a.Counts) > len(value) {
			t.Fatalf("%q %q is %+v", field, value, a)
		}
		if less := before(id); less != "" {
			older := Activity{ID: less, Site: "blog"}
			if millis, seq := idOf(less); older.compare(a) >= 0 && seq != 0 || millis > first(idOf(id)) {
				t.Fatalf("before %q comes %q", id, less)
			}
		}
	})
}

func first(millis, _ uint64) uint64 { return millis }

// FuzzDeliveries reads anything that lay on disk as a delivery: what can be read at
// all is written and read again as the same.
func FuzzDeliveries(f *testing.F) {
	whole, err := json.Marshal(Delivery{Site: "blog", EventID: "e1", ReceivedAt: time.UnixMilli(1790000000000).UTC(), Event: member.Event{
		Type: member.Added, SentAt: time.UnixMilli(1790000000000).UTC(),
		Facts: member.Facts{ID: "650000000000000000000001", Email: member.Some("a@example.com"), Labels: member.Some([]string{"x"})},
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"facts":{"email":null,"labels":[null]},"previous":{"email":7}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d, again Delivery
		if json.Unmarshal(raw, &d) != nil {
			return
		}
		kept, err := json.Marshal(d)
		if err != nil {
			t.Fatalf("%q is read, but cannot be kept: %v", raw, err)
		}
		if err := json.Unmarshal(kept, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatalf("%q is kept as another delivery\n%s", raw, diff)
		}
		entry := member.EntryOf(d.Event)
		if entry.ID != d.Event.Facts.ID || entry.SentAt < 1 {
			t.Fatalf("%q enters the inbox as %+v", raw, entry)
		}
	})
}

// FuzzPurchases reads anything as a delivery of a payment provider that Redis kept.
func FuzzPurchases(f *testing.F) {
	f.Add("{}", `{"provider":"stripe","header":{"Stripe-Signature":"t=1"},"received_at":"2026-11-22T12:00:00Z","source":"webhook"}`)
	f.Add("", "null")
	f.Add("x", `{"header":{"":null}}`)
	f.Fuzz(func(t *testing.T, body, meta string) {
		d, found, err := paymentDeliveryOf("blog", "id", []any{body, meta})
		if err != nil {
			if !found {
				t.Fatal("what cannot be read is said not to be there")
			}
			return
		}
		if !found || d.Site != "blog" || d.ID != "id" || string(d.Body) != body {
			t.Fatalf("%q is %+v", meta, d)
		}
		kept, err := json.Marshal(d)
		if err != nil {
			return // a time that JSON has no form for
		}
		again, _, err := paymentDeliveryOf("blog", "id", []any{body, string(kept)})
		if diff := cmp.Diff(d, again); err != nil || diff != "" {
			t.Fatalf("%q is kept as another, %v\n%s", meta, err, diff)
		}
		if _, _, err := paymentDeliveryOf("blog", "id", []any{nil, nil}); err != nil {
			t.Fatal(err)
		}
	})
}
