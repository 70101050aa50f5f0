package member

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// MaxText is the longest value of a custom field and of the name, in UTF-16
// units: Campaign Monitor allows 250 "characters" and does not say whose
// (https://www.campaignmonitor.com/api/v3-3/subscribers/), so the narrowest
// reading is kept.
const MaxText = 250

// CleanText makes any text one that Campaign Monitor neither refuses nor cuts:
// Unicode NFC, no control and no bidirectional-override characters, line breaks
// as spaces, trimmed, at most MaxText long and cut on a whole character.
func CleanText(s string) string {
	if isPlain(s) {
		return s
	}
	s = strings.Map(cleanRune, strings.ToValidUTF8(s, ""))
	return cutText(strings.TrimSpace(norm.NFC.String(s)), MaxText)
}

// isPlain says of most texts that there is nothing to clean, for little.
func isPlain(s string) bool {
	if len(s) > MaxText || s != "" && (s[0] == ' ' || s[len(s)-1] == ' ') {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func cleanRune(r rune) rune {
	switch {
	case r == '\n', r == '\r', r == '\t', r == '\u0085', r == '\u2028', r == '\u2029':
		return ' '
	case unicode.IsControl(r), isBidiControl(r), r == '\ufeff':
		return -1
	}
	return r
}

func isBidiControl(r rune) bool {
	return r == '\u061c' || r >= '\u200e' && r <= '\u200f' ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// cutText cuts s to at most limit UTF-16 units, never inside a character: what
// joins or modifies the rune before it goes with that rune, and so does the
// second letter of a flag.
func cutText(s string, limit int) string {
	units, whole := 0, 0
	joined, flag := false, false
	for i, r := range s {
		flagEnds := flag && isFlagLetter(r)
		if !joined && !extends(r) && !flagEnds {
			whole = i
		}
		joined = r == zeroWidthJoiner
		flag = isFlagLetter(r) && !flagEnds
		units += utf16Len(r)
		if units > limit {
			return strings.TrimSpace(s[:whole])
		}
	}
	return s
}

const zeroWidthJoiner = '\u200d'

// extends says whether r belongs to the character before it: a joiner, a mark, a
// skin tone, or a tag (flags of regions are spelt with tags).
func extends(r rune) bool {
	return r == zeroWidthJoiner || unicode.Is(unicode.M, r) || r >= 0x1f3fb && r <= 0x1f3ff || r >= 0xe0020 && r <= 0xe007f
}

func isFlagLetter(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

func utf16Len(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

func textLen(s string) (n int) {
	for _, r := range s {
		n += utf16Len(r)
	}
	return n
}

// JoinNames lists names in one text value, separated by commas, cut at a whole
// name. A comma inside a name becomes a semicolon, so that the list can be
// taken apart again. The names are sorted: Ghost on MySQL and MariaDB shows labels
// that came by an import or a bulk edit in another order each time, and a value
// that is another in nothing but that would be written again and again.
func JoinNames(names []string) string {
	if !slices.IsSorted(names) {
		names = slices.Clone(names)
		slices.Sort(names)
	}
	if arePlain(names) {
		return strings.Join(names, ",")
	}
	return joinCut(names)
}

func joinCut(names []string) string {
	var b strings.Builder
	room := MaxText
	for _, name := range names {
		name = CleanText(strings.ReplaceAll(name, ",", ";"))
		if name == "" {
			continue
		}
		need := textLen(name)
		if b.Len() > 0 {
			need++
		}
		if need > room {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name)
		room -= need
	}
	return b.String()
}

// arePlain says of most names that there is nothing to do but join them.
func arePlain(names []string) bool {
	size := len(names) - 1
	for _, name := range names {
		size += len(name)
		if name == "" || strings.Contains(name, ",") || !isPlain(name) {
			return false
		}
	}
	return size <= MaxText
}

// SameAddress says whether two addresses are one subscriber: their case does
// not count.
func SameAddress(a, b string) bool { return a == b || AddressKey(a) == AddressKey(b) }

// AddressKey is the form in which addresses are compared, locked and owned.
func AddressKey(email string) string {
	if isKey(email) {
		return email
	}
	return strings.ToLower(strings.TrimSpace(email))
}

// isKey says of most addresses that they are keys, for little.
func isKey(email string) bool {
	for i := range len(email) {
		if c := email[i]; c <= ' ' || c > '~' || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

// AddressHash is how an address is shown in logs and listings: the first 12 hex
// digits of SHA-256 of its lower-case form.
func AddressHash(email string) string {
	if email == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(AddressKey(email)))
	return hex.EncodeToString(sum[:6])
}
