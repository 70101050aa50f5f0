package member

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestTextIsMadeHarmless(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":                              "",
		"Zoë":                           "Zoë",
		"Zoe\u0308":                     "Zoë",
		"a\r\nb\tc\u2028d":              "a  b c d",
		"\x00a\x1bb\x7f\u0085":          "ab",
		"\u202eevil\u202c\u2066x\u200f": "evilx",
		"\ufeff  trimmed \u00a0":        "trimmed",
		"bad\xff\xc3(":                  "bad(",
		"<script>#'\"&":                 "<script>#'\"&",
		"👩\u200d👩\u200d👧":               "👩\u200d👩\u200d👧",
	} {
		if got := CleanText(raw); got != want {
			t.Errorf("CleanText(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestTextIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for name, character := range map[string]string{
		"a letter":               "x",
		"two UTF-16 units":       "😀",
		"a combining mark":       "q\u0323\u0307",
		"joined":                 "👩\u200d👩\u200d👧",
		"a skin tone":            "👍🏽",
		"a flag":                 "🇫🇷",
		"the flag of a region":   "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
		"a variation selector":   "❤\ufe0f",
		"a vowel sign, a virama": "न\u093f",
	} {
		for pad := range 12 {
			padding := strings.Repeat("-", MaxText-pad)
			got := CleanText(padding + strings.Repeat(character, 20))
			kept, found := strings.CutPrefix(got, padding)
			if whole := len(kept) % len(character); !found || whole != 0 || !strings.HasPrefix(strings.Repeat(character, 20), kept) {
				t.Errorf("%s: after %d units, %q is kept", name, MaxText-pad, kept)
			}
			if left := MaxText - textUnits(got); left < 0 || left >= textUnits(character) {
				t.Errorf("%s: %d units are left unused", name, left)
			}
		}
	}
}

func textUnits(s string) int { return len(utf16.Encode([]rune(s))) }

func TestNamesAreListed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 120)
	for name, c := range map[string]struct {
		names []string
		want  string
	}{
		"none":                    {nil, ""},
		"a comma in one":          {[]string{"Discord Gold", "Discord, Gold"}, "Discord Gold,Discord; Gold"},
		"in the order of names":   {[]string{"VIP", "#internal", "🎉"}, "#internal,VIP,🎉"},
		"empty ones":              {[]string{"", " ", "a", "\u200e"}, "a"},
		"cut at a whole one":      {[]string{long, long, long}, long + "," + long},
		"as long as can be":       {[]string{long, strings.Repeat("o", 129), "x"}, long + "," + strings.Repeat("o", 129)},
		"one unit longer":         {[]string{long, strings.Repeat("o", 130)}, long},
		"one is all and too much": {[]string{strings.Repeat("x", 300)}, strings.Repeat("x", MaxText)},
	} {
		if got := JoinNames(c.names); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// sound checks what every text that is sent must be.
func sound(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) || !norm.NFC.IsNormalString(s) || textUnits(s) > MaxText || s != strings.TrimSpace(s) {
		t.Errorf("%q: valid %t, NFC %t, %d units, trimmed %t", s,
			utf8.ValidString(s), norm.NFC.IsNormalString(s), textUnits(s), s == strings.TrimSpace(s))
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }); i >= 0 {
		t.Errorf("%q has a forbidden character at %d", s, i)
	}
}

func FuzzCleanText(f *testing.F) {
	for _, seed := range []string{
		"", "Zoe\u0308", "\u202ea\x00b\n", strings.Repeat("é😀", 200), "\xff", "ᄀ\u1161", " \u0301", "\u0344",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := CleanText(raw)
		sound(t, got)
		if again := CleanText(got); again != got {
			t.Errorf("%q becomes %q, and that %q", raw, got, again)
		}
	})
}

func FuzzJoinNames(f *testing.F) {
	f.Add("VIP\x00Discord, Gold\x00🎉")
	f.Add(strings.Repeat("label\x00", 100))
	f.Add("a\x00\u0338b")
	f.Fuzz(func(t *testing.T, raw string) {
		names := strings.Split(raw, "\x00")
		got := JoinNames(names)
		sound(t, got)
		slices.Reverse(names)
		if other := JoinNames(names); other != got {
			t.Errorf("%q lists %q, and %q the other way round", raw, got, other)
		}
		slices.Sort(names)
		whole := []string{}
		for _, name := range names {
			if name = CleanText(strings.ReplaceAll(name, ",", ";")); name != "" {
				whole = append(whole, name)
			}
		}
		if got == "" {
			return
		}
		listed := strings.Split(got, ",")
		if len(listed) > len(whole) || !slices.Equal(listed, whole[:len(listed)]) {
			t.Errorf("%q lists %q of %q", got, listed, whole)
		}
	})
}

func TestPlainNamesAreJoinedAsAnyOthersAre(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOf(rapid.SampledFrom([]string{"", "VIP", "a b", " x", "a,b", "é", strings.Repeat("y", 83)})).Draw(t, "names")
		if got, want := JoinNames(names), joinCut(slices.Sorted(slices.Values(names))); got != want {
			t.Errorf("%q are %q, want %q", names, got, want)
		}
	})
}

func TestAddressesAreComparedInLowerCase(t *testing.T) {
	t.Parallel()
	if !SameAddress(" Jo@X.org", "jo@x.ORG ") || SameAddress("jo@x.org", "jo+1@x.org") {
		t.Error("case and blanks alone must not matter")
	}
	// printf %s jo@x.org | sha256sum | cut -c1-12
	if got := AddressHash("Jo@X.org"); got != "bbbc4867d03f" {
		t.Errorf("AddressHash = %q", got)
	}
	if got := AddressHash(""); got != "" {
		t.Errorf("of no address: %q", got)
	}
}

func TestADateFieldHoldsWhatCampaignMonitorTakes(t *testing.T) {
	t.Parallel()
	date, text := Column{Date: true}, Column{}
	for _, c := range []struct{ at, date, text string }{
		{"2026-11-22T23:30:00-02:00", "2026/11/23", "2026-11-23T01:30:00Z"},
		{"1900-01-01T00:00:00Z", "1900/01/01", "1900-01-01T00:00:00Z"},
		{"1899-12-31T23:59:59Z", "", "1899-12-31T23:59:59Z"},
		{"2076-06-06T23:59:59Z", "2076/06/06", "2076-06-06T23:59:59Z"},
		{"2076-06-07T00:00:00Z", "", "2076-06-07T00:00:00Z"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if d, s := date.timeValue(at), text.timeValue(at); d != c.date || s != c.text {
			t.Errorf("%s: date %q, text %q", c.at, d, s)
		}
	}
}

func TestATimeThatAFieldCannotHoldIsLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.layout.Columns[FactSignupDate] = Column{Key: "ghost_signup_date", Date: true}
	id := w.join("a@x.org")
	w.edit(id, func(f *Facts, _ *Previous) { f.CreatedAt = Some(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)) })
	w.apply()
	if value, written := w.at("a@x.org").fields["ghost_signup_date"]; written {
		t.Errorf("written as %q", value)
	}
}

func TestAnAddressThatIsAKeyStaysAsItIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune(" ~aA@Zz.É\u2003\u212a\x1f\x7f\n"))).Draw(t, "address")
		if want := strings.ToLower(strings.TrimSpace(s)); AddressKey(s) != want || AddressKey(want) != want {
			t.Fatalf("%q: %q and %q, want %q", s, AddressKey(s), AddressKey(want), want)
		}
	})
}

func TestPlainTextIsWhatCleaningLeavesAsItIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune(" ~a,é\x1f\x7f\n"))).Draw(t, "text")
		if isPlain(s) && (strings.Map(cleanRune, s) != s || strings.TrimSpace(norm.NFC.String(s)) != s) {
			t.Fatalf("%q is not plain", s)
		}
	})
	if isPlain(strings.Repeat("a", MaxText+1)) {
		t.Error("too long to be plain")
	}
}
