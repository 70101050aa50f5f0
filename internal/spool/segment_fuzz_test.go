package spool_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/spool"
)

// FuzzSegments finds any bytes where a segment was, behind records that are whole: those
// come out in their order, nothing comes out that nobody put, and the rest blocks nothing.
func FuzzSegments(f *testing.F) {
	whole := segment(f)
	f.Add([]byte(""), []byte("half a li"))
	f.Add([]byte("00000000 {}\n\n"), []byte("\n"))
	f.Add(whole, whole[:len(whole)-1])
	f.Add(slices.Concat([]byte("\x00\n"), whole), []byte(`deadbeef {"kind":"test"}`))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		dir := t.TempDir()
		name := filepath.Join(dir, "0000000000001-000000-AAAAAAAA.spool")
		if len(before) > 0 && before[len(before)-1] != '\n' {
			before = append(slices.Clone(before), '\n')
		}
		if err := os.WriteFile(name, slices.Concat(before, whole, after), 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		var came []string
		_, err := s.Drain(t.Context(), func(_ context.Context, r spool.Record) error {
			came = append(came, nameOf(r))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		together := false
		for i := range came {
			together = together || slices.Equal(came[i:min(i+2, len(came))], []string{"first", "second"})
		}
		if !together {
			t.Fatalf("of the whole records came %q", came)
		}
		if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) || s.Stats().Records != 0 {
			t.Fatalf("the segment is still there: %v, %+v", err, s.Stats())
		}
	})
}

// segment is one with two records, as a process leaves it.
func segment(f *testing.F) []byte {
	f.Helper()
	dir := f.TempDir()
	s, err := spool.Open(dir, func() time.Time { return noon })
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"first", "second"} {
		data, err := json.Marshal(name)
		if err == nil {
			err = s.Put(spool.Record{Kind: "test", At: noon, Data: data})
		}
		if err != nil {
			f.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.spool"))
	if err != nil || len(paths) != 1 {
		f.Fatalf("%q, %v", paths, err)
	}
	bytes, err := os.ReadFile(paths[0])
	if err != nil {
		f.Fatal(err)
	}
	return bytes
}
