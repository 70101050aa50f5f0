package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// printTable writes a line for each verdict.
func printTable(out io.Writer, all []outcome) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tmeasured\treference\tvalue\ttarget\tverdict")
	for _, o := range all {
		title := o.Title
		if o.Failed != "" {
			fmt.Fprintf(t, "%s\t\t\t\t\tFAILED: %s\n", title, o.Failed)
			continue
		}
		for _, v := range o.Verdicts {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", title, v.measured(), v.reference(), v.Shown, v.Target, o.word(v))
			title = ""
		}
	}
	_ = t.Flush()
}

func spread(mid, low, high float64, unit string) string {
	return fmt.Sprintf("%s %s (%s–%s)", figure(mid), unit, figure(low), figure(high))
}

func (v verdict) measured() string {
	if !v.Known {
		return ""
	}
	return spread(v.Median, v.Min, v.Max, v.Unit)
}

func (v verdict) reference() string {
	if !v.Known || v.Than == "" {
		return ""
	}
	return v.Than + " " + spread(v.ThanMedian, v.ThanMin, v.ThanMax, v.Unit)
}

func (o outcome) word(v verdict) string {
	switch {
	case !v.Known && o.Missing[v.Than] != "":
		return "not run: " + o.Missing[v.Than]
	case !v.Known:
		return "not run"
	case v.Met:
		return "met"
	}
	return "MISSED"
}
