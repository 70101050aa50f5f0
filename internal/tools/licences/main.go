// Command licences checks that every module linked into ghostcm has a licence that
// allows it to be given away, and writes the notice that those licences ask for. It
// reads what the module cache holds, and asks no network.
//
//	go run ./internal/tools/licences           checks, and that the notice is up to date
//	go run ./internal/tools/licences -write    writes the notice
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const notice = "docs/third-party-licenses.txt"

func main() {
	write := flag.Bool("write", false, "write "+notice)
	flag.Parse()
	if err := run(*write); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(write bool) error {
	modules, err := linked()
	if err != nil {
		return err
	}
	text, err := noticeOf(modules)
	if err != nil {
		return err
	}
	if write {
		return os.WriteFile(notice, text, 0o644)
	}
	kept, err := os.ReadFile(notice)
	if err != nil || !bytes.Equal(kept, text) {
		return fmt.Errorf("%s is out of date: run go run ./internal/tools/licences -write", notice)
	}
	fmt.Printf("licences: %d modules, all allowed\n", len(modules))
	return nil
}

type module struct {
	Path, Version, Dir string
	Main               bool
}

// linked are the modules of all packages that the program is built from, for every
// system that it is published for.
func linked() ([]module, error) {
	found := map[string]module{}
	for _, system := range []string{"linux", "darwin"} {
		list := exec.Command("go", "list", "-deps", "-json=Module", "./cmd/ghostcm")
		list.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		out, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("listing what is linked: %w", err)
		}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct{ Module *module }
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("reading what is linked: %w", err)
			}
			if p.Module != nil && !p.Module.Main {
				found[p.Module.Path] = *p.Module
			}
		}
	}
	var all []module
	for _, m := range found {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// noticeOf is the notice; its error names every module that may not be linked.
func noticeOf(modules []module) ([]byte, error) {
	var out bytes.Buffer
	var wrong []error
	fmt.Fprint(&out, "The modules that ghostcm is built from, and their licences.\n"+
		"Written by go run ./internal/tools/licences -write.\n")
	for _, m := range modules {
		texts, err := licencesIn(m.Dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
		if !slices.ContainsFunc(texts, func(t licence) bool { return kindOf(t.text) != "" }) {
			wrong = append(wrong, fmt.Errorf("%s has no licence that is allowed", m.Path))
		}
		for _, t := range texts {
			kind := kindOf(t.text)
			if kind == "" && !t.isNotice() {
				wrong = append(wrong, fmt.Errorf("%s: %s is of no licence that is allowed", m.Path, t.name))
			}
			fmt.Fprintf(&out, "\n%s\n%s %s, %s", strings.Repeat("=", 80), m.Path, m.Version, t.name)
			if kind != "" {
				fmt.Fprintf(&out, " (%s)", kind)
			}
			fmt.Fprintf(&out, "\n\n%s\n", strings.TrimSpace(t.text))
		}
	}
	return out.Bytes(), errors.Join(wrong...)
}

type licence struct{ name, text string }

// isNotice is of what comes beside a licence, and has to be passed on with it.
func (l licence) isNotice() bool { return strings.HasPrefix(strings.ToUpper(l.name), "NOTICE") }

func licencesIn(dir string) (all []licence, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		upper := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(upper, "LICENSE") && !strings.HasPrefix(upper, "LICENCE") &&
			!strings.HasPrefix(upper, "COPYING") && !strings.HasPrefix(upper, "NOTICE") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, licence{e.Name(), string(text)})
	}
	return all, nil
}

// kindOf names a licence that is allowed by the words that only it has; "" for any
// other.
func kindOf(text string) string {
	words := strings.ToLower(strings.Join(strings.Fields(text), " "))
	has := func(part string) bool { return strings.Contains(words, part) }
	switch {
	case has("mozilla public license") && has("2.0"): // which names the GNU licences
		return "MPL-2.0"
	case has("gnu general public license"), has("gnu affero"), has("gnu lesser"):
		return ""
	case has("apache license") && has("version 2.0"):
		return "Apache-2.0"
	case has("permission is hereby granted, free of charge, to any person obtaining a copy"):
		return "MIT"
	case has("permission to use, copy, modify, and/or distribute this software for any purpose"),
		has("permission to use, copy, modify, and distribute this software for any purpose"):
		return "ISC"
	case has("redistribution and use in source and binary forms"):
		return "BSD"
	case has("this is free and unencumbered software released into the public domain"):
		return "Unlicense"
	}
	return ""
}
