package program_test

import (
	"testing"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/program"
)

func TestNoAddressIsLeftInAText(t *testing.T) {
	t.Parallel()
	jo, ann, spaced := member.AddressHash("jo@example.org"), member.AddressHash("ann@example.org"), member.AddressHash(`josmith"@example.org`)
	for text, want := range map[string]string{
		"":                                "",
		"Jo\u00a0jo@example.org":          "Jo\u00a0" + jo,
		"Jo Smith":                        "Jo Smith",
		"Jo@Example.org":                  jo,
		"Jo <jo@example.org>":             "Jo " + jo,
		"jo@example.org, ann@example.org": jo + ", " + ann,
		"Jo jo @ example.org here":        "Jo " + jo + " here",
		`"jo smith"@example.org`:          spaced,
		`see "jo smith" @ example.org;x`:  "see " + spaced + ";x",
	} {
		if got := program.Discreet(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
