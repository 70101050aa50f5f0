package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

// sided is a side whose runs give these rates.
func sided(name string, rates ...float64) side {
	i := 0
	return side{name: name, measure: func(*session) (metrics, error) {
		i++
		return metrics{"rate": rates[i-1]}, nil
	}}
}

func session5() *session {
	return &session{Context: context.Background(), options: options{runs: 5}}
}

func TestARatioIsTheMedianOfThePairs(t *testing.T) {
	t.Parallel()
	r := row{sides: []side{sided(ours, 10, 20, 30, 40, 50), sided(bare, 10, 10, 30, 80, 50)},
		checks: []check{{of: ours, than: bare, metric: "rate", bound: 0.8, atLeast: true, share: true, unit: "/s"}}}
	v := r.take(session5()).Verdicts[0]
	if v.Value != 1 || !v.Met || v.Median != 30 || v.Min != 10 || v.Max != 50 || v.Shown != "100 %" || v.Target != "≥ 80 % of limit" {
		t.Errorf("%+v", v)
	}
}

func TestATargetIsMissedOnTheWrongSideOfItsBound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		c   check
		met bool
	}{
		"enough":   {check{of: ours, metric: "rate", bound: 3, atLeast: true}, true},
		"too few":  {check{of: ours, metric: "rate", bound: 3.1, atLeast: true}, false},
		"low":      {check{of: ours, metric: "rate", bound: 3}, true},
		"too high": {check{of: ours, metric: "rate", bound: 2.9}, false},
	} {
		r := row{sides: []side{sided(ours, 1, 2, 3, 4, 5)}, checks: []check{tt.c}}
		if v := r.take(session5()).Verdicts[0]; v.Met != tt.met || !v.Known {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestWhatCannotRunSaysSo(t *testing.T) {
	t.Parallel()
	absent := sided(seeds)
	absent.missing = func(context.Context) string { return "not installed" }
	r := row{title: "accept", sides: []side{sided(ours, 1, 2, 3, 4, 5), absent},
		checks: []check{{of: ours, than: seeds, metric: "rate", bound: 6, atLeast: true}}}
	var out bytes.Buffer
	printTable(&out, []outcome{r.take(session5())})
	if !strings.Contains(out.String(), "not run: not installed") || strings.Contains(out.String(), "met") {
		t.Error(out.String())
	}
}

func TestARunThatIsWrongIsNoNumber(t *testing.T) {
	t.Parallel()
	broken := side{name: bare, measure: func(*session) (metrics, error) { return nil, errors.New("an event is missing") }}
	o := row{title: "accept", sides: []side{sided(ours, 1, 2, 3, 4, 5), broken},
		checks: []check{{of: ours, metric: "rate", bound: 1, atLeast: true}}}.take(session5())
	var out bytes.Buffer
	printTable(&out, []outcome{o})
	if len(o.Verdicts) != 0 || !strings.Contains(out.String(), "FAILED: limit, run 1: an event is missing") {
		t.Error(out.String())
	}
}

func TestRowsHaveNamesOfTheirOwnAndChecksOfTheirSides(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range rows() {
		if r.name == "" || seen[r.name] {
			t.Errorf("the name %q", r.name)
		}
		seen[r.name] = true
		sides := map[string]bool{"": true}
		for _, s := range r.sides {
			sides[s.name] = true
		}
		for _, c := range r.checks {
			if !sides[c.of] || !sides[c.than] || c.of == "" {
				t.Errorf("%s checks %q against %q", r.name, c.of, c.than)
			}
		}
	}
	if _, err := choose("accept,nonsense"); err == nil {
		t.Error("a row that does not exist was chosen")
	}
}

func TestFiguresShowThreeDigits(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0.0456: "0.05", 0.5: "0.5", 1.25: "1.25", 2: "2", 12.34: "12.3", 20: "20", 123.4: "123", 1234.5: "1,234", 1234567: "1,234,567"} {
		if got := figure(v); got != want {
			t.Errorf("figure(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestABudgetIsOverWithOneAllocationMore(t *testing.T) {
	t.Parallel()
	recorded := map[string]float64{"encode a job": 18}
	for name, tt := range map[string]struct {
		now  map[string]float64
		over bool
	}{
		"the same":       {map[string]float64{"encode a job": 18}, false},
		"less":           {map[string]float64{"encode a job": 7}, false},
		"one more":       {map[string]float64{"encode a job": 19}, true},
		"not measured":   {map[string]float64{}, true},
		"never recorded": {map[string]float64{"encode a job": 18, "decode a job": 3}, true},
	} {
		if over := compare("allocations", tt.now, recorded, allocationMargin); over != tt.over {
			t.Errorf("%s: over is %t", name, over)
		}
	}
}
