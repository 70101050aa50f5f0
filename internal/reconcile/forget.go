package reconcile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Forget takes the lines that concern a person out of the journals of a site's runs,
// which are in STATE_DIR, and counts them; with dryRun it counts only. A run can then
// not be undone for that person. It is for while no run of the site is under way:
// the caller holds the site's lock. A journal is replaced as a whole, so that a crash
// leaves the old one or the new. Of a journal of another user the error is
// fs.ErrPermission, and the others are done.
func Forget(state, site string, theirs func(id string, emails []string) bool, dryRun bool) (n int, err error) {
	var foreign error
	for _, path := range journals(state) {
		h, ok, err := readHeader(path)
		if errors.Is(err, fs.ErrPermission) {
			foreign = fmt.Errorf("forgetting in a journal: %w", fs.ErrPermission)
			continue
		}
		if err != nil {
			return n, fmt.Errorf("forgetting in a journal: %w", err)
		}
		if !ok || h.Site != site {
			continue
		}
		found, err := forgetIn(path, theirs, dryRun)
		n += found
		if err != nil {
			return n, fmt.Errorf("forgetting in a journal: %w", err)
		}
	}
	return n, foreign
}

func forgetIn(path string, theirs func(id string, emails []string) bool, dryRun bool) (n int, err error) {
	old, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer old.Close()
	n, err = copyOthers(io.Discard, old, theirs)
	if err != nil || n == 0 || dryRun {
		return n, err
	}
	if _, err := old.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	return n, replace(path, old, theirs)
}

// replace writes the journal anew beside the old one, and in its place once it is on
// disk. The time of the old one stays, by which journals age.
func replace(path string, old *os.File, theirs func(id string, emails []string) bool) error {
	info, err := old.Stat()
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(path), ".forget-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = copyOthers(next, old, theirs)
	err = errors.Join(err, next.Sync(), next.Close())
	if err == nil {
		err = errors.Join(os.Chtimes(next.Name(), info.ModTime(), info.ModTime()), os.Rename(next.Name(), path))
	}
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return nil
}

// copyOthers copies a journal without the lines of a person, and counts those.
func copyOthers(to io.Writer, from io.Reader, theirs func(id string, emails []string) bool) (n int, err error) {
	out := bufio.NewWriter(to)
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if ofPerson(lines.Bytes(), theirs) {
			n++
			continue
		}
		if _, err := out.Write(append(bytes.Clone(lines.Bytes()), '\n')); err != nil {
			return n, err
		}
	}
	return n, errors.Join(lines.Err(), out.Flush())
}

// ofPerson says whether a line is somebody's; one that was cut is nobody's to keep:
// it may name anybody, and no revert reads it.
func ofPerson(line []byte, theirs func(id string, emails []string) bool) bool {
	var e entry
	if len(line) == 0 {
		return false
	}
	if json.Unmarshal(line, &e) != nil {
		return true
	}
	var emails []string
	for _, s := range []*snapshot{e.Before, e.After} {
		if s != nil {
			emails = append(emails, s.Email)
		}
	}
	return theirs(e.ID, emails)
}
