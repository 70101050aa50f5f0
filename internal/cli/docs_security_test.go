package cli

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// What the threat model rests on must be there, by the name that it gives.
func TestTheThreatModelNamesOnlyTestsThatExist(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(readDoc(t, "docs/SECURITY.md"), -1)
	if len(named) < 30 {
		t.Fatalf("found only %d tests", len(named))
	}
	out, err := exec.CommandContext(t.Context(), "grep", "-rhoE", "--include=*_test.go", "^func Test[A-Za-z0-9]+", "..").Output()
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		there[strings.TrimPrefix(strings.TrimSpace(line), "func ")] = true
	}
	for _, m := range named {
		if !there[m[1]] {
			t.Errorf("docs/SECURITY.md: there is no test %s", m[1])
		}
	}
}
