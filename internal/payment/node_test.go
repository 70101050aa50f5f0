package payment

import (
	"testing"
	"time"
)

func parsed(t *testing.T, body string) node {
	t.Helper()
	n, err := parseJSON("nobody", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhateverStandsInAPlaceIsReadAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	n := parsed(t, `{
		"text":" x ","number":9007199254740993,"texted":"42","true":true,"one":1,"yes":"true","null":null,
		"whole":{"id":"cus_1"},"counted":{"id":7},"list":[{"a":"first"},{"a":"second"}],"deep":{"er":{"still":"here"}}}`)
	for path, want := range map[string]string{
		"text": "x", "number": "9007199254740993", "whole": "cus_1", "counted": "7", "list.1.a": "second", "deep.er.still": "here",
		"list.2.a": "", "list.-1.a": "", "list.x": "", "text.x": "", "null": "", "null.x": "", "deep": "", "true": "", "nowhere": "", "": "",
	} {
		if got := n.text(path); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]int64{"number": 9007199254740993, "texted": 42, "text": 0, "null": 0, "true": 0} {
		if got := n.number(path); got != want {
			t.Errorf("%q is %d, want %d", path, got, want)
		}
	}
	for path, want := range map[string]bool{"true": true, "one": true, "yes": true, "texted": false, "null": false, "whole": false} {
		if got := n.truth(path); got != want {
			t.Errorf("%q is %t", path, got)
		}
	}
	if got := n.text("null", "nowhere", "text", "texted"); got != "x" {
		t.Errorf("the first of several that is there is %q", got)
	}
	if !n.has("null") || n.has("nowhere") || n.at("text").has("x") {
		t.Error("what is there and null is taken for what is not there")
	}
	if len(n.list("list")) != 2 || len(n.list("text")) != 0 || len(n.list("nowhere")) != 0 {
		t.Error("lists have the wrong lengths")
	}
}

func TestMomentsAreReadInEveryWayThatProvidersWriteThem(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 1, 12, 0, 5, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"2026-11-01T12:00:05Z": noon, "2026-11-01T13:00:05+01:00": noon, "2026-11-01T12:00:05.000000Z": noon,
		"2026-11-01 12:00:05": noon, "2026-11-01T12:00:05": noon, "1793534405": noon, "1793534405000": noon,
		"2026-11-01T12:00:05.123456789Z": noon.Add(123456789), "2026-11-01": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		"": {}, "soon": {}, "0": {}, "-1": {}, "0001-01-01T00:00:00Z": {}, "1969-12-31T23:59:59Z": {},
		"9999-12-31T23:59:59-01:00": {}, "99999999999999999": {}, "1e10": {}, "12.5": {},
	} {
		if got := parseTime(s); !got.Equal(want) {
			t.Errorf("%q is %v, want %v", s, got, want)
		}
	}
}
