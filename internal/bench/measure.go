package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

var errFailed = errors.New("some rows could not be measured")

// rows are all that can be measured, in the order of the table.
func rows() []row {
	return slices.Concat(acceptRows(), drainRows(), sitesRows(), syncRows(), smallRows(), curveRows())
}

// measure takes the rows that are asked for, and tells of each as it ends.
func measure(ctx context.Context, o options) error {
	chosen, err := choose(o.rows)
	if err != nil {
		return err
	}
	if o.binary, err = filepath.Abs(o.binary); err != nil {
		return err
	}
	if o.quick {
		o.runs = 1
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s := &session{Context: ctx, options: o, self: self}
	began, failed := time.Now(), false
	var all []outcome
	for _, r := range chosen {
		fmt.Fprintf(os.Stderr, "%-12s %s … ", r.name, r.title)
		taken := r.take(s)
		fmt.Fprintf(os.Stderr, "%.0f s %s\n", taken.Seconds, taken.Failed)
		failed = failed || taken.Failed != ""
		all = append(all, taken)
		if ctx.Err() != nil {
			break
		}
	}
	printTable(os.Stdout, all)
	fmt.Fprintf(os.Stderr, "all: %.0f s\n", time.Since(began).Seconds())
	if err := save(o.json, all); err != nil {
		return err
	}
	if failed {
		return errFailed
	}
	if o.doc != "" {
		return publish(o.doc, all)
	}
	return nil
}

func choose(names string) ([]row, error) {
	all := rows()
	if names == "" {
		return all, nil
	}
	var chosen []row
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(r row) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no row %q; -role list names them", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func save(path string, all []outcome) error {
	raw, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o600)
}
