package program

import (
	"strings"
	"unicode/utf8"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Discreet replaces what may be an address in a name or a field by its hash: people
// are called by their address where nobody gave a name. An address reaches over spaces
// within quotes and around its @.
func Discreet(text string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(text, '@')
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		begin, end := addressAround(text, at)
		address := strings.Join(strings.FieldsFunc(text[begin:end], blank), "")
		b.WriteString(text[:begin])
		b.WriteString(member.AddressHash(strings.Trim(address, "<>()\"'")))
		text = text[end:]
	}
}

// addressAround is from where to where the address of an @ reaches.
func addressAround(text string, at int) (begin, end int) {
	before := strings.TrimRightFunc(text[:at], blank)
	if quoted, is := strings.CutSuffix(before, `"`); is {
		begin = max(strings.LastIndexByte(quoted, '"'), 0)
	} else if i := strings.LastIndexFunc(before, ends); i >= 0 {
		_, size := utf8.DecodeRuneInString(before[i:])
		begin = i + size
	}
	rest := strings.TrimLeftFunc(text[at+1:], blank)
	end = len(text)
	if i := strings.IndexFunc(rest, ends); i >= 0 {
		end -= len(rest) - i
	}
	return begin, end
}

func blank(r rune) bool { return r == ' ' || r == '\t' || r == '\u00a0' }

func ends(r rune) bool { return blank(r) || r == ',' || r == ';' }
