package spool_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/spool"
)

func TestARecordThatWasSetAsideIsForgottenAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	names := func(record string) bool { return strings.Contains(record, "jo@") }
	for name, text := range map[string]string{
		"1.aside": "x jo@example.org\ny ann@example.org\n", "2.aside": "z jo@example.org\n", "3.spool": "w ann@example.org\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, dryRun := range []bool{true, false} {
		if n, err := spool.Forget(dir, names, dryRun); err != nil || n != 2 {
			t.Errorf("dry run %t: %d records, %v", dryRun, n, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "1.aside")); err != nil || string(text) != "y ann@example.org\n" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "2.aside")); !os.IsNotExist(err) {
		t.Errorf("an empty file stays: %v", err)
	}
	if found, err := spool.Mentions(dir, names); err != nil || found {
		t.Errorf("the spool mentions nobody any more: %t, %v", found, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "4.spool"), []byte("v jo@example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := spool.Mentions(dir, names); err != nil || !found {
		t.Errorf("what waits is not found: %t, %v", found, err)
	}
}

// Both change the same file.
func TestWhatIsSetAsideWhileSomebodyIsForgottenStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := spool.Open(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, email := range []string{`"jo@example.org"`, `"ann@example.org"`} {
		if err := s.Put(spool.Record{Kind: "test", At: time.Now(), Data: []byte(email)}); err != nil {
			t.Fatal(err)
		}
	}
	errAway := errors.New("away")
	_, err = s.Drain(t.Context(), func(_ context.Context, r spool.Record) error {
		if strings.Contains(string(r.Data), "jo@") {
			return spool.ErrRefused
		}
		return errAway
	})
	if !errors.Is(err, errAway) {
		t.Fatal(err)
	}
	drained := make(chan error, 1)
	n, err := spool.Forget(dir, func(record string) bool {
		go func() {
			_, err := s.Drain(context.Background(), func(context.Context, spool.Record) error { return spool.ErrRefused })
			drained <- err
		}()
		select { // it has to wait; if it does not, let it come first
		case err := <-drained:
			drained <- err
		case <-time.After(300 * time.Millisecond):
		}
		return strings.Contains(record, "jo@")
	}, false)
	if n != 1 || err != nil {
		t.Errorf("forgot %d, %v", n, err)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
	seen, err := spool.Look(dir)
	if err != nil || len(seen.Aside) != 1 {
		t.Fatalf("%+v, %v", seen, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, seen.Aside[0])); err != nil || !strings.Contains(string(text), "ann@") || strings.Contains(string(text), "jo@") {
		t.Errorf("%q, %v", text, err)
	}
}
