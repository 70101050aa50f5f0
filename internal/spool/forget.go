package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Mentions says whether a record that waits, of whatever process, is one of those
// that names says it is. It takes no lock: what is written meanwhile may be missed.
func Mentions(dir string, names func(record string) bool) (bool, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*"+segmentEnds))
	if err != nil {
		return false, fmt.Errorf("looking through the spool: %w", err)
	}
	for _, path := range paths {
		found, err := mentions(path, names)
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

func mentions(path string, names func(record string) bool) (found bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) { // drained and gone while we looked
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking through the spool: %w", err)
	}
	defer f.Close()
	err = lines(f, 0, func(line []byte, _ int64) error {
		found = found || names(string(line))
		return nil
	})
	return found, err
}

// Forget takes the records that names says out of the files of what nobody could
// take, and counts them; with dryRun it counts only. A file that is left empty goes.
func Forget(dir string, names func(record string) bool, dryRun bool) (n int, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*"+asideEnds))
	if err != nil {
		return 0, fmt.Errorf("forgetting in the spool: %w", err)
	}
	for _, path := range paths {
		found, err := forgetAside(path, names, dryRun)
		n += found
		if err != nil {
			return n, fmt.Errorf("forgetting in the spool: %w", err)
		}
	}
	return n, nil
}

func forgetAside(path string, names func(record string) bool, dryRun bool) (n int, err error) {
	f, err := openAside(path, os.O_RDONLY)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close() // which gives it to whoever waits to add to it
	whole, err := io.ReadAll(f)
	if err != nil {
		return 0, err
	}
	var kept bytes.Buffer
	for line := range strings.Lines(string(whole)) {
		if names(line) {
			n++
			continue
		}
		kept.WriteString(line)
	}
	switch {
	case n == 0 || dryRun:
		return n, nil
	case kept.Len() == 0:
		return n, os.Remove(path)
	}
	next, err := os.CreateTemp(filepath.Dir(path), ".begin-*") // of mode 0600
	if err != nil {
		return n, err
	}
	_, err = next.Write(kept.Bytes())
	err = errors.Join(err, next.Sync(), next.Close())
	if err == nil {
		err = os.Rename(next.Name(), path)
	}
	if err != nil {
		return n, errors.Join(err, os.Remove(next.Name()))
	}
	return n, nil
}
