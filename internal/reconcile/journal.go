package reconcile

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
)

// journalsFor is how long the journal of a run is kept if nothing else is said.
const journalsFor = 90 * 24 * time.Hour

// journal is the file that a run can be undone by: a header, then a line for each
// change, written before it is made. It holds addresses in clear, and is never
// logged.
type journal struct {
	path   string
	header header
	facts  []member.Fact

	mu   sync.Mutex
	file *os.File // nil until there is something to write
}

// header is the first line.
type header struct {
	Run   string    `json:"run"`
	Site  string    `json:"site"`
	List  string    `json:"list"`
	Began time.Time `json:"began"`
	// Reverts is the run that this one undoes.
	Reverts string `json:"reverts,omitempty"`
}

// entry is a line: a change that is about to be made or handed over, or, with
// Undone, that was not made after all.
type entry struct {
	Kind   Kind      `json:"kind,omitempty"`
	ID     string    `json:"id"`
	Before *snapshot `json:"before,omitempty"` // absent: not on the list, or not looked at
	After  *snapshot `json:"after,omitempty"`
	Reason Reason    `json:"reason,omitempty"`
	Handed bool      `json:"handed,omitempty"`
	Undone bool      `json:"undone,omitempty"`
}

// snapshot is a subscriber at one moment; of After, what the change sets.
type snapshot struct {
	Email  string            `json:"email"`
	Name   string            `json:"name,omitempty"`
	State  string            `json:"state,omitempty"`
	Fields map[string]string `json:"fields,omitempty"` // by fact
}

func journalDir(state string) string { return filepath.Join(state, "runs") }

func journalPath(state, runID string) string {
	return filepath.Join(journalDir(state), runID+".ndjson")
}

// journals are the paths of all that are kept.
func journals(state string) []string {
	dir := journalDir(state)
	names, _ := fs.Glob(os.DirFS(dir), "*.ndjson") // the only error is of the pattern
	for i, name := range names {
		names[i] = filepath.Join(dir, name)
	}
	return names
}

// namesFile says whether a run's id, which came from outside, leads nowhere but
// into the directory of journals.
func namesFile(runID string) bool { return runID != "" && !strings.ContainsAny(runID, `/\`) }

// openJournal prepares the journal of the run, and removes old ones.
func (r *run) openJournal() error {
	dir := journalDir(r.Dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keeping the journal: %w", err)
	}
	ForgetJournals(r.Dir, r.KeepJournals, r.Now())
	r.journal = &journal{facts: r.layout.Facts()}
	r.nameJournal("")
	return nil
}

// ForgetJournals removes the journals in STATE_DIR that nothing was added to for as
// long as keep; 0 is 90 days. What cannot be removed is left to the next time.
func ForgetJournals(state string, keep time.Duration, now time.Time) {
	if keep == 0 {
		keep = journalsFor
	}
	for _, path := range journals(state) {
		if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()) > keep {
			_ = os.Remove(path)
		}
	}
}

// nameJournal ties the journal to the run's id, which a resumed run has from the
// one before.
func (r *run) nameJournal(reverts string) {
	if r.journal == nil {
		return
	}
	r.journal.path = journalPath(r.Dir, r.report.RunID)
	r.journal.header = header{
		Run: r.report.RunID, Site: r.req.Site.Name, List: r.req.Site.ListID, Began: r.report.Began, Reverts: reverts,
	}
}

// before notes what is about to be done for members.
func (j *journal) before(items []*item) error {
	entries := make([]entry, 0, len(items))
	for _, it := range items {
		entries = append(entries, j.entryOf(it))
	}
	return j.write(entries...)
}

func (j *journal) entryOf(it *item) entry {
	e := entry{Kind: it.change.Kind, ID: it.facts.ID, Reason: it.change.Reason, Handed: it.way != write}
	at := it.at(it.change.Email)
	if it.step.At != "" {
		at = it.at(it.step.At)
	}
	if at.Found {
		e.Before = &snapshot{Email: at.Email, Name: at.Name, State: at.State, Fields: j.fields(at.Values)}
	}
	e.After = &snapshot{Email: it.facts.Email.Value, Fields: map[string]string{}}
	if it.step.Want.Name.Known {
		e.After.Name = it.step.Want.Name.Value
	}
	for _, f := range it.change.Fields {
		e.After.Fields[f.Field] = f.To
	}
	return e
}

func (j *journal) fields(values []string) map[string]string {
	fields := map[string]string{}
	for i, v := range values {
		if i < len(j.facts) && v != "" {
			fields[string(j.facts[i])] = v
		}
	}
	return fields
}

// undone notes that a change was refused. Its failure to do so leaves a line
// that a revert finds to be untrue.
func (j *journal) undone(it *item) { _ = j.write(entry{ID: it.facts.ID, Undone: true}) }

func (j *journal) write(entries ...entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.open(); err != nil {
		return fmt.Errorf("keeping the journal: %w", err)
	}
	out := bufio.NewWriterSize(j.file, 64<<10)
	lines := json.NewEncoder(out)
	for _, e := range entries {
		if err := lines.Encode(e); err != nil {
			return fmt.Errorf("keeping the journal: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("keeping the journal: %w", err)
	}
	return nil
}

// open makes the file, or goes on with that of the run that is resumed, whose
// last line may have been cut.
func (j *journal) open() error {
	if j.file != nil {
		return nil
	}
	file, err := os.OpenFile(j.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && info.Size() > 0 {
		_, err = file.WriteString("\n")
	} else if err == nil {
		err = json.NewEncoder(file).Encode(j.header)
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	j.file = file
	return nil
}

// Close ends the file, and returns its path; "" if nothing was written.
func (j *journal) Close() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return ""
	}
	_ = j.file.Close() // all was written by then
	return j.path
}

// readJournal returns the header and the changes that were made, each member's
// first: of a change that was tried twice, only the first saw what was before.
func readJournal(state, runID string) (header, []entry, error) {
	if !namesFile(runID) {
		return header{}, nil, ErrNoJournal
	}
	file, err := os.Open(journalPath(state, runID))
	if errors.Is(err, os.ErrNotExist) {
		return header{}, nil, ErrNoJournal
	}
	if err != nil {
		return header{}, nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	var h header
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &h) != nil {
		return header{}, nil, fmt.Errorf("reading the journal: %w", ErrNoJournal)
	}
	var entries []entry
	at := map[string]int{}
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // empty, or cut by a crash: that change was not begun
		}
		i, known := at[e.ID]
		switch {
		case e.Undone && known:
			entries[i].Undone = true
		case !e.Undone && !known:
			at[e.ID] = len(entries)
			entries = append(entries, e)
		case !e.Undone:
			entries[i].Undone = false
		}
	}
	if err := lines.Err(); err != nil {
		return header{}, nil, fmt.Errorf("reading the journal: %w", err)
	}
	return h, entries, nil
}
