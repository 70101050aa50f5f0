package program

import (
	"strings"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Discreet replaces the words of a name or a field that may be addresses by their
// hashes: people are called by their address where nobody gave a name.
func Discreet(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
	for _, word := range words {
		if strings.Contains(word, "@") {
			text = strings.Replace(text, word, member.AddressHash(strings.Trim(word, "<>()\"'")), 1)
		}
	}
	return text
}
