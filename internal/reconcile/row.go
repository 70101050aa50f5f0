package reconcile

import (
	"encoding/binary"
	"errors"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
)

// row is a subscriber as the run keeps one: what decisions need of it.
type row struct {
	email, name, state, date string
	values                   []string // as Layout.Facts orders them
}

func (r row) active() bool { return r.state == member.StateActive }

// sighting is the row as package member takes it.
func (r row) sighting(at string) member.Sighting {
	return member.Sighting{At: at, Found: true, Email: r.email, Name: r.name, State: r.state, Date: r.date, Values: r.values}
}

// columns maps the keys of a list's custom fields to their places in a row.
type columns map[string]int

func columnsOf(l member.Layout) columns {
	c := columns{}
	for i, fact := range l.Facts() {
		c[campaignmonitor.NormalizeKey(l.Columns[fact].Key)] = i
	}
	return c
}

func (c columns) row(s campaignmonitor.Subscriber) row {
	r := row{email: s.Email, name: s.Name, state: s.State, date: s.Date, values: make([]string, len(c))}
	for _, f := range s.Fields {
		if i, ours := c[f.Key]; ours {
			r.values[i] = f.Value
		}
	}
	return r
}

// encode appends the row: its length, then each text with its own.
func (r row) encode(to []byte) []byte {
	size := 0
	for _, s := range r.texts() {
		size += uvarintLen(len(*s)) + len(*s)
	}
	for _, v := range r.values {
		size += uvarintLen(len(v)) + len(v)
	}
	to = binary.AppendUvarint(to, uint64(size))
	for _, s := range r.texts() {
		to = appendText(to, *s)
	}
	for _, v := range r.values {
		to = appendText(to, v)
	}
	return to
}

func (r *row) texts() [4]*string { return [...]*string{&r.email, &r.name, &r.state, &r.date} }

func appendText(to []byte, s string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}

func uvarintLen(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

var errBadRow = errors.New("the listing's file is damaged")

// decodeRow reads a row without its length, which has about so many values. All
// texts share one string.
func decodeRow(raw []byte, values int) (r row, err error) {
	all := string(raw)
	for _, s := range r.texts() {
		if *s, all, err = cutText(all); err != nil {
			return r, err
		}
	}
	if len(all) > 0 {
		r.values = make([]string, 0, values)
	}
	for len(all) > 0 {
		var value string
		if value, all, err = cutText(all); err != nil {
			return r, err
		}
		r.values = append(r.values, value)
	}
	return r, nil
}

// cutText cuts off what appendText appended.
func cutText(all string) (text, rest string, err error) {
	n, used := uint64(0), 1
	if all != "" && all[0] < 0x80 {
		n = uint64(all[0])
	} else {
		n, used = binary.Uvarint([]byte(all[:min(len(all), binary.MaxVarintLen64)]))
	}
	if used <= 0 || uint64(len(all)-used) < n {
		return "", "", errBadRow
	}
	end := used + int(n)
	return all[used:end], all[end:], nil
}
