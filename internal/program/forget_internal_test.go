package program

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/spool"
)

func TestAPurchaseOnDiskIsFoundByWhatItsBodyNames(t *testing.T) {
	t.Parallel()
	names := func(text string) bool { return strings.Contains(text, "jo@example.org") }
	body := base64.StdEncoding.EncodeToString([]byte(`{"email":"jo@example.org"}`))
	for record, want := range map[string]bool{
		`{"kind":"payment","data":{"site":"a","body":"` + body + `"}}`:               true,
		`{"kind":"payment","data":{"site":"b","body":"` + body + `"}}`:               false, // another site's
		`{"kind":"payment","data":{"site":"a","body":"e30="}}`:                       false,
		`{"kind":"member","data":{"site":"a","facts":{"email":"jo@example.org"}}}`:   true,
		`{"kind":"member","data":{"site":"b","facts":{"email":"jo@example.org"}}}`:   false,
		`{"kind":"member","data":{"site":"b","facts":{"email":"jo@example.org"},"cu`: true, // nobody knows whose
	} {
		f := stateFiles{dir: t.TempDir(), site: "a"}
		if err := os.MkdirAll(spool.In(f.dir), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"1.spool", "1.aside"} {
			if err := os.WriteFile(filepath.Join(spool.In(f.dir), name), []byte("00000000 "+record+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if found, err := f.Waiting(names); err != nil || found != want {
			t.Errorf("%s: waiting %t, %v", record, found, err)
		}
		if n, err := f.Forget("a", nil, names, false); err != nil || (n == 1) != want {
			t.Errorf("%s: %d forgotten, %v", record, n, err)
		}
	}
}
