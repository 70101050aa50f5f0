package cli

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/doctor"
)

// Who looks a verdict up in the manual has to find it.
func TestTheManualExplainsEveryCheckAndNoOther(t *testing.T) {
	t.Parallel()
	var explained []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| .* \\| .* \\|$").FindAllStringSubmatch(readDoc(t, "docs/doctor.md"), -1) {
		if !slices.Contains(explained, row[1]) {
			explained = append(explained, row[1])
		}
	}
	if diff := cmp.Diff(doctor.Names(), explained); diff != "" {
		t.Errorf("checks (-code +docs/doctor.md):\n%s", diff)
	}
}

func TestAReportOnATerminalHasItsRemediesBelow(t *testing.T) {
	t.Parallel()
	a, stdout, stderr := testApp()
	a.terminal = true
	r := doctor.Report{Findings: []doctor.Finding{
		{Name: "redis", Status: doctor.OK, Detail: "answers"},
		{Site: "blog", Name: "list", Status: doctor.Fail, Detail: "no such list\x1b[31m", Remedy: "set another"},
		{Site: "blog", Name: "gate", Status: doctor.Warn, Detail: "not checked: Redis"},
	}}
	if err := a.showReport(r, doctorOptions{}); err != nil {
		t.Fatal(err)
	}
	spaces := regexp.MustCompile(` +\n`)
	got := spaces.ReplaceAllString(stdout.String(), "\n")
	const want = "SITE  CHECK  VERDICT  DETAIL\n" +
		"-     redis  ok       answers\n" +
		"blog  list   FAIL     see below\n" +
		"blog  gate   warn     not checked: Redis\n" +
		"\nFAIL blog list\n  no such list [31m\n  Remedy: set another\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("1 of 3 checks failed, 1 warn.\n", stderr.String()); diff != "" {
		t.Error(diff)
	}
}
