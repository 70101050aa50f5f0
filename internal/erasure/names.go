package erasure

import (
	"strconv"
	"strings"

	"github.com/ghostcm/ghostcm/internal/member"
)

// names says whether a text names the person: an address, an id, or one of more ids
// (of purchases, by their provider), in clear, percent-encoded or as JSON escapes it.
// It stops at the borders of words: jo@example.org is not in bojo@example.org.
func (p *Person) names(text string, more []string) bool {
	texts := []string{strings.ToLower(text)}
	if plain := strings.ToLower(unescaped(text)); plain != texts[0] {
		texts = append(texts, plain)
	}
	for _, t := range texts {
		for _, email := range p.Emails {
			if holds(t, member.AddressKey(email), addressRune) {
				return true
			}
		}
		for _, email := range p.Emails {
			if holds(t, member.AddressHash(email), idRune) {
				return true
			}
		}
		for _, ids := range [][]string{p.IDs, more} {
			for _, id := range ids {
				if holds(t, strings.ToLower(id), idRune) {
					return true
				}
			}
		}
	}
	return false
}

// holds says whether a text has a word in it that is not part of a longer one.
func holds(text, word string, part func(before, after byte) bool) bool {
	for from := 0; word != ""; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		at, end := from+i, from+i+len(word)
		var before, after byte
		if at > 0 {
			before = text[at-1]
		}
		if end < len(text) {
			after = text[end]
		}
		if after == '.' && (end+1 == len(text) || !letter(text[end+1])) { // a full stop
			after = 0
		}
		if !part(before, after) {
			return true
		}
		from = at + 1
	}
	return false
}

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 0x80 }

func addressRune(before, after byte) bool {
	return letter(before) || before != 0 && strings.IndexByte("._+-", before) >= 0 ||
		letter(after) || after != 0 && strings.IndexByte(".-", after) >= 0
}

func idRune(before, after byte) bool {
	return letter(before) || before == '_' || letter(after) || after == '_'
}

// unescaped reads what percent signs and JSON spell otherwise, one inside the other as
// Ko-fi has it. What is no escape stays as it is.
func unescaped(text string) string {
	if strings.Contains(text, "%") {
		text = replaceCodes(text, "%", 2)
	}
	if strings.Contains(text, `\u`) {
		text = replaceCodes(text, `\u`, 4)
	}
	return strings.NewReplacer(`\n`, " ", `\r`, " ", `\t`, " ").Replace(text)
}

// replaceCodes reads hex digits behind a mark: two are a byte, four a code point of
// UTF-16; of two that make one character neither can be in an address.
func replaceCodes(text, mark string, digits int) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, mark)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		code, err := strconv.ParseUint(rest[:min(digits, len(rest))], 16, 32)
		if err != nil || len(rest) < digits {
			b.WriteString(mark)
			text = rest
			continue
		}
		if digits == 2 {
			b.WriteByte(byte(code))
		} else {
			b.WriteRune(rune(code))
		}
		text = rest[digits:]
	}
}
