package member

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
)

// Records are how memories and addresses are kept: many of them are, so they are
// small. Each is a version, a set of which fields follow, and those fields in the
// order of their bits. Bits, words and the places of digests never change their
// meaning; what is new goes behind them.
const recordVersion = 1

// ErrRecord says that a record is no record of ours, or a newer version's.
var ErrRecord = errors.New("a record that this version of ghostcm does not read")

// Status and states are one of a few words; any other is written out. The place
// of a word is kept: new ones go to the end, up to a number of wordsAtMost.
func recordWords() []string {
	return []string{"free", "paid", "comped", "gift",
		StateActive, StateUnconfirmed, StateUnsubscribed, StateDeleted, "Bounced", "Suppressed"}
}

const wordsAtMost = 32

// idBytes is how long Ghost's ids are: 24 hexadecimal digits.
const idBytes = 12

// recordWriter collects fields; has is the set of those that it was given.
type recordWriter struct {
	has  uint64
	body []byte
}

func (w *recordWriter) record() []byte {
	head := binary.AppendUvarint(append(make([]byte, 0, len(w.body)+4), recordVersion), w.has)
	return append(head, w.body...)
}

func (w *recordWriter) flag(bit int, set bool) bool {
	if set {
		w.has |= 1 << bit
	}
	return set
}

func (w *recordWriter) number(bit int, n int64) {
	if w.flag(bit, n != 0) {
		w.body = binary.AppendVarint(w.body, n)
	}
}

func (w *recordWriter) text(bit int, s string) {
	if w.flag(bit, s != "") {
		w.raw(s)
	}
}

func (w *recordWriter) raw(s string) {
	w.body = append(binary.AppendUvarint(w.body, uint64(len(s))), s...)
}

func (w *recordWriter) texts(bit int, all []string) {
	if w.flag(bit, len(all) > 0) {
		w.body = binary.AppendUvarint(w.body, uint64(len(all)))
		for _, s := range all {
			w.raw(s)
		}
	}
}

func (w *recordWriter) word(bit int, s string) {
	if !w.flag(bit, s != "") {
		return
	}
	for place, word := range recordWords() {
		if word == s {
			w.body = append(w.body, byte(place))
			return
		}
	}
	w.body = append(binary.AppendUvarint(w.body, uint64(wordsAtMost+len(s))), s...)
}

// id writes a member's id; one that is not as Ghost's are is written out.
func (w *recordWriter) id(bit int, s string) {
	if !w.flag(bit, s != "") {
		return
	}
	if raw, err := hex.DecodeString(s); err == nil && len(raw) == idBytes && hex.EncodeToString(raw) == s {
		w.body = append(append(w.body, 0), raw...)
		return
	}
	w.raw(s)
}

// print writes a layout's fingerprint; one that is no digest is written out.
func (w *recordWriter) print(bit int, s string) {
	if !w.flag(bit, s != "") {
		return
	}
	if d, is := textDigest(s); is {
		w.body = append(append(w.body, 0), d[:]...)
		return
	}
	w.raw(s)
}

// recordReader gives back what a recordWriter collected. After a fault it gives
// nothing more.
type recordReader struct {
	has   uint64
	body  []byte
	fault bool
}

// readRecord begins a record with so many bits.
func readRecord(raw []byte, bits int) (*recordReader, error) {
	if len(raw) == 0 || raw[0] != recordVersion {
		return nil, ErrRecord
	}
	r := &recordReader{body: raw[1:]}
	r.has = r.uvarint()
	if r.fault || r.has>>bits != 0 {
		return nil, ErrRecord
	}
	return r, nil
}

func (r *recordReader) end() error {
	if r.fault || len(r.body) > 0 {
		return ErrRecord
	}
	return nil
}

func (r *recordReader) flag(bit int) bool { return r.has&(1<<bit) != 0 }

func (r *recordReader) uvarint() uint64 {
	n, size := binary.Uvarint(r.body)
	r.take(uint64(max(size, 0)))
	r.fault = r.fault || size <= 0
	return n
}

// take is the next n bytes.
func (r *recordReader) take(n uint64) []byte {
	if r.fault || n > uint64(len(r.body)) {
		r.fault = true
		return nil
	}
	part := r.body[:n]
	r.body = r.body[n:]
	return part
}

func (r *recordReader) number(bit int) int64 {
	if !r.flag(bit) {
		return 0
	}
	return r.varint()
}

func (r *recordReader) varint() int64 {
	n, size := binary.Varint(r.body)
	r.take(uint64(max(size, 0)))
	r.fault = r.fault || size <= 0
	return n
}

func (r *recordReader) text(bit int) string {
	if !r.flag(bit) {
		return ""
	}
	return r.raw()
}

func (r *recordReader) raw() string { return string(r.take(r.uvarint())) }

func (r *recordReader) texts(bit int) (all []string) {
	if !r.flag(bit) {
		return nil
	}
	for n := r.uvarint(); n > 0 && !r.fault; n-- {
		all = append(all, r.raw())
	}
	return all
}

func (r *recordReader) word(bit int) string {
	if !r.flag(bit) {
		return ""
	}
	place, words := r.uvarint(), recordWords()
	switch {
	case place >= wordsAtMost:
		return string(r.take(place - wordsAtMost))
	case place >= uint64(len(words)):
		r.fault = true
		return ""
	}
	return words[place]
}

func (r *recordReader) id(bit int) string {
	if !r.flag(bit) {
		return ""
	}
	if n := r.uvarint(); n > 0 {
		return string(r.take(n))
	}
	return hex.EncodeToString(r.take(idBytes))
}

func (r *recordReader) print(bit int) string {
	if !r.flag(bit) {
		return ""
	}
	if n := r.uvarint(); n > 0 {
		return string(r.take(n))
	}
	d := Digest{}
	copy(d[:], r.take(uint64(len(d))))
	return d.text()
}
