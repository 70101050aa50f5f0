package member

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestDigestsSurviveBeingKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var kept, back Digests
		for place := range kept {
			if rapid.Bool().Draw(t, "known") {
				kept.Set(factAt(place), rapid.String().Draw(t, "value"))
			}
		}
		raw, err := json.Marshal(Memory{Written: kept})
		if err != nil {
			t.Fatal(err)
		}
		m := Memory{Written: Digests{{1}}}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		if back = m.Written; back != kept && kept != (Digests{}) {
			t.Errorf("%s: %v, was %v", raw, back, kept)
		}
		var plain struct {
			W map[Fact]string `json:"w"`
		}
		if err := json.Unmarshal(raw, &plain); err != nil {
			t.Fatal(err)
		}
		for place, one := range kept {
			if text := plain.W[factAt(place)]; text != "" != (one != Digest{}) || text != "" && text != string(one[:]) {
				t.Errorf("%s has %q for %s", raw, text, factAt(place))
			}
		}
	})
}

func TestWhatIsNoDigestIsNotKnown(t *testing.T) {
	t.Parallel()
	var known Digests
	known.Set(FactStatus, "paid")
	status := known.Of(FactStatus)
	for _, raw := range []string{
		`{}`, `null`, `[]`, `7`, `{"status":"short"}`, `{"status":"muchtoolong"}`, `{"status":null}`, `{"status":7}`,
		`{"colour":"abcdef"}`, `{"status`, `"`, `{"status":"`, `{"":"abcdef"}`, `{"status":["abcd"]}`, `{"status":"abcde\"","x":1}`,
	} {
		got := known
		if err := got.UnmarshalJSON([]byte(raw)); err != nil || got != (Digests{}) {
			t.Errorf("%s is %v, %v", raw, got, err)
		}
	}
	var got Digests
	err := json.Unmarshal([]byte(`{ "colour": "abcdef", "status" : "`+string(status[:])+`", "name": "" }`), &got)
	if err != nil || got != known {
		t.Errorf("%v, %v", got, err)
	}
}

func FuzzDigests(f *testing.F) {
	f.Add([]byte(`{"name":"abcdef","status":"ghijkl"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			t.Skip("the decoder lets none through")
		}
		var d, again Digests
		if err := d.UnmarshalJSON(raw); err != nil {
			t.Fatal(err)
		}
		kept, err := d.MarshalJSON()
		if err != nil || !json.Valid(kept) || again.UnmarshalJSON(kept) != nil || again != d {
			t.Errorf("%q: %v, %v, %v", raw, d, again, err)
		}
	})
}
