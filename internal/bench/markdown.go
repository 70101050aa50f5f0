package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
)

// curve is a table of a row's sides, one line each.
type curve struct {
	row, axis string
	metrics   [][2]string // name, heading
}

// curves are those of docs/performance.md.
func curves() []curve {
	return []curve{
		{"sites", "sites", [][2]string{{"accept", "accepted/s, while draining"}, {"drain", "on the list/s"}}},
		{"workers", "worker processes", [][2]string{{"drain", "events/s, no delay"}, {"delayed", "events/s, 100 ms delay"}}},
		{"members", "members", [][2]string{{"initial", "first sync, members/s"},
			{"second", "second sync, members/s"}, {"peak", "peak MiB"}}},
	}
}

// markdown is the results as docs/performance.md shows them: the table, then the curves.
func markdown(all []outcome) string {
	var b strings.Builder
	b.WriteString("| what | measured: median (min–max) | reference | value | target | verdict |\n|---|---|---|---|---|---|\n")
	for _, o := range all {
		title := o.Title
		for _, v := range o.Verdicts {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", title, v.measured(), v.reference(), v.Shown, v.Target, o.word(v))
			title = ""
		}
		if o.Failed != "" {
			fmt.Fprintf(&b, "| %s | | | | | failed |\n", title)
		}
	}
	for _, c := range curves() {
		for _, o := range all {
			if o.Row == c.row && o.Failed == "" {
				b.WriteString("\n" + c.markdown(o, all))
			}
		}
	}
	return b.String()
}

func (c curve) markdown(o outcome, all []outcome) string {
	var b strings.Builder
	head, line := "| "+c.axis+" |", "|---|"
	for _, m := range c.metrics {
		head, line = head+" "+m[1]+" |", line+"---|"
	}
	b.WriteString(head + " " + c.metrics[0][1] + " |\n" + line + "---|\n")
	points := c.points()
	values := maps.Clone(o.Values)
	for _, more := range all { // the last point of a curve over members has a row of its own
		if c.row == "members" && more.Row == "million" && more.Failed == "" {
			points, values[million] = append(points, million), more.Values[ours]
		}
	}
	for _, s := range points {
		c.point(&b, s, values)
	}
	return b.String()
}

const million = "1,000,000"

// points are the sides of the curve's row, in their order.
func (c curve) points() (names []string) {
	for _, r := range rows() {
		for _, s := range r.sides {
			if r.name == c.row {
				names = append(names, s.name)
			}
		}
	}
	return names
}

// point is a line of the table, with a bar of the first metric.
func (c curve) point(b *strings.Builder, name string, all map[string]map[string][]float64) {
	values := all[name]
	if len(values) == 0 {
		return
	}
	fmt.Fprintf(b, "| %s |", name)
	for _, m := range c.metrics {
		fmt.Fprintf(b, " %s |", figure(median(values[m[0]])))
	}
	const width = 24
	first, most := c.metrics[0][0], 0.0
	for _, of := range all {
		most = max(most, median(of[first]))
	}
	fmt.Fprintf(b, " %s |\n", strings.Repeat("█", int(width*median(values[first])/most+0.5)))
}

// The marks between which a page shows the results.
const (
	resultsBegin = "<!-- results: written by make bench DOC=1 -->\n"
	resultsEnd   = "<!-- end of results -->\n"
)

var errNoMarks = errors.New("the page has no place for results")

// publish puts the results into a page, in place of those that it shows.
func publish(page string, all []outcome) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, begun := strings.Cut(string(text), resultsBegin)
	_, after, ended := strings.Cut(rest, resultsEnd)
	if !begun || !ended {
		return fmt.Errorf("%s: %w", page, errNoMarks)
	}
	return os.WriteFile(page, []byte(before+resultsBegin+"\n"+markdown(all)+"\n"+resultsEnd+after), 0o600)
}
