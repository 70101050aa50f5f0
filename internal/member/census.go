package member

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"iter"
	"slices"
)

// Census is who a site's members are, and a digest of what each was like: enough
// to tell by a second one who came, changed and went. A member takes 20 bytes.
type Census struct{ rows []censusRow } // sorted, one of each id

// censusRow is the 12 bytes of an id and the 8 of a digest.
type censusRow [12 + 8]byte

func (r *censusRow) id() string             { return hex.EncodeToString(r[:12]) }
func (r *censusRow) order(o *censusRow) int { return bytes.Compare(r[:12], o[:12]) }

// ErrCensus says that something is no part of a census.
var ErrCensus = errors.New("no part of a census of members")

// CensusBuilder gathers a census. The zero value is ready.
type CensusBuilder struct {
	rows []censusRow
	text []byte
}

// NewCensus begins a census of about so many members.
func NewCensus(expected int) *CensusBuilder {
	return &CensusBuilder{rows: make([]censusRow, 0, expected)}
}

// Add counts a member in. Facts are what tells whether it has changed, always in
// the same order. ErrCensus: the id is none of Ghost's, 24 lower-case hex digits.
func (b *CensusBuilder) Add(id string, facts ...string) error {
	var row censusRow
	if len(id) != 24 {
		return ErrCensus
	}
	if _, err := hex.Decode(row[:12], []byte(id)); err != nil || row.id() != id {
		return ErrCensus
	}
	b.text = b.text[:0]
	for _, fact := range facts {
		// With its length, so that no fact can pass for the end of the one before.
		b.text = append(binary.AppendUvarint(b.text, uint64(len(fact))), fact...)
	}
	digest := sha256.Sum256(b.text)
	copy(row[12:], digest[:])
	b.rows = append(b.rows, row)
	return nil
}

// AddChunk counts in the members of a chunk; see Chunks. ErrCensus: it is none.
func (b *CensusBuilder) AddChunk(chunk []byte) error {
	if len(chunk)%len(censusRow{}) != 0 {
		return ErrCensus
	}
	for row := range slices.Chunk(chunk, len(censusRow{})) {
		b.rows = append(b.rows, censusRow(row))
	}
	return nil
}

// Census ends the gathering. A member who was counted twice is in it once.
func (b *CensusBuilder) Census() Census {
	slices.SortFunc(b.rows, func(x, y censusRow) int { return bytes.Compare(x[:], y[:]) })
	return Census{rows: slices.CompactFunc(b.rows, func(x, y censusRow) bool { return x.order(&y) == 0 })}
}

// Len is how many members there are.
func (c Census) Len() int { return len(c.rows) }

// Diff returns the ids of the members that a later census has and this one has
// not, those that both have and who have changed, and those that are gone.
func (c Census) Diff(later Census) (added, changed, gone []string) {
	was, is := c.rows, later.rows
	for len(was) > 0 && len(is) > 0 {
		switch order := was[0].order(&is[0]); {
		case order < 0:
			gone, was = append(gone, was[0].id()), was[1:]
		case order > 0:
			added, is = append(added, is[0].id()), is[1:]
		default:
			if was[0] != is[0] {
				changed = append(changed, is[0].id())
			}
			was, is = was[1:], is[1:]
		}
	}
	for i := range was {
		gone = append(gone, was[i].id())
	}
	for i := range is {
		added = append(added, is[i].id())
	}
	return added, changed, gone
}

// A chunk ends behind a member whose id says so, one in chunkMean, and at the
// latest after chunkMax members.
const (
	chunkMean = 1024
	chunkMax  = 4096
)

// Chunks yields the census in pieces of at most 80 KiB, in order. Where members
// are as they were, so is the piece: few changes change few of them. What is
// yielded is valid until the next.
func (c Census) Chunks() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		chunk := make([]byte, 0, chunkMax*len(censusRow{}))
		for i := range c.rows {
			row := &c.rows[i]
			chunk = append(chunk, row[:]...)
			full := len(chunk) == cap(chunk)
			if full || i == len(c.rows)-1 || crc32.ChecksumIEEE(row[:12])%chunkMean == 0 {
				if !yield(chunk) {
					return
				}
				chunk = chunk[:0]
			}
		}
	}
}
