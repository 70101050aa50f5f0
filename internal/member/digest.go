package member

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
)

// Digest shortens a value to what tells it apart: 36 bits of SHA-256, as text. The
// zero Digest is of no value.
type Digest [6]byte

func digest(s string) (d Digest) {
	sum := sha256.Sum256([]byte(s))
	var text [7]byte
	base64.RawURLEncoding.Encode(text[:], sum[:5])
	copy(d[:], text[:])
	return d
}

// Digests tell which values a list has, without keeping them: of the name, and of
// each fact. Two of them are compared by ==.
type Digests [len(columnOrder) + 1]Digest

// Set notes that the list has a value for a fact.
func (d *Digests) Set(fact Fact, value string) { d[fact.place()] = digest(value) }

// Of is the digest of a fact's value; zero if that is not known.
func (d *Digests) Of(fact Fact) Digest { return d[fact.place()] }

// The place of a fact in Digests is that in columnOrder; that of the name is behind
// them.
const placeOfName = len(columnOrder)

func (f Fact) place() int {
	for i, fact := range columnOrder {
		if fact == f {
			return i
		}
	}
	return placeOfName
}

func factAt(place int) Fact {
	if place == placeOfName {
		return factName
	}
	return columnOrder[place]
}

// MarshalJSON writes an object of those that are known.
func (d Digests) MarshalJSON() ([]byte, error) {
	to := make([]byte, 0, 256)
	sep := byte('{')
	for place, one := range d {
		if one == (Digest{}) {
			continue
		}
		to = append(to, sep, '"')
		to = append(to, factAt(place)...)
		to = append(to, `":"`...)
		to = append(append(to, one[:]...), '"')
		sep = ','
	}
	if sep == '{' {
		to = append(to, sep)
	}
	return append(to, '}'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote. Whatever else it meets is nothing
// known: the value is then written once more.
func (d *Digests) UnmarshalJSON(b []byte) error {
	*d = Digests{}
	for {
		var fact, text []byte
		if fact, b = nextText(b); fact == nil {
			return nil
		}
		text, b = nextText(b)
		place := Fact(fact).place()
		if len(text) == len(Digest{}) && !bytes.Contains(text, []byte{'\\'}) && factAt(place) == Fact(fact) {
			d[place] = Digest(text)
		}
	}
}

// nextText is the first text between quotation marks, and what follows it.
func nextText(b []byte) (text, rest []byte) {
	_, b, _ = bytes.Cut(b, []byte{'"'})
	text, rest, closed := bytes.Cut(b, []byte{'"'})
	if !closed {
		return nil, nil
	}
	return text, rest
}
