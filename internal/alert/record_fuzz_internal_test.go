package alert

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// FuzzRecords wants that whatever somebody left in Redis ends no alerts: it is read
// as something that can be written and read again.
func FuzzRecords(f *testing.F) {
	f.Add(`{"lasts":true,"count":3,"told":"open","sending":{"id":"x","count":1}}`)
	f.Add(`{"count":-1,"since":"0001-01-01T00:00:00Z","told":"else"}`)
	f.Add("null")
	f.Fuzz(func(t *testing.T, kept string) {
		r := decode(kept)
		if diff := gocmp.Diff(r, decode(r.encode())); diff != "" {
			t.Fatalf("%q is kept as another record\n%s", kept, diff)
		}
		at := time.UnixMilli(1790000000000).UTC()
		if later := r.happened(1, at, "x").began(at, "y"); !later.Lasts || later.Detail != "x" && later.Detail != "y" {
			t.Fatalf("%q takes no news: %+v", kept, later)
		}
	})
}
