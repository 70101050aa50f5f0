package ghosttest

import (
	"bytes"
	"encoding/json"
	"regexp"
	"unicode/utf8"
)

// What Ghost's columns hold, in characters.
const (
	longestName = 191
	longestNote = 2000
)

// refused is what Ghost says to a member's fields before it looks at any member.
func (b memberBody) refused(verb string) *refusal {
	var name string
	isText := string(b.Name) != "null" && json.Unmarshal(b.Name, &name) == nil
	switch {
	case b.Name != nil && (!isText || utf8.RuneCountInString(name) > longestName):
		return invalid(verb, "Validation failed for name.", "name")
	case longer(b.Note, longestNote):
		return invalid(verb, "Validation failed for note.", "note")
	case b.Email != nil && *b.Email != "" && !looksLikeAddress(*b.Email):
		return invalid(verb, "Invalid Email", "email")
	}
	return nil
}

// looksLikeAddress takes what Ghost was seen to take: letters of any script, and
// anything at all in quotes.
func looksLikeAddress(email string) bool {
	return regexp.MustCompile(`^("[^"]+"|[^\s@"(),:;<>\[\]\\]+)@[^\s@"(),:;<>\[\]\\]+\.[^\s@"(),:;<>\[\]\\]+$`).MatchString(email)
}

// memberOf reads one member of a request; one without any field is none to Ghost.
func memberOf(raw json.RawMessage) (b memberBody, ok bool) {
	if bytes.Equal(bytes.Join(bytes.Fields(raw), nil), []byte("{}")) {
		return memberBody{}, false
	}
	return b, json.Unmarshal(raw, &b) == nil
}
