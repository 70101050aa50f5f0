package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is a line of `go test -json` (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of a build's events, which have no package
	Test       string
	Elapsed    float64
	Output     string
}

// tally is what a run came to. Subtests count like tests.
type tally struct {
	passed, failed, skipped int
	packages                int
	broken                  []string          // packages that failed, or did not build
	reasons                 map[string]string // of skips, by test
	running                 map[string]bool
	output                  map[string][]string
}

// count reads a run to its end and writes to out what a person wants to see of
// it: a line for each package, and everything that failed tests printed.
func count(in io.Reader, out io.Writer) (*tally, error) {
	t := &tally{reasons: map[string]string{}, running: map[string]bool{}, output: map[string][]string{}}
	for lines := json.NewDecoder(in); ; {
		var e event
		err := lines.Decode(&e)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the events of go test: %w", err)
		}
		t.add(e, out)
	}
	// A binary that died, or was killed, ends no test that ran.
	t.failed += len(t.running)
	for key := range t.running {
		fmt.Fprintf(out, "UNFINISHED %s\n%s", key, strings.Join(t.output[key], ""))
	}
	return t, nil
}

func (t *tally) add(e event, out io.Writer) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		t.output[key] = append(t.output[key], e.Output)
	case "build-output":
		fmt.Fprint(out, e.Output)
	case "run":
		t.running[key] = true
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e, out)
		} else {
			t.endTest(e, key, out)
		}
		delete(t.running, key)
		delete(t.output, key)
	}
}

func (t *tally) endTest(e event, key string, out io.Writer) {
	switch e.Action {
	case "pass":
		t.passed++
	case "skip":
		t.skipped++
		t.reasons[key] = reason(t.output[key])
	case "fail":
		t.failed++
		fmt.Fprintf(out, "FAILED %s\n%s", key, strings.Join(t.output[key], ""))
	}
}

// endPackage skips packages without tests, which end as skipped.
func (t *tally) endPackage(e event, out io.Writer) {
	if e.Action == "skip" {
		return
	}
	t.packages++
	fmt.Fprintf(out, "%-5s %s (%.1f s)\n", map[string]string{"pass": "ok", "fail": "FAIL"}[e.Action], e.Package, e.Elapsed)
	if e.Action == "fail" {
		t.broken = append(t.broken, e.Package)
		fmt.Fprint(out, strings.Join(t.output[e.Package+" "], ""))
	}
}

// reason is what a test said when it skipped: "    file_test.go:12: reason".
func reason(output []string) string {
	for _, line := range slices.Backward(output) {
		if _, text, found := strings.Cut(line, "_test.go:"); found {
			if _, text, found = strings.Cut(text, ": "); found {
				return strings.TrimSpace(text)
			}
		}
		if _, text, found := strings.Cut(line, ".go:"); found {
			if _, text, found = strings.Cut(text, ": "); found {
				return strings.TrimSpace(text)
			}
		}
	}
	return "no reason given"
}

// ok is whether the run is good: something ran, and nothing failed. Strictly,
// nothing was skipped either, except for the platform.
func (t *tally) ok(strict bool) bool {
	if t.passed == 0 || t.failed > 0 || len(t.broken) > 0 {
		return false
	}
	return !strict || len(t.notRun()) == 0
}

// notRun lists the skips that the platform does not excuse.
func (t *tally) notRun() []string {
	var tests []string
	for test, why := range t.reasons {
		if !strings.HasPrefix(why, "platform:") {
			tests = append(tests, test+": "+why)
		}
	}
	slices.Sort(tests)
	return tests
}
