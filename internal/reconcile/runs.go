package reconcile

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Kept is a run whose journal is kept, and which can be reverted.
type Kept struct {
	ID, Site string
	Began    time.Time
	Reverts  string // the run that it undid; "" if it was a sync
}

// Runs lists the runs whose journals are kept in STATE_DIR, the latest first.
// What is no journal there, or another user's, is left out.
func Runs(state string) ([]Kept, error) {
	var kept []Kept
	for _, path := range journals(state) {
		h, ok, err := readHeader(path)
		if errors.Is(err, fs.ErrPermission) { // another user's run
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking for journals: %w", err)
		}
		if ok && path == journalPath(state, h.Run) {
			kept = append(kept, Kept{ID: h.Run, Site: h.Site, Began: h.Began, Reverts: h.Reverts})
		}
	}
	slices.SortStableFunc(kept, func(a, b Kept) int { return b.Began.Compare(a.Began) })
	return kept, nil
}

// readHeader reads no more than the first line: journals may be large.
func readHeader(path string) (h header, ok bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return header{}, false, err
	}
	defer file.Close()
	line, _ := bufio.NewReader(file).ReadBytes('\n') // one that was cut is no header
	ok = json.Unmarshal(line, &h) == nil && h.Run != ""
	return h, ok, nil
}
