package member

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// Digest shortens a value to what tells it apart: 40 bits of SHA-256. The zero
// Digest is of no value.
type Digest [5]byte

func digest(s string) Digest {
	sum := sha256.Sum256([]byte(s))
	return Digest(sum[:5])
}

// text is the digest for whoever wants a word.
func (d Digest) text() string { return base64.RawURLEncoding.EncodeToString(d[:]) }

// textDigest is the digest whose text this is.
func textDigest(s string) (d Digest, is bool) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) != len(d) {
		return d, false
	}
	d = Digest(raw)
	return d, d.text() == s
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

// In a record, the name has bit 0 and the facts have those behind it, so that a
// fact that is new to columnOrder changes no place.
func bitOfPlace(place int) uint16 { return 1 << ((place + 1) % len(Digests{})) }

// append writes which digests there are, and those.
func (d *Digests) append(to []byte) []byte {
	var has uint16
	at := len(to)
	to = append(to, 0, 0)
	for place, one := range d {
		if one != (Digest{}) {
			has |= bitOfPlace(place)
			to = append(to, one[:]...)
		}
	}
	binary.BigEndian.PutUint16(to[at:], has)
	return to
}

// read is the reverse of append.
func (d *Digests) read(r *recordReader) {
	head := r.take(2)
	if r.fault {
		return
	}
	has := binary.BigEndian.Uint16(head)
	for place := range d {
		if has&bitOfPlace(place) != 0 {
			copy(d[place][:], r.take(uint64(len(Digest{}))))
		}
	}
	r.fault = r.fault || has>>len(d) != 0
}
