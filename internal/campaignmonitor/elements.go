package campaignmonitor

import (
	"bytes"
	"encoding/json"
)

// maxElements bounds every list of an answer: a page and an import have as many
// at most, and no list has as many fields or webhooks.
const maxElements = 1000

// elements is a list of an answer. Two bytes of JSON can become a hundred of
// memory, so one that is too long is given up rather than read to its end.
type elements[T any] []T

// UnmarshalJSON reads a list or null.
func (l *elements[T]) UnmarshalJSON(b []byte) error {
	// So few commas cannot part too many elements: no need to read it twice.
	if bytes.Count(b, []byte{','}) < maxElements {
		return json.Unmarshal(b, (*[]T)(l))
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if first, err := dec.Token(); err != nil || first != json.Delim('[') {
		return errNoList
	}
	for *l = make([]T, 0, maxElements); dec.More(); {
		if len(*l) == maxElements {
			return errTooLarge
		}
		var e T
		if err := dec.Decode(&e); err != nil {
			return err
		}
		*l = append(*l, e)
	}
	return nil
}
