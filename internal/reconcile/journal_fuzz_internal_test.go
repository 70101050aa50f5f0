package reconcile

import (
	"errors"
	"os"
	"testing"
)

// FuzzJournals reads any file as the journal of a run: it names each member once, or
// there is no journal; and an id never leads out of the directory of journals.
func FuzzJournals(f *testing.F) {
	f.Add("r1", []byte(`{"run":"r1","site":"blog"}`+"\n"+`{"id":"a","kind":"add"}`+"\n"+`{"id":"a","undone":true}`+"\n"+`{"id":"b","befo`))
	f.Add("../x", []byte("{}\n{}\n{}"))
	f.Add("r", []byte("\n\n[]\nnull\n{\"before\":{\"fields\":null}}"))
	f.Fuzz(func(t *testing.T, id string, content []byte) {
		state := t.TempDir()
		if err := os.MkdirAll(journalDir(state), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(journalPath(state, "r1"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, entries, err := readJournal(state, id); id != "r1" && err == nil {
			t.Fatalf("%q is a journal with %d entries", id, len(entries))
		}
		h, entries, err := readJournal(state, "r1")
		if err != nil {
			if entries != nil || h != (header{}) || !errors.Is(err, ErrNoJournal) && len(content) < 1<<20 {
				t.Fatalf("%+v, %d entries, %v", h, len(entries), err)
			}
			return
		}
		seen := map[string]bool{}
		for _, e := range entries {
			if seen[e.ID] {
				t.Fatalf("%q is there twice", e.ID)
			}
			seen[e.ID] = true
		}
	})
}
