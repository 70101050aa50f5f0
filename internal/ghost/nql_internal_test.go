package ghost

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

func TestFiltersAreWrittenAsGhostReadsThem(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"a@example.com":         `email:'a@example.com'`,
		"o'brien@example.com":   `email:'o\'brien@example.com'`,
		`"q l"@example.com`:     `email:'\"q l\"@example.com'`,
		"x',email:-'y":          `email:'x\',email:-\'y'`,
		"jürgen+1@exämple.com ": `email:'jürgen+1@exämple.com '`,
	} {
		if got, err := filterEmail(value); got != want || err != nil {
			t.Errorf("%q: %s, %v; want %s", value, got, err, want)
		}
	}
	if got, err := filterAfter("6b0233b2a81c3c0187d34846"); got != "id:>'6b0233b2a81c3c0187d34846'" || err != nil {
		t.Errorf("after: %s, %v", got, err)
	}
	const one, two = "6b0233b2a81c3c0187d34846", "6b0233b2a81c3c0187d34847"
	if got, err := filterIDs([]string{one, two}); got != "id:['"+one+"','"+two+"']" || err != nil {
		t.Errorf("by id: %s, %v", got, err)
	}
	for _, none := range []string{"", "'", "6B0233B2A81C3C0187D34846", one + "',email:-'x"} {
		if _, err := filterIDs([]string{one, none}); !errors.Is(err, ErrUnsearchable) {
			t.Errorf("by %q: %v", none, err)
		}
	}
	if _, err := filterAfter("'"); !errors.Is(err, ErrUnsearchable) {
		t.Errorf("after a quote: %v", err)
	}
}

// FuzzQuotedValueIsOneNQLString reads back what was quoted with the rule for
// strings of nql-lang: '(\\['"]|[^'"])+'.
func FuzzQuotedValueIsOneNQLString(f *testing.F) {
	for _, seed := range []string{"a", "'", `"`, `\`, `\'`, `a\`, "',email:-'", "\x00", "\xff", "ü🎉", ""} {
		f.Add(seed)
	}
	nqlString := regexp.MustCompile(`^'(\\['"]|[^'"\\])+'$`)
	f.Fuzz(func(t *testing.T, value string) {
		quoted, err := quoteNQL(value)
		if err != nil {
			if !errors.Is(err, ErrUnsearchable) {
				t.Errorf("unexpected error %v", err)
			}
			return
		}
		if !nqlString.MatchString(quoted) {
			t.Errorf("%q became %s, which is not one string", value, quoted)
		}
		back := strings.NewReplacer(`\'`, `'`, `\"`, `"`).Replace(quoted[1 : len(quoted)-1])
		if back != value {
			t.Errorf("%q came back as %q", value, back)
		}
	})
}
