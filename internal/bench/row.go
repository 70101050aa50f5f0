package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/bench/rig"
)

// row is one thing that is measured: sides that run in turn, and what is asked of
// their numbers.
type row struct {
	name, title string
	runs        int // at most; 0: as often as all
	sides       []side
	checks      []check
	note        string
}

// side is one of what a row compares.
type side struct {
	name    string
	missing func(context.Context) string // says why it cannot run here; nil: it can
	runs    int                          // at most; 0: as often as its row
	measure func(*session) (metrics, error)
}

// metrics are the numbers of one run, by name.
type metrics map[string]float64

// check is a target. Without than, the median of a metric is held against the
// bound; with it, the median ratio of the runs' pairs.
type check struct {
	of, metric string
	than       string // side of the same row
	bound      float64
	atLeast    bool
	unit       string // of the metric
	share      bool   // a ratio is shown in per cent, else as a multiple
}

// session is what a measurement needs.
type session struct {
	context.Context //nolint:containedctx // one measurement, one context: measurements are values
	options
	self string
}

// options is what the command was told.
type options struct {
	binary, rows, json string
	doc                string // page that takes the results, too
	runs               int
	quick              bool
}

// world makes a fresh world; who asked closes it.
func (s *session) world(sites, members int) (*rig.World, error) {
	return rig.New(s, rig.Options{Binary: s.binary, Self: s.self, Sites: sites, Members: members})
}

// n is how many of something: a tenth in a quick run.
func (s *session) n(full int) int {
	if s.quick {
		return max(1, full/10)
	}
	return full
}

// seconds is how long something is done: a tenth in a quick run.
func (s *session) seconds(full float64) float64 {
	if s.quick {
		return full / 10
	}
	return full
}

// outcome is what came of a row. Values are by side and metric, in the order of runs.
type outcome struct {
	Row, Title string
	Values     map[string]map[string][]float64
	Missing    map[string]string `json:",omitempty"`
	Verdicts   []verdict
	Failed     string  `json:",omitempty"`
	Seconds    float64 // that all of it took
	Note       string  `json:",omitempty"`
}

// verdict is a check with its answer.
type verdict struct {
	Of, Metric, Than    string
	Median, Min, Max    float64 // of the metric of Of
	ThanMedian          float64 `json:",omitempty"`
	ThanMin, ThanMax    float64 `json:",omitempty"`
	Value               float64 // that is held against the bound
	Shown, Target, Unit string
	Met, Known          bool
}

// take measures a row: run after run, and in each run side after side, beginning
// with another one each time.
func (r row) take(s *session) outcome {
	began := time.Now()
	o := outcome{Row: r.name, Title: r.title, Note: r.note, Values: map[string]map[string][]float64{}, Missing: map[string]string{}}
	runs := s.runs
	if r.runs > 0 {
		runs = min(runs, r.runs)
	}
	var sides []side
	for _, side := range r.sides {
		if side.missing != nil {
			if why := side.missing(s); why != "" {
				o.Missing[side.name] = why
				continue
			}
		}
		sides = append(sides, side)
	}
	for i := range runs {
		for j := range sides {
			side := sides[(i+j)%len(sides)]
			if side.runs > 0 && i >= side.runs {
				continue
			}
			got, err := side.measure(s)
			if err != nil {
				o.Failed = fmt.Sprintf("%s, run %d: %v", side.name, i+1, err)
				o.Seconds = time.Since(began).Seconds()
				return o
			}
			o.add(side.name, got)
		}
	}
	for _, c := range r.checks {
		o.Verdicts = append(o.Verdicts, o.judge(c))
	}
	o.Seconds = time.Since(began).Seconds()
	return o
}

func (o *outcome) add(side string, got metrics) {
	if o.Values[side] == nil {
		o.Values[side] = map[string][]float64{}
	}
	for name, value := range got {
		o.Values[side][name] = append(o.Values[side][name], value)
	}
}

func (o *outcome) judge(c check) verdict {
	of, than := o.Values[c.of][c.metric], o.Values[c.than][c.metric]
	v := verdict{Of: c.of, Metric: c.metric, Than: c.than, Unit: c.unit, Target: c.target()}
	if len(of) == 0 || c.than != "" && len(than) == 0 {
		return v
	}
	v.Known, v.Median, v.Min, v.Max = true, median(of), slices.Min(of), slices.Max(of)
	v.Value = v.Median
	if c.than != "" {
		v.ThanMedian, v.ThanMin, v.ThanMax = median(than), slices.Min(than), slices.Max(than)
		v.Value = median(ratios(of, than))
	}
	v.Shown = c.shown(v.Value)
	v.Met = v.Value <= c.bound
	if c.atLeast {
		v.Met = v.Value >= c.bound
	}
	return v
}

func (c check) target() string {
	sign := "≤ "
	if c.atLeast {
		sign = "≥ "
	}
	text := sign + c.shown(c.bound)
	if c.than != "" {
		text += " of " + c.than
	}
	return text
}

func (c check) shown(v float64) string {
	switch {
	case c.than == "":
		return figure(v) + " " + c.unit
	case c.share:
		return figure(100*v) + " %"
	}
	return figure(v) + " ×"
}

// figure shows three significant digits, and thousands apart.
func figure(v float64) string {
	switch size := math.Abs(v); {
	case size >= 1000:
		digits := fmt.Sprintf("%.0f", v)
		for i := len(digits) - 3; i > 0; i -= 3 {
			digits = digits[:i] + "," + digits[i:]
		}
		return digits
	case size >= 100:
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return strings.TrimSuffix(strings.TrimSuffix(fmt.Sprintf("%.2f", v), "0"), ".0")
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// ratios are of the pairs that ran together; a side that ran less often is
// compared as a whole.
func ratios(of, than []float64) []float64 {
	if len(of) != len(than) {
		return []float64{median(of) / median(than)}
	}
	pairs := make([]float64, len(of))
	for i := range of {
		pairs[i] = of[i] / than[i]
	}
	return pairs
}
