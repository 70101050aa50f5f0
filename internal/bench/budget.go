package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// budgetFile holds what was recorded last, beside this file.
const budgetFile = "internal/bench/budget.json"

// budget is what the hot paths cost, in numbers that a busy machine does not
// change: allocations, and round trips to Redis.
type budget struct {
	Allocations map[string]float64 `json:"allocations"`
	RoundTrips  map[string]float64 `json:"round_trips"`
}

// mostBinary is what the stripped program may weigh, in MiB. What calls methods by
// names that are not known before (html/template does) costs eight at once.
const mostBinary = 25

var errOver = errors.New("a hot path, or the program, costs more than it may: mend it, or say why in the commit and `make bench-record`")

// checkBudget measures the hot paths and holds them against what was recorded.
func checkBudget(ctx context.Context, o options) error {
	now, err := spend(ctx, o)
	if err != nil {
		return err
	}
	var recorded budget
	raw, err := os.ReadFile(budgetFile)
	if err == nil {
		err = json.Unmarshal(raw, &recorded)
	}
	if err != nil {
		return fmt.Errorf("read what was recorded: %w", err)
	}
	over := compare("allocations", now.Allocations, recorded.Allocations, allocationMargin)
	over = compare("round trips", now.RoundTrips, recorded.RoundTrips, tripMargin) || over
	heavy, err := tooHeavy(o.binary)
	if err != nil {
		return err
	}
	if heavy || over {
		return errOver
	}
	return nil
}

// tooHeavy prints a line for the program itself.
func tooHeavy(binary string) (bool, error) {
	size, err := weigh(binary)
	word := "ok"
	if size > mostBinary {
		word = "OVER"
	}
	fmt.Printf("%-12s %-40s %8.2f  at most  %8.2f  %s\n", "MiB", "the program", size, float64(mostBinary), word)
	return size > mostBinary, err
}

// record writes down what the hot paths cost now.
func record(ctx context.Context, o options) error {
	now, err := spend(ctx, o)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(raw))
	return os.WriteFile(budgetFile, append(raw, '\n'), 0o600)
}

// What may be spent beyond the record. A sync.Pool that the garbage collector
// empties, and a tick that falls into a measurement, are no regression.
func allocationMargin(recorded float64) float64 { return max(0.5, 0.02*recorded) }

func tripMargin(float64) float64 { return 0.6 }

// compare prints a line for each path, and says whether one is over its budget. A
// path that only one side knows is over, too: it was not recorded, or is no longer
// measured.
func compare(what string, now, recorded map[string]float64, margin func(float64) float64) (over bool) {
	names := maps.Clone(now)
	maps.Copy(names, recorded)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		got, measured := now[name]
		was, known := recorded[name]
		word := "ok"
		switch {
		case !measured || !known || got > was+margin(was):
			word, over = "OVER", true
		case got < was-margin(was):
			word = "less; make bench-record"
		}
		fmt.Printf("%-12s %-40s %8.2f  recorded %8.2f  %s\n", what, name, got, was, word)
	}
	return over
}

func spend(ctx context.Context, o options) (budget, error) {
	allocations, err := allocations()
	if err != nil {
		return budget{}, err
	}
	binary, err := filepath.Abs(o.binary)
	if err != nil {
		return budget{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return budget{}, err
	}
	trips, err := roundTrips(&session{Context: ctx, options: options{binary: binary}, self: self})
	for name, n := range trips {
		trips[name] = math.Round(100*n) / 100
	}
	return budget{Allocations: allocations, RoundTrips: trips}, err
}
