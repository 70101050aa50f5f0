package config

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in the configuration. It never holds a secret.
type Problem struct {
	Key   string // the setting, by its environment name, or the place in a file
	Wrong string // what is wrong
	Fix   string // what to do
}

// String is the problem on one line.
func (p Problem) String() string { return fmt.Sprintf("%s: %s; %s", p.Key, p.Wrong, p.Fix) }

// Problems is every mistake of a configuration; as an error, a list for people.
type Problems []Problem

// Error lists the problems, one to a line.
func (p Problems) Error() string {
	var b strings.Builder
	if len(p) == 1 {
		b.WriteString("one problem in the configuration:")
	} else {
		fmt.Fprintf(&b, "%d problems in the configuration:", len(p))
	}
	for _, problem := range p {
		b.WriteString("\n  " + problem.String())
	}
	return b.String()
}

// Warning is something that works, but should be known at start.
type Warning struct {
	Key  string
	Text string
}

// String is the warning on one line.
func (w Warning) String() string { return w.Key + ": " + w.Text }

// findings collects while everything is read, so that all of it is told at once.
type findings struct {
	problems Problems
	warnings []Warning
}

func (f *findings) problem(key, wrong, fix string) {
	p := Problem{Key: key, Wrong: wrong, Fix: fix}
	if !slices.Contains(f.problems, p) {
		f.problems = append(f.problems, p)
	}
}

func (f *findings) warn(key, text string) {
	f.warnings = append(f.warnings, Warning{Key: key, Text: text})
}
