package spool

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// Record is one thing that waits.
type Record struct {
	Kind string          `json:"kind"` // what Data is, for whoever takes it out
	At   time.Time       `json:"at"`   // when it came
	Data json.RawMessage `json:"data"`
}

var errDamaged = errors.New("the checksum of a record is wrong")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// digits is how long a checksum is, as text.
const digits = 2 * crc32.Size

// line is the record as it stands in a segment.
func (r Record) line() ([]byte, error) {
	body, err := json.Marshal(r) // compacts Data, so that no line feed is in it
	if err != nil {
		return nil, fmt.Errorf("writing a record of the spool: %w", err)
	}
	line := make([]byte, 0, digits+len(body)+2)
	line = append(line, checksum(body)...)
	line = append(line, ' ')
	line = append(line, body...)
	return append(line, '\n'), nil
}

// parse reads a line, without its line feed.
func parse(line []byte) (r Record, err error) {
	if len(line) <= digits || line[digits] != ' ' {
		return r, errDamaged
	}
	body := line[digits+1:]
	if checksum(body) != string(line[:digits]) {
		return r, errDamaged
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return r, errDamaged
	}
	return r, nil
}

func checksum(body []byte) string {
	sum := crc32.Checksum(body, castagnoli)
	return hex.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}
