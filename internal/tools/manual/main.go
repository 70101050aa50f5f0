// Command manual writes the manual of the command line, from the command tree
// itself: a Markdown page and a man page for each command.
//
//	manual DIR    writes DIR/ghostcm*.md and DIR/man1/ghostcm*.1
//
// The same tree gives the same bytes, whenever and wherever it is written.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/ghostcm/ghostcm/internal/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: manual DIR")
		os.Exit(2)
	}
	if err := write(cli.Tree(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

// write replaces the pages in dir, also those of commands that are gone.
func write(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "man1"), 0o755); err != nil {
		return err
	}
	if err := errors.Join(clear(dir, root.Name()+"*.md"), clear(dir, "man1", root.Name()+"*.1")); err != nil {
		return err
	}
	root.DisableAutoGenTag = true
	return pages(root, dir)
}

func clear(pattern ...string) error {
	old, err := filepath.Glob(filepath.Join(pattern...))
	for _, page := range old {
		err = errors.Join(err, os.Remove(page))
	}
	return err
}

// pages writes those of one command, then those of the commands below it.
func pages(c *cobra.Command, dir string) error {
	words := strings.Fields(c.CommandPath())
	markdown, man, err := render(c)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, strings.Join(words, "_")+".md"), markdown, 0o644)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "man1", strings.Join(words, "-")+".1"), man, 0o644)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.CommandPath(), err)
	}
	for _, below := range c.Commands() {
		if !below.IsAvailableCommand() || below.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := pages(below, dir); err != nil {
			return err
		}
	}
	return nil
}

func render(c *cobra.Command) (markdown, man []byte, err error) {
	c.DisableAutoGenTag = true
	var page, roff bytes.Buffer
	if err := doc.GenMarkdown(c, &page); err != nil {
		return nil, nil, err
	}
	header := doc.GenManHeader{Section: "1", Source: "ghostcm", Manual: "ghostcm"}
	if err := doc.GenMan(c, &header, &roff); err != nil {
		return nil, nil, err
	}
	return append(bytes.TrimRight(page.Bytes(), "\n"), '\n'), undated(roff.Bytes()), nil
}

// undated takes the month out of a man page's title line, .TH "NAME" "1" "Nov
// 2026" "ghostcm" "ghostcm": a page changes with its command, not with time.
func undated(page []byte) []byte {
	lines := bytes.Split(page, []byte("\n"))
	for i, line := range lines {
		if fields := bytes.Split(line, []byte(`"`)); bytes.HasPrefix(line, []byte(".TH ")) && len(fields) > 5 {
			fields[5] = nil
			lines[i] = bytes.Join(fields, []byte(`"`))
			break
		}
	}
	return bytes.Join(lines, []byte("\n"))
}
