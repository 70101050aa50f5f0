package spool_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
