package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Seen is what a directory shows to whoever only looks.
type Seen struct {
	Segments int       // with records that wait, of all processes
	Bytes    int64     // in them
	Oldest   time.Time // when the oldest of them was begun; zero if there is none
	Aside    []string  // files with records that nobody could take: a person has to look
}

// In is where the spool is in the directory of what a machine keeps.
func In(stateDir string) string { return filepath.Join(stateDir, "spool") }

// Look says what lies in a spool's directory, without a lock: it may be another
// process' at work. A directory that is not there is empty.
func Look(dir string) (Seen, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return Seen{}, nil
	}
	if err != nil {
		return Seen{}, fmt.Errorf("looking at the spool: %w", err)
	}
	var seen Seen
	for _, e := range entries { // sorted by name, which is by time
		switch filepath.Ext(e.Name()) {
		case segmentEnds:
			seen.add(e)
		case asideEnds:
			seen.Aside = append(seen.Aside, e.Name())
		}
	}
	return seen, nil
}

func (s *Seen) add(e os.DirEntry) {
	info, err := e.Info()
	if err != nil {
		return // drained and gone while we looked
	}
	s.Segments++
	s.Bytes += info.Size()
	stamp, _, _ := strings.Cut(e.Name(), "-")
	if ms, err := strconv.ParseInt(stamp, 10, 64); err == nil && s.Oldest.IsZero() {
		s.Oldest = time.UnixMilli(ms).UTC()
	}
}
